// The same model by a real `kaiyuan serve` and in this process: the same evaluation, and as little between them as a form of it allows.
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEngine, type Engine } from '../../src/engine/engine.js'
import { evaluate } from '../../src/eval/evaluate.js'
import { servedFidelity } from '../../src/eval/fidelity/served.js'
import { serverSubject } from '../../src/eval/subject/server.js'
import type { Item, Task } from '../../src/eval/task/task.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const WORDS = ['stone', 'river', 'naïve', 'lamp 🙂', '渡船', 'a b  c', 'Zürich', 'x² + y']

const own = { version: '1', license: 'none', files: [], shots: 0 }
const generation: Task = {
  ...own,
  name: 'own_words',
  title: 'a word, reversed',
  class: 'generation',
  metrics: ['exact'],
  writing: { stop: ['\n\n'], maxTokens: 12 },
  read: () => ({
    items: WORDS.map((word) => itemOf(`Reverse the word ${word}.`, Array.from(word).reverse().join(''))),
  }),
  score: (item, { text }) => ({
    scores: { exact: text.trim() === item.answer ? 1 : 0 },
    extracted: [text],
    isInvalid: false,
  }),
}
const likelihood: Task = {
  ...own,
  name: 'own_choices',
  title: 'which word was it',
  class: 'likelihood',
  metrics: ['acc_norm', 'acc'],
  read: () => ({
    items: WORDS.map((word, i) => ({
      ...itemOf(`The word 🙂 ${word} is`, word),
      choices: WORDS.slice(0, 4),
      gold: i % 4,
    })),
  }),
}

function itemOf(text: string, answer: string): Item {
  return { doc: { text }, text, answer }
}

