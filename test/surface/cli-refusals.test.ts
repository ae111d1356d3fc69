// What the command line refuses before it loads a model, and what its tools find wrong, by the words. As a process: test/long/cli.test.ts.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { benchSpeculation, readPrompts } from '../../src/cli/bench-speculation.js'
import { program } from '../../src/cli/commands/all.js'
import { messageOf } from '../../src/cli/wording.js'
import type { Engine } from '../../src/engine/engine.js'
import { UserError } from '../../src/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-cli-refusals-'))
afterAll(() => rmSync(folder, { recursive: true }))
const absent = join(folder, 'absent')
const noKeys = join(folder, 'keys')
const noText = join(folder, 'utf-16')
writeFileSync(noText, Buffer.from('\uFEFFa text', 'utf16le'))
writeFileSync(noKeys, '# none yet\n\n')

/** What a person reads when a command ends. */
async function refusal(...args: string[]): Promise<string> {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    await program().parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof UserError) return messageOf(error)
    if (error instanceof CommanderError) return stderr.mock.calls.map(([text]) => text).join('')
    throw error
  } finally {
    stderr.mockRestore()
  }
  throw new Error('it was not refused')
}

describe('a command is refused', () => {
  it.each<[string[], string]>([
    [
      ['run', 'mini'],
      'expected a prompt, found none: kaiyuan run [MODEL] "your question" (kaiyuan chat opens a conversation)',
    ],
    [['run', 'mini', '  '], 'expected a prompt, found none: '],
    [['run', 'mini', '--ids', '1,x,3'], '--ids: expected token ids such as 1,2,3; found "x"'],
    [['run', 'mini', '--ids', '1,,3'], '--ids: expected token ids such as 1,2,3; found ""'],
    [['run', 'mini', '--ids', '-1'], '--ids: expected token ids such as 1,2,3; found "-1"'],
    [['run', 'mini', 'hi', '--temperature', 'warm'], 'kaiyuan: --temperature: expected a number; found "warm"'],
    [['run', 'mini', 'hi', '--temperature', ' '], 'kaiyuan: --temperature: expected a number; found " "'],
    [['run', 'mini', 'hi', '--seed', '1.5'], 'kaiyuan: --seed: expected a whole number; found "1.5"'],
    [['run', 'mini', 'hi', '--top-k', '-2'], 'kaiyuan: --top-k: expected a whole number; found "-2"'],
    [
      ['serve', 'mini', '--max-body', 'large'],
      '--max-body: expected a number of bytes such as 500MB or 2GiB; found "large"',
    ],
    [['logits', 'mini', '--out', absent], 'expected either --ids 1,2,3 or --prompt TEXT'],
    [
      ['logits', 'mini', '--ids', '1', '--prompt', 'x', '--out', absent],
      'expected either --ids 1,2,3 or --prompt TEXT',
    ],
    [
      ['logits', 'mini', '--ids', '1', '--out', join(absent, 'x')],
      `${join(absent, 'x')}: cannot be written: there is no such file or folder`,
    ],
    [['perplexity', 'mini', '--file', absent], `${absent}: cannot be read: there is no such file or folder`],
    [['perplexity', 'mini', '--file', noText], `${noText}: expected text in UTF-8`],
    [
      ['serve', 'mini', '--api-key-file', absent],
      `${absent}: a file of API keys was expected, but there is no such file`,
    ],
    [['serve', 'mini', '--api-key-file', folder], `${folder}: a file of API keys was expected, but it is a folder`],
    [['serve', 'mini', '--api-key-file', noKeys], `${noKeys}: expected one API key on each line, found none`],
    [['inspect', 'mini', '--bandwidth', '-5'], '--bandwidth: expected GB/s from 0, found -5'],
    [['inspect', 'mini', '--context', '0'], '--context: expected at least 1, found 0'],
    [['serve', 'mini', '--api-key', ''], '--api-key: expected a key, found nothing'],
    [['serve', 'mini', '--max-concurrency', '0'], '--max-concurrency: expected at least 1, found 0'],
    [['serve', 'mini', '--max-body', '0'], '--max-body: expected at least 1, found 0'],
    [['serve', 'mini', '--max-queue', '-1'], 'kaiyuan: --max-queue: expected a whole number; found "-1"'],
    [['serve', './a/m', 'b/m.gguf'], 'two models are called m; name them: NAME=PATH'],
    [['run', 'mini', 'hi', '--quantize', 'q3'], 'kaiyuan: --quantize: expected one of q8, q6, q5, q4; found "q3"'],
    [['run', 'mini', 'hi', '--system'], 'kaiyuan: --system: expected <text>, found nothing'],
    [['run', 'mini', '-f'], 'kaiyuan: --file: expected <file>, found nothing'],
    [['logits', 'mini', '--ids', '1'], 'kaiyuan: expected --out <file>, found none'],
    [['tokenize', 'mini'], 'kaiyuan: expected <text>, found none'],
    [['list', 'mini'], 'kaiyuan: list: expected 0 arguments, found 1'],
    [['run', 'mini', '-5 plus 3'], "needs -- before it: kaiyuan run -- '-5 plus 3'"],
    [['run', 'mini', 'hi', '--tempratur', '1'], '(kaiyuan run --help shows what there is)'],
    [['eval', 'run', 'mini'], '(kaiyuan eval run --help shows what there is)'],
    [['completion'], '(kaiyuan completion --help shows what there is)'],
    [
      ['run', 'mini', 'hi', '--prompt-cache', join(absent, 'x')],
      `${join(absent, 'x')}: cannot be written: there is no such file or folder`,
    ],
    [['run', 'smolm2', 'hi'], 'ORG/NAME. For a prompt, name a model first: kaiyuan run mini "smolm2"'],
    [['run', `${absent}.gguf`], `${absent}.gguf: no such file or folder`],
    [['serve', absent], `${absent}: no such file or folder`],
    [['run', 'mini', 'hi', '--ids', '1,2'], 'expected either --ids or a prompt, found both'],
    [['run', 'mini', 'hi', '--raw', '--system', 'x'], '--system belongs to the chat template, which --raw leaves out'],
    [['run', 'model.onnx', 'hi'], 'model.onnx: no such file or folder'],
    [['bench', 'mini', '-n', '1'], 'expected -p of at least 1, -n of at least 2, --rounds and --streams of at least 1'],
    [
      ['bench', 'mini', '-p', '30', '-n', '40', '--depth', '2', '--context', '64', '--threads', '1'],
      'at most 64 tokens together, which is the context; found 2 + 30 + 40 = 72; lower one of them',
    ],
    [
      ['bench', 'mini', '--synthetic', 'qwen3-0.6b:q4_0:1'],
      'expected a model or --synthetic, found both: mini and qwen3-0.6b:q4_0:1; leave one out',
    ],
    [['bench', 'mini', '--prompts', absent], '--prompts: expected --speculate with it'],
    [['pull', 'smollm2', '--lanes', '0'], 'kaiyuan: --lanes: expected a whole number from 1 to 16; found "0"'],
    [['pull', 'smollm2', '--lanes', '17'], 'kaiyuan: --lanes: expected a whole number from 1 to 16; found "17"'],
    // The model is not there either: values are looked at first.
    [['chat', absent, '--temperature', '-1'], '--temperature must be a number of at least 0; found -1'],
    [['chat', absent, '--top-p', '5'], '--top-p must be a number above 0 and at most 1; found 5'],
    [['chat', absent, '--max-tokens', '0'], '--max-tokens must be a whole number of at least 1; found 0'],
    [['chat', absent, '--stop', ''], 'a stop string must have at least one character; found an empty one'],
    [
      ['inspect', 'mini', '--synthetic', 'qwen3-8b:q4_0'],
      'expected a model or --synthetic, found both: mini and qwen3-8b:q4_0; leave one out',
    ],
  ])('%j', async (args, message) => {
    expect(await refusal(...args)).toContain(message)
  })
})

