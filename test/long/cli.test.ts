import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BACKEND_NAMES } from '../../src/backends/registry.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const GOLDEN = fileURLToPath(new URL('../fixtures/golden/qwen3', import.meta.url))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the built command line, as a user does; nothing on stdin. */
function kaiyuan(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err })
    })
    child.stdin?.end()
  })
}

function lastLine(text: string): Record<string, unknown> {
  const lines = text.trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

let folder = ''
beforeAll(async () => {
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: npm test builds it; run npm run build first')
  folder = await mkdtemp(join(tmpdir(), 'kaiyuan-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('answers', () => {
  const question = "How many r's are in strawberry?"

  it('run --json prints one object on one line, the same for any number of threads', async () => {
    const [one, three] = await Promise.all(
      ['1', '3'].map((threads) => kaiyuan('run', 'mini', question, '--json', '--threads', threads)),
    )
    const { text, ids, toolCalls, finishReason, timings } = lastLine(one!.out)
    expect(toolCalls).toEqual([])
    expect(text).toContain('3')
    expect(finishReason).toBe('stop')
    expect((ids as number[]).every(Number.isInteger)).toBe(true)
    expect((timings as Record<string, number>)['decodeTokensPerSecond']).toBeGreaterThan(0)
    expect(lastLine(three!.out)['ids']).toEqual(ids)
  })

  it('run without a terminal prints the answer alone', async () => {
    const { code, out } = await kaiyuan('run', 'mini', question)
    expect(code).toBe(0)
    expect(out).toContain('strawberry')
  })

  it('says that an answer was cut, after the answer and on stderr', async () => {
    const cut = await kaiyuan('run', 'mini', 'reverse the word stone', '--max-tokens', '5')
    expect(cut.err).toMatch(/^\(cut( within its thoughts)? at 5 tokens: --max-tokens allows more\)$/m)
    const whole = await kaiyuan('run', 'mini', 'reverse the word stone')
    expect(whole.err).toBe('')
  })

  it('run --ids continues with token ids, without a template', async () => {
    const { out } = await kaiyuan('run', 'mini', '--ids', '104,101,108', '--max-tokens', '5', '--ignore-eos', '--json')
    const { ids, promptTokens, finishReason } = lastLine(out)
    expect(ids).toHaveLength(5)
    expect(promptTokens).toBe(3)
    expect(finishReason).toBe('length')
  })

  it('a seed makes sampling repeatable, and another one changes it', async () => {
    const sample = async (seed: string): Promise<unknown> => {
      const flags = ['--temperature', '1.5', '--max-tokens', '24', '--ignore-eos', '--json', '--raw']
      return lastLine((await kaiyuan('run', 'mini', 'abc', ...flags, '--seed', seed)).out)['ids']
    }
    const [first, again, other] = await Promise.all([sample('7'), sample('7'), sample('8')])
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('start without a terminal answers three questions and ends', async () => {
    const { code, out } = await kaiyuan('start')
    expect(code).toBe(0)
    expect(out.match(/^> /gm)).toHaveLength(3)
  })

  it.skipIf(!existsSync('/dev/full'))('a full disk is no success', () => {
    const command = 'exec "$0" "$1" tokenize mini hello > /dev/full'
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, MAIN], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, 'kaiyuan: standard output: cannot be written: the disk is full\n'])
  })

  it('standard input that is no text is refused, as a file is', () => {
    const input = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff])
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run', 'mini', 'what is this?', '-'], { input })
    expect([status, String(stderr)]).toEqual([2, 'kaiyuan: standard input: expected text in UTF-8\n'])
  })

  it('chat reads a pipe as one message per line', async () => {
    const child = spawn(process.execPath, [MAIN, 'chat', 'mini'])
    let out = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stdin.end(`${question}\n/stats\n/exit\n`)
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    expect(out).toContain('strawberry')
  })

  it('chat says what is wrong with a command, and continues', async () => {
    const child = spawn(process.execPath, [MAIN, 'chat', 'mini'])
    let out = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    const absent = join(folder, 'absent', 'chat.json')
    const notSaved = join(folder, 'other.json')
    await writeFile(notSaved, '{"messages": []}')
    const commands = ['/stats', '/save', `/save ${absent}`, `/load ${absent}`, `/load ${notSaved}`, '/fly', '/help']
    child.stdin.end(`${commands.join('\n')}\n/exit\n`)
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    for (const message of [
      'no answer yet',
      '/save FILE: expected a file name',
      `${absent}: cannot be written: there is no such file or folder`,
      `${absent}: cannot be read: there is no such file or folder`,
      `${notSaved}: expected a conversation written by /save`,
      '/fly: no such command; did you mean /file? /? shows them',
      '/new ',
    ])
      expect(out).toContain(message)
  })

  it('chat needs a template', async () => {
    const { code, err } = await kaiyuan('chat', GOLDEN)
    expect(code).toBe(2)
    expect(err).toContain('has no chat template; use kaiyuan run MODEL PROMPT --raw')
  })
})