describe('a model that is served', () => {
  let child: ChildProcess
  let url = ''
  let engine: Engine
  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: npm test builds it; run npm run build first')
    const flags = ['--port', '0', '--threads', '1', '--precision', 'exact']
    child = spawn(process.execPath, [MAIN, 'serve', 'mini', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    for await (const data of child.stdout! as AsyncIterable<Buffer>) {
      out += data.toString()
      url = /http:\/\/[\d.]+:\d+/.exec(out)?.[0] ?? ''
      if (url !== '') break
    }
    engine = await loadEngine('mini', { precision: 'exact', threads: 1 })
    while (!(await fetch(`${url}/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 50))
  })
  afterAll(async () => {
    child.kill('SIGKILL')
    await engine.close()
  })

  it('writes the same answers to the same prompts', async () => {
    for (const chat of [false, true]) {
      const [served, here] = [
        await evaluate({ url }, generation, { chat }),
        await evaluate(engine, generation, { chat }),
      ]
      expect(served.records).toEqual(here.records)
      expect(served.result.metrics).toEqual(here.result.metrics)
    }
  })

  it('finds the same answers likely', async () => {
    const [served, here] = [await evaluate({ url }, likelihood), await evaluate(engine, likelihood)]
    expect(served.records).toHaveLength(WORDS.length)
    for (const [i, { likelihoods, scores }] of served.records.entries()) {
      const own = here.records[i]!
      expect(scores).toEqual(own.scores)
      expect(likelihoods!.map(([, isGreedy]) => isGreedy)).toEqual(own.likelihoods!.map(([, isGreedy]) => isGreedy))
      for (const [j, [logprob]] of likelihoods!.entries()) expect(logprob).toBeCloseTo(own.likelihoods![j]![0], 5)
    }
    expect(served.result.metrics).toEqual(here.result.metrics)
  })

  it('is itself: no divergence, and every greedy token', async () => {
    const ids = engine.encode(
      'reverse the word stone, and then count the letters of it 🙂. 渡船清晨六点离港。'.repeat(3),
    )
    const found = await servedFidelity(engine, { url }, ids, { window: 48 })
    expect(found).toMatchObject({ places: 'text', missing: [], tokens: ids.length - Math.ceil(ids.length / 48) })
    expect(found.divergence).toBeLessThan(1e-5)
    expect(found.perplexity).toBeCloseTo(found.referencePerplexity!, 3)
    expect(found.listed).toBeGreaterThan(0.5)
    expect(found.listed).toBeLessThanOrEqual(1)
    expect(found.greedyAgreement).toBe(1)
    expect(found.topAgreement).toBe(1)
  })
})

/** A server that answers by a function; undefined is a refusal. */
async function answering(
  answer: (path: string, body: Record<string, unknown>) => unknown,
): Promise<Server & { url: string }> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (data: Buffer) => (text += data.toString()))
    request.on('end', () => {
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
      const found = request.url === '/v1/models' ? { data: [{ id: 'm' }] } : answer(request.url!, body)
      response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? { error: 'not here' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

describe('a server that gives less', () => {
  let engine: Engine
  let ids: number[]
  beforeAll(async () => {
    engine = await loadEngine('mini', { precision: 'exact', threads: 1 })
    ids = engine.encode('reverse the word stone')
  })
  afterAll(() => engine.close())

  it('without likelihoods is compared by its answers alone, and that is said', async () => {
    const server = await answering((path, { prompt }) =>
      path === '/v1/completions'
        ? { choices: [{ text: Array.isArray(prompt) ? 'zzz' : '', logprobs: null }] }
        : undefined,
    )
    const found = await servedFidelity(engine, server, ids)
    server.close()
    expect(found).toMatchObject({ places: 'none', tokens: 0, greedyAgreement: 0 })
    expect(found.divergence).toBeUndefined()
    expect(found.missing.join()).toMatch(/gives no likelihoods of a prompt \(echo with logprobs\)/)
  })

  it('with conversations alone is compared over its own answers', async () => {
    const asked: unknown[] = []
    const server = await answering((path, body) => {
      asked.push(path)
      if (path !== '/v1/chat/completions') return undefined
      const place = (token: string) => ({ token, logprob: -0.5, top_logprobs: [{ token, logprob: -0.5 }] })
      return {
        choices: [{ message: { content: String(body['model']) }, logprobs: { content: ['e', 'n'].map(place) } }],
      }
    })
    const found = await servedFidelity(engine, server, ids)
    server.close()
    expect(asked).toContain('/v1/completions')
    expect(found).toMatchObject({ places: 'answers', tokens: 2 })
    expect(found.listed).toBeCloseTo(Math.exp(-0.5), 6)
    expect(found.referencePerplexity).toBeCloseTo(Math.exp(0.5), 6)
    expect(found.missing.join()).toMatch(/answered 404/)
  })

  it('that repeats the beginning of an answer gives the same text as one that does not', async () => {
    const begun = 'Here it is:\n'
    const messages = [
      { role: 'user', content: 'Write x.' },
      { role: 'assistant', content: begun },
    ] as const
    const request = {
      context: '',
      messages,
      continues: true,
      writing: { stop: [], maxTokens: 8 },
      sampling: { temperature: 0, topP: 1, seed: 1 },
    }
    for (const content of ['x = 1', `${begun}x = 1`]) {
      const server = await answering(() => ({ choices: [{ message: { content }, finish_reason: 'stop' }] }))
      const subject = await serverSubject(server, 'test')
      expect((await subject.write(request)).text).toBe('x = 1')
      // An answer that is not continued may say anything.
      expect((await subject.write({ ...request, continues: false })).text).toBe(content)
      server.close()
    }
  })

  it('with nothing, or with another vocabulary, is refused in words', async () => {
    const nothing = await answering(() => undefined)
    await expect(servedFidelity(engine, nothing, ids)).rejects.toThrow(
      /completions answered 404.*chat\/completions answered 404/,
    )
    nothing.close()
    const other = await answering((_, { prompt }) => {
      const tokens = (prompt as number[]).map((id) => `other${id}`)
      return { choices: [{ text: '', logprobs: { tokens, token_logprobs: tokens.map(() => -1), top_logprobs: tokens.map((token) => ({ [token]: -1 })) } }] } // prettier-ignore
    })
    await expect(servedFidelity(engine, other, ids)).rejects.toThrow(/the server's tokens are others: "other\d+", here/)
    other.close()
  })
})
