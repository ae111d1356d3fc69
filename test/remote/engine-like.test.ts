import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../src/engine/load.js'
import { UserError } from '../../src/errors.js'
import { connectEngine } from '../../src/remote/connect.js'
import type { EngineLike, GenerationResult } from '../../src/remote/engine-like.js'
import { hostEngine } from '../../src/remote/host.js'
import { workerThreadLine } from '../../src/remote/node.js'
import { portLine } from '../../src/remote/port.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const WORKER = new URL('../../dist/remote/node-worker.js', import.meta.url)
const OPTIONS = { threads: 1, precision: 'exact', contextLength: 512 } as const
const QUESTION = [{ role: 'user', content: 'What is 12 + 30?' }] as const
const GREEDY = { temperature: 0, maxTokens: 24 }

/** Every way to have an engine. */
const WAYS: readonly [name: string, start: () => Promise<EngineLike>][] = [
  ['in this thread', () => loadEngine(MINI, OPTIONS)],
  [
    'in a worker thread',
    () => {
      if (!existsSync(WORKER)) throw new Error('dist is missing: npm test builds it; run npm run build first')
      return connectEngine(workerThreadLine(WORKER), { model: MINI, options: OPTIONS })
    },
  ],
  [
    'at the other end of a port',
    () => {
      const { port1, port2 } = new MessageChannel()
      hostEngine(loadEngine, portLine(port1))
      return connectEngine(portLine(port2), { model: MINI, options: OPTIONS })
    },
  ],
]

/** What does not depend on the clock. */
function said({ timings, ...rest }: GenerationResult): Omit<GenerationResult, 'timings'> {
  expect(timings.decodeMs).toBeGreaterThanOrEqual(0)
  return rest
}

async function failure(work: () => unknown): Promise<{ code: string; name: string }> {
  try {
    await work()
  } catch (error) {
    if (error instanceof UserError) return { code: error.code, name: error.name }
    throw error
  }
  throw new Error('expected a failure, found none')
}

/** Calls that are no answers. */
const measures = [
  (engine: EngineLike, ids: number[]) => engine.likelihoods(ids, 0),
  (engine: EngineLike, ids: number[]) => engine.perplexity(ids),
  (engine: EngineLike, ids: number[]) => engine.embed(ids),
  (engine: EngineLike, ids: number[]) => engine.embed(ids, 'mean'),
]

let reference: EngineLike
beforeAll(async () => {
  reference = await loadEngine(MINI, OPTIONS)
})
afterAll(() => reference.close())