describe('tools', () => {
  it('logits writes little-endian f32 [T, V] and prints the argmax', async () => {
    const file = join(folder, 'logits.f32')
    const { code, out } = await kaiyuan('logits', GOLDEN, '--ids', '1,2,3', '--precision', 'exact', '--out', file)
    expect(code).toBe(0)
    const { tokens, vocab, argmax } = lastLine(out) as { tokens: number; vocab: number; argmax: number[] }
    const bytes = await readFile(file)
    expect(bytes.length).toBe(tokens * vocab * 4)
    const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
    for (let t = 0; t < tokens; t++) {
      const row = logits.subarray(t * vocab, (t + 1) * vocab)
      expect(row.indexOf(Math.max(...row))).toBe(argmax[t])
    }
  })

  it('logits agrees between the backends', async () => {
    const outputs = await Promise.all(
      BACKEND_NAMES.map((backend) =>
        kaiyuan(
          'logits',
          GOLDEN,
          '--ids',
          '5,6,7,8',
          '--precision',
          'exact',
          '--backend',
          backend,
          '--out',
          join(folder, backend),
        ),
      ),
    )
    expect(lastLine(outputs[0]!.out)['argmax']).toEqual(lastLine(outputs[1]!.out)['argmax'])
    const [cpu, reference] = await Promise.all(
      BACKEND_NAMES.map(async (name) => new Float32Array((await readFile(join(folder, name))).buffer.slice(0))),
    )
    expect(Math.max(...cpu!.map((v, i) => Math.abs(v - reference![i]!)))).toBeLessThan(1e-3)
  })

  it('tokenize, inspect, perplexity and bench print JSON', async () => {
    const text = join(folder, 'text.txt')
    await writeFile(text, 'reverse the word kaiyuan')
    const [tokenize, inspect, perplexity, bench] = await Promise.all([
      kaiyuan('tokenize', 'mini', 'hello', '--json'),
      kaiyuan('inspect', 'mini', '--json'),
      kaiyuan('perplexity', 'mini', '--file', text, '--json'),
      kaiyuan('bench', 'mini', '-p', '16', '-n', '8', '--rounds', '1', '--json'),
    ])
    expect(lastLine(tokenize.out)['ids']).toEqual([104, 101, 108, 108, 111])
    expect(lastLine(inspect.out)).toMatchObject({ architecture: 'deepseek_v3', vocabSize: 288, layers: 7 })
    expect(lastLine(perplexity.out)['perplexity']).toBeGreaterThan(1)
    expect(lastLine(bench.out)['decodeTokensPerSecond']).toBeGreaterThan(0)
  })

  it('bench --profile is of the streams and the depth that were measured', async () => {
    const sizes = ['-p', '16', '-n', '4', '--rounds', '1', '--depth', '100', '--streams', '2']
    const { out } = await kaiyuan('bench', 'mini', ...sizes, '--profile')
    expect(out).toMatch(/^prefill, 16 tokens after 100 in each of 2 streams$/m)
    expect(out.split(/^decode, one token in each of 2 streams$/m)[1]).toMatch(/^ {2}attention +\d/m)
  })

  it('bench compares guessing with plain decoding, and mtp is refused where a model has none', async () => {
    const prompts = join(folder, 'prompts.jsonl')
    await writeFile(prompts, '{"prompt": "reverse the word stone"}\nsort 3, 1, 2\n')
    const flags = ['-p', '16', '-n', '40', '--rounds', '1', '--threads', '1', '--prompts', prompts, '--json']
    const [bench, refused] = await Promise.all([
      kaiyuan('bench', 'mini', '--speculate', 'mtp', ...flags),
      kaiyuan('run', GOLDEN, '--ids', '1,2', '--speculate', 'mtp'),
    ])
    const speculation = lastLine(bench.out)['speculation'] as Record<string, number>
    expect(speculation).toMatchObject({ how: 'mtp', prompts: 2 })
    expect(speculation['acceptance']).toBeGreaterThan(0.5)
    expect(speculation['ratio']).toBeGreaterThan(0)
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/speculate mtp/)
  })

  it('inspect plans a config.json without weights, with a given or a measured bandwidth', async () => {
    const config = join(GOLDEN, 'config.json')
    const [given, measured, people] = await Promise.all([
      kaiyuan('inspect', config, '--bandwidth', '100', '--quantize', 'q4', '--json'),
      kaiyuan('inspect', 'mini', '--json'),
      kaiyuan('inspect', config, '--bandwidth', '0'),
    ])
    const plan = lastLine(given.out)
    expect(plan).toMatchObject({ architecture: 'qwen3', quantize: 'q4', bandwidth: 100e9, bandwidthIs: 'given' })
    expect(plan['decodeTokensPerSecond']).toBeCloseTo(100e9 / Number(plan['activeWeightBytes']))
    expect(lastLine(measured.out)).toMatchObject({ bandwidthIs: 'measured', weights: 'complete' })
    expect(Number(lastLine(measured.out)['bandwidth'])).toBeGreaterThan(1e8)
    expect(people.out).toMatch(/^weights +none here: planned from the config$/m)
    expect(people.out).not.toContain('tok/s')
  })

  it('inspect plans a shape, and says what of it is not published', async () => {
    const [json, people] = await Promise.all([
      kaiyuan('inspect', '--synthetic', 'llama4-behemoth:q4_k', '--bandwidth', '0', '--json'),
      kaiyuan('inspect', '--synthetic', 'llama4-behemoth:fp8:4', '--bandwidth', '0'),
    ])
    expect(lastLine(json.out)).toMatchObject({
      architecture: 'llama4',
      layers: 94,
      weights: 'none: planned from a shape',
    })
    expect(people.out).toMatch(/^shape +the weights and the config were never published; published: /m)
  })

  it('inspect --program prints the ops of a config alone', async () => {
    const config = join(GOLDEN, 'config.json')
    const [people, every, json] = await Promise.all([
      kaiyuan('inspect', config, '--bandwidth', '0', '--program'),
      kaiyuan('inspect', config, '--bandwidth', '0', '--program', '--all'),
      kaiyuan('inspect', config, '--bandwidth', '0', '--program', '--json'),
    ])
    expect(people.out).toMatch(
      /^ {2}linear +\[T, \d+\] -> \[T, \d+\] {2}model\.layers\.0\.self_attn\.q_proj\.weight \[\d+, \d+\]$/m,
    )
    expect(people.out).toMatch(/^layers? 1.*: as layer 0$/m)
    expect(every.out).toMatch(/^layer 1$/m)
    expect(lastLine(json.out)['program']).toContainEqual(expect.objectContaining({ part: 'head', op: 'selectRows' }))
  })

  it('--help of every command shows an example', async () => {
    const commands = ['run', 'chat', 'logits', 'tokenize', 'inspect', 'perplexity', 'bench']
    for (const { code, out } of await Promise.all(commands.map((command) => kaiyuan(command, '--help')))) {
      expect(code).toBe(0)
      expect(out).toContain('Examples:\n')
    }
  })
})