it('a name that is no prompt gets no advice on prompts', async () => {
  for (const command of ['rm', 'serve', 'chat']) expect(await refusal(command, 'smolm2')).not.toContain('prompt')
})

describe('a model without a chat template', () => {
  const model = join(folder, 'plain')
  const config = join(model, 'tokenizer_config.json')
  beforeAll(() => {
    const mini = fileURLToPath(new URL('../../models/mini', import.meta.url))
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
      cpSync(join(mini, name), join(model, name))
    const own = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>
    writeFileSync(config, JSON.stringify({ ...own, chat_template: undefined }))
  })

  it.each([
    ['--system', 'Be brief.'],
    ['--think', 'off'],
    ['--tools', '{"name": "now"}'],
  ])('refuses %s', async (flag, value) => {
    const message = await refusal('run', model, 'hi', flag, value, '--max-tokens', '1', '--threads', '1')
    expect(message).toMatch(new RegExp(`^${flag} belongs to the chat template, which .* does not have; leave it out$`))
  })
})

describe('the comparison of speculation', () => {
  it('says so when an answer differs', async () => {
    const answer = (ids: number[]) => ({ result: Promise.resolve({ ids, timings: { decodeMs: 1 }, speculation: {} }) })
    const engine = (differs: boolean): Engine =>
      ({
        generate: (_: unknown, { speculate }: { speculate: string }) =>
          answer(differs && speculate === 'off' ? [1, 2] : [1, 3]),
      }) as unknown as Engine
    const bench = (differs: boolean) =>
      benchSpeculation(engine(differs), 'ngram', [[5]], 2, new AbortController().signal)
    await expect(bench(true)).rejects.toThrow('internal error: speculation changed an answer')
    expect((await bench(false)).tokens).toBe(1)
  })

  it('needs a file of prompts', async () => {
    await expect(readPrompts(absent)).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringMatching(/absent: cannot be read: there is no such file or folder/) as string,
    })
    await expect(readPrompts(noText)).rejects.toThrow(`${noText}: expected text in UTF-8`)
    const empty = join(folder, 'empty')
    writeFileSync(empty, '\n \n')
    await expect(readPrompts(empty)).rejects.toMatchObject({
      code: 'invalid_file',
      message: `${empty}: expected a prompt on each line, found none`,
    })
  })
})