describe.each(WAYS)('an engine %s', (_, start) => {
  let engine: EngineLike
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine.close())

  it('saves a session, which any other restores', async () => {
    const question = [{ role: 'user', content: `Is this a palindrome: ${'racecar '.repeat(20)}` }] as const
    const session = engine.session()
    const { text } = await session.chat(question, GREEDY).result
    const saved = await session.save()
    await session.close()
    const restored = await reference.restore(saved)
    expect([restored.dropped, restored.messages.length, restored.cachedTokens >= 128]).toEqual([undefined, 2, true])
    await restored.session.close()
    const here = await engine.restore(saved)
    expect(here.messages.at(-1)).toMatchObject({ role: 'assistant', content: text })
    const again = await here.session.chat(question, GREEDY).result
    expect([again.text, again.cachedTokens >= 128]).toEqual([text, true])
    await here.session.close()
    expect(await failure(() => engine.restore(new Uint8Array(9)))).toMatchObject({ code: 'invalid_file' })
  })

  it('says what it is', () => {
    expect(engine.info).toEqual(reference.info)
  })

  it('answers chats, texts and token ids, in parts and as a whole', async () => {
    const asks = [
      (on: EngineLike) => on.chat(QUESTION, GREEDY),
      (on: EngineLike) => on.complete('abc', GREEDY),
      (on: EngineLike) => on.generate([104, 101, 108], GREEDY),
    ]
    for (const ask of asks) {
      const [own, expected] = [ask(engine), ask(reference)]
      const parts: unknown[] = []
      for await (const part of own) parts.push(part)
      const wanted: unknown[] = []
      for await (const part of expected) wanted.push(part)
      expect(parts).toEqual(wanted)
      expect(said(await own.result)).toEqual(said(await expected.result))
      expect(own.prompt).toEqual(expected.prompt)
    }
  })

  it('names the tokens of an answer with their likelihoods, in the pieces and together', async () => {
    const own = engine.chat(QUESTION, { ...GREEDY, logprobs: 2 })
    const expected = reference.chat(QUESTION, { ...GREEDY, logprobs: 2 })
    const choices: unknown[] = []
    for await (const piece of own.pieces()) choices.push(...(piece.choices ?? []))
    await expected.result
    expect(choices).toEqual(expected.choices)
    expect(own.choices).toEqual(expected.choices)
    expect(expected.choices[0]!.bytes.length).toBeGreaterThan(0)
    expect(own.firstPieceAt).toBeLessThanOrEqual(performance.now())
  })

  it('keeps the cache of a session from call to call', async () => {
    const session = engine.session()
    const first = await session.chat(QUESTION, { ...GREEDY, maxTokens: 4 }).result
    const second = await session.chat(QUESTION, { ...GREEDY, maxTokens: 4 }).result
    expect(second.cachedTokens).toBe(first.promptTokens - 1)
    expect(second.ids).toEqual(first.ids)
    await session.close()
    expect(await failure(() => session.chat(QUESTION).result)).toMatchObject({ code: 'invalid_argument' })
    await expect(session.chat(QUESTION).result).rejects.toThrow('the session is closed; open a new one')
  })

  it('reads and writes tokens', async () => {
    for (const on of [engine, reference]) {
      const ids = await on.encode('Hello, 你好')
      expect(ids).toEqual(await reference.encode('Hello, 你好'))
      expect(await on.decode(ids)).toBe('Hello, 你好')
      expect(await on.tokenTexts(ids)).toEqual(await reference.tokenTexts(ids))
      expect(await on.encode('<|im_end|>', { addSpecial: false, parseSpecial: false })).toEqual(
        await reference.encode('<|im_end|>', { addSpecial: false, parseSpecial: false }),
      )
      expect(await on.encodeChat(QUESTION)).toEqual(await reference.encodeChat(QUESTION))
    }
  })

  it('measures: likelihoods, perplexity with its progress, embeddings', async () => {
    const ids = await reference.encode('What is 12 + 30? It is 42, of course, as everybody knows.')
    expect(await engine.likelihoods(ids, 1)).toEqual(await reference.likelihoods(ids, 1))
    const progress: number[][] = []
    const onProgress = (scored: number, total: number): void => void progress.push([scored, total])
    const result = await engine.perplexity(ids, { window: 16, onProgress })
    expect(result).toEqual(await reference.perplexity(ids, { window: 16 }))
    expect(progress.at(-1)).toEqual([ids.length - 1, ids.length - 1])
    expect(await engine.embed(ids, 'mean')).toEqual(await reference.embed(ids, 'mean'))
    expect(await engine.embed(ids)).toEqual(await reference.embed(ids))
  })

  it('says how busy it is and what it did', async () => {
    await engine.complete('abc', GREEDY).result
    const { active, pages, freePages, pageBytes, steps, sequences, tokens, stepSeconds } = await engine.status()
    expect(active).toBe(0)
    expect(freePages).toBeLessThanOrEqual(pages)
    expect(Math.min(pageBytes, steps, sequences, tokens, stepSeconds)).toBeGreaterThan(0)
  })

  it('cancels: by the answer, by its signal, by leaving the loop', async () => {
    const long = { temperature: 0, ignoreEos: true, maxTokens: 400 }
    const aborted = engine.complete('abc', long)
    await aborted.begun
    aborted.abort()
    expect((await aborted.result).finishReason).toBe('abort')
    const controller = new AbortController()
    const signalled = engine.complete('abc', { ...long, signal: controller.signal })
    await signalled.begun
    controller.abort()
    expect((await signalled.result).finishReason).toBe('abort')
    expect((await engine.complete('abc', { ...long, signal: AbortSignal.abort() }).result).finishReason).toBe('abort')
    const left = engine.complete('abc', long)
    for await (const part of left) if (part.kind === 'text') break
    expect((await left.result).ids.length).toBeLessThan(400)
    const ids = await engine.encode('abc'.repeat(40))
    expect(await failure(() => engine.likelihoods(ids, 0, AbortSignal.abort()))).toMatchObject({ code: 'aborted' })
    expect((await engine.status()).active).toBe(0)
  })

  it('refuses as a UserError with its code, in the loop and in the result', async () => {
    const asks: [string, () => unknown][] = [
      ['context_length_exceeded', () => engine.generate(Array<number>(600).fill(104)).result],
      ['invalid_argument', () => engine.chat([]).result],
      ['invalid_argument', () => engine.complete('abc', { temperature: -1 }).result],
      ['invalid_grammar', () => engine.complete('abc', { grammar: { kind: 'ebnf', grammar: 'root ::= (' } }).result],
      ['invalid_argument', () => engine.perplexity([104])],
    ]
    for (const [code, ask] of asks) expect(await failure(ask), code).toEqual({ code, name: 'UserError' })
    const generation = engine.complete('abc', { temperature: -1 })
    expect(
      await failure(async () => {
        for await (const part of generation) throw new Error(`expected no part, found ${part.kind}`)
      }),
    ).toMatchObject({ code: 'invalid_argument' })
  })
})

describe.each(WAYS)('closing an engine %s', (_, start) => {
  it('cancels what runs, and then there is no engine', async () => {
    const engine = await start()
    const running = engine.complete('abc', { temperature: 0, ignoreEos: true, maxTokens: 400 })
    const other = engine.session().complete('abd', { temperature: 0, ignoreEos: true, maxTokens: 400 })
    await running.begun
    await Promise.all([engine.close(), engine.close()])
    expect((await running.result).finishReason).toBe('abort')
    expect((await other.result).finishReason).toBe('abort')
    const ids = [104, 105, 106]
    const asks = [
      () => engine.complete('abc').result,
      () => engine.generate(ids).result,
      () => engine.chat([{ role: 'user', content: 'abc' }]).result,
      ...measures.map((measure) => () => measure(engine, ids)),
    ]
    for (const ask of asks) expect(await failure(ask)).toMatchObject({ code: 'invalid_argument' })
    expect(() => engine.session()).toThrow('the engine is closed; load the model again')
  })

  it('rejects what else is under way', async () => {
    const engine = await start()
    const ids = Array.from({ length: 500 }, (_, i) => (i * 7) % 256)
    const asked = measures.map((measure) => failure(() => measure(engine, ids)))
    await engine.likelihoods([1, 2], 0)
    await engine.close()
    for (const refusal of await Promise.all(asked)) expect(refusal).toMatchObject({ name: 'UserError' })
  })
})