describe('bad input ends with code 2 and one sentence', () => {
  const cases: [string, string[], RegExp][] = [
    ['no such model', ['run', '/no/such/model', 'hi'], /no\/such\/model: no such file or folder/],
    ['no prompt', ['run', 'mini'], /expected a prompt/],
    ['an id outside of the vocabulary', ['run', 'mini', '--ids', '1,288'], /token id 288 at position 1/],
    ['ids that are no numbers', ['run', 'mini', '--ids', '1,x'], /x/],
    ['a temperature that is no number', ['run', 'mini', 'hi', '--temperature', 'warm'], /expected a number/],
    ['top-p beyond 1', ['run', 'mini', 'hi', '--top-p', '3'], /--top-p must/],
    ['an unknown command', ['fly'], /unknown command/],
    ['an unknown option', ['run', 'mini', 'hi', '--fast'], /unknown option/],
    ['an unknown shape', ['bench', '--synthetic', 'llama-9000:q4_0'], /llama-9000/],
    ['a prompt beyond the context', ['run', 'mini', 'word '.repeat(1000)], /the context holds 2048/],
    ['a plan of what is no config', ['inspect', 'package.json'], /found no model_type/],
    ['a plan of a model and a shape', ['inspect', 'mini', '--synthetic', 'qwen3-8b:q4_0'], /leave one out/],
    ['a plan of q4 in exact', ['inspect', 'mini', '--precision', 'exact', '--quantize', 'q4'], /quantize/],
    [
      'a rounded cache in exact',
      ['run', 'mini', 'hi', '--precision', 'exact', '--kv-cache', 'q8'],
      /--kv-cache q8 rounds/,
    ],
    ['a rounded cache of latent attention', ['run', 'mini', 'hi', '--kv-cache', 'q8'], /--kv-cache q8 needs layers/],
    ['quantize in exact', ['run', 'mini', 'hi', '--precision', 'exact', '--quantize', 'q4'], /quantize/],
    ['a file that is not there', ['perplexity', 'mini', '--file', '/no/such/file'], /no\/such\/file/],
  ]
  it.each(cases)('%s', async (_, args, message) => {
    const { code, out, err } = await kaiyuan(...args)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(message)
    expect(err).not.toMatch(/^\s+at /m)
  })

  it('logits leaves no file behind when it fails', async () => {
    const file = join(folder, 'never.f32')
    const { code } = await kaiyuan('logits', 'mini', '--ids', '1,999', '--out', file)
    expect(code).toBe(2)
    expect(existsSync(file)).toBe(false)
  })
})

describe('interruptions', () => {
  const endless = ['run', 'mini', 'abc', '--raw', '--ignore-eos', '--max-tokens', '1900', '--temperature', '1']

  it('Ctrl-C ends a run soon and without a stack', async () => {
    const child = spawn(process.execPath, [MAIN, ...endless])
    let err = ''
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).not.toBe(0)
    expect(err).not.toMatch(/^\s+at /m)
  })

  it('a reader that goes away ends a run without an error', async () => {
    const child = spawn(process.execPath, [MAIN, ...endless])
    let err = ''
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).toBe(0)
    expect(err).toBe('')
  })
})
