// What an engine refuses, by the words that its users read.
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { Session } from '../../src/engine/answer/session.js'
import { loadEngine, shareRunner } from '../../src/engine/load.js'
import { embeddingOf } from '../../src/engine/measure/embed.js'
import { perplexityOf } from '../../src/engine/measure/score.js'
import type { GenerateOptions, LoadOptions } from '../../src/engine/options.js'
import { PagePool } from '../../src/engine/schedule/cache.js'
import { SlotPool } from '../../src/engine/schedule/slots.js'
import { tokenizerOf } from '../../src/engine/tokenizer.js'
import { json, tinyFolder } from '../checkpoint/build.js'
import { fixture } from '../models/fixtures.js'
import { FakeRunner, VOCAB, fakeModel, letters } from './fake.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const USER = [{ role: 'user', content: 'hi' }] as const

const session = (options: Parameters<typeof fakeModel>[1] = {}, next?: number): Session =>
  new Session(fakeModel(new FakeRunner(next === undefined ? {} : { next: () => next }), options))

/** Of what is added to logits. */
const RANGE = '-1e+30 to 1e+30'

/** An engine that should not have been is closed, and not printed, which would take minutes. */
const load = async (...args: Parameters<typeof loadEngine>): Promise<string> => {
  await (await loadEngine(...args)).close()
  return 'it was not refused'
}

const refused = (code: string, message: string): object => ({ name: 'UserError', code, message })

describe('a session', () => {
  it('that is closed starts nothing', async () => {
    const own = session()
    await own.close()
    const expected = refused('invalid_argument', 'the session is closed; open a new one')
    await expect(own.generate([1]).result).rejects.toMatchObject(expected)
  })

  it('of a model without a template or a tokenizer has neither chat nor text', async () => {
    await expect(session({ tokenizer: letters }).chat(USER).result).rejects.toMatchObject(
      refused('invalid_template', 'fake has no chat template; try complete() in place of chat()'),
    )
    await expect(session().complete('hi').result).rejects.toMatchObject(
      refused(
        'invalid_tokenizer',
        'fake has no tokenizer: expected tokenizer.json, tokenizer.model, tekken.json or tiktoken.model next to the weights; ' +
          'try generate() with token ids',
      ),
    )
  })

  it('of a model without a tokenizer has no grammars', async () => {
    const { result } = session().generate([1], { grammar: { kind: 'json' } })
    await expect(result).rejects.toMatchObject(
      refused('invalid_tokenizer', 'a grammar needs a tokenizer, and the checkpoint has none'),
    )
  })

  it.each<[GenerateOptions | { speculate: unknown }, string]>([
    [{ temperature: -1 }, 'temperature must be a number of at least 0; found -1'],
    [{ topK: 1.5 }, 'topK must be a whole number of at least 0 (0: off); found 1.5'],
    [{ topP: 0 }, 'topP must be a number above 0 and at most 1; found 0'],
    [{ minP: 2 }, 'minP must be a number from 0 to 1; found 2'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty must be a number from 0.01 to 100; found 0'],
    [{ seed: 0.5 }, 'seed must be a whole number; found 0.5'],
    [{ maxTokens: 0 }, 'maxTokens must be a whole number of at least 1; found 0'],
    [{ logprobs: -1 }, 'logprobs must be a whole number of at least 0; found -1'],
    [{ frequencyPenalty: NaN }, `frequencyPenalty must be a number from ${RANGE}; found NaN`],
    [{ presencePenalty: Infinity }, `presencePenalty must be a number from ${RANGE}; found Infinity`],
    [{ logitBias: new Map([[3, NaN]]) }, `logitBias must map token ids to numbers from ${RANGE}; found 3: NaN`],
    [{ logitBias: new Map([[-3, 1]]) }, `logitBias must map token ids to numbers from ${RANGE}; found -3: 1`],
    [{ logitBias: new Map([[0.5, 1]]) }, `logitBias must map token ids to numbers from ${RANGE}; found 0.5: 1`],
    [{ speculate: 'guess' }, 'speculate must be mtp, ngram, draft:MODEL or off; found "guess"'],
    [{ speculate: null }, 'speculate must be mtp, ngram, draft:MODEL or off; found null'],
  ])('refuses %o', async (options, message) => {
    const { result } = session().generate([1], options as GenerateOptions)
    await expect(result).rejects.toMatchObject(refused('invalid_argument', message))
  })

  it('refuses logits that are no numbers', async () => {
    const damaged = 'the weights or their scales are probably damaged: compare the files with the published checksums'
    const after = (logits: number): Session => {
      const runner = new FakeRunner()
      const submit = runner.submit.bind(runner)
      runner.submit = (step) => ({
        done: submit(step).done.then(({ rows, ...rest }) => {
          const fill = (row: (typeof rows)[number]) => ({ ...row, logits: row.logits?.map(() => logits) })
          return { ...rest, rows: rows.map(fill) } as Awaited<ReturnType<typeof submit>['done']>
        }),
      })
      return new Session(fakeModel(runner))
    }
    for (const [value, found] of [
      [NaN, 'NaN for token 0'],
      [-Infinity, '-Infinity as the largest value'],
      [Infinity, 'Infinity as the largest value'],
    ] as const)
      await expect(after(value).generate([1], { logprobs: 0 }).result).rejects.toMatchObject(
        refused('invalid_file', `expected finite logits, found ${found}; ${damaged}`),
      )
  })
})

describe('what is measured', () => {
  const shared = shareRunner(new FakeRunner(), VOCAB, 100)

  it('embeddings need a backend that gives states', async () => {
    await expect(embeddingOf(shared, [1, 2], 'mean')).rejects.toMatchObject(
      refused('unsupported_platform', 'the fake backend gives no embeddings'),
    )
  })

  it('perplexity needs two tokens and a window of two', async () => {
    await expect(perplexityOf(shared, [1])).rejects.toMatchObject(
      refused('invalid_argument', 'the text has one token; expected at least two, to predict one from another'),
    )
    for (const window of [1, 101, 2.5])
      await expect(perplexityOf(shared, [1, 2], { window })).rejects.toMatchObject(
        refused('invalid_argument', `a window of ${window} tokens: expected a whole number from 2 to 100, the context`),
      )
  })
})

describe('memory', () => {
  it('that was limited runs out with both numbers', async () => {
    const pool = new PagePool({ reservePages: () => Promise.resolve() }, { pages: 2, hard: true })
    await pool.take(2)
    await expect(pool.take(3)).rejects.toMatchObject(
      refused(
        'out_of_memory',
        'out of memory: the cache may hold 128 tokens, and 192 more are needed; try a larger cacheMemory or a shorter prompt',
      ),
    )
  })

  it('of recurrent states, too', async () => {
    const pool = new SlotPool(new FakeRunner({ maxSlots: 9 }), { slots: 1, hard: true })
    await pool.take()
    await expect(pool.take()).rejects.toMatchObject(
      refused(
        'out_of_memory',
        'out of memory: the cache may hold the recurrent states of 1 sequences, and all run; ' +
          'try a larger cacheMemory or fewer requests at a time',
      ),
    )
  })

  it.each<[LoadOptions, RegExp]>([
    [
      { cacheMemory: 1 },
      /^cacheMemory: 1 is too little: one page of the cache, 64 tokens, takes \d+ bytes; try a larger cacheMemory$/,
    ],
    [{ contextLength: 4096 }, /^contextLength: 4096: the model was made for 2048 positions; try contextLength: 2048$/],
    [
      { precision: 'exact', quantize: 'q4' },
      /^quantize: 'q4' changes the weights, which the exact precision keeps; leave out quantize or precision$/,
    ],
    [
      { precision: 'exact', kvCache: 'q8' },
      /^kvCache: 'q8' rounds keys and values, which the exact precision keeps in f32; leave out kvCache or precision$/,
    ],
    [{ cacheMemory: -1 }, /^cacheMemory must be a whole number from 1; found -1$/],
    [{ threads: 257 }, /^threads must be a whole number from 1 to 256; found 257$/],
    [{ precision: 'precise' as 'exact' }, /^precision must be exact or fast; found precise$/],
  ])('refuses %o', async (options, message) => {
    const error: unknown = await load(MINI, { threads: 1, ...options }).catch((e: unknown) => e)
    expect(error).toMatchObject({ name: 'UserError', code: 'invalid_argument' })
    expect((error as Error).message).toMatch(message)
  })
})

describe('a model that is loaded', () => {
  const { config, files } = fixture('qwen3-next')
  const named = (more: Record<string, object> = {}) =>
    memoryFiles('made', { ...files, ...Object.fromEntries(Object.entries(more).map(([name, v]) => [name, json(v)])) })

  it('has no tokens without rows in its embedding', async () => {
    const rows = Number(config['vocab_size'])
    const tokenizer = { added_tokens: [], model: { type: 'BPE', vocab: { a: 0, b: rows }, merges: [] } }
    await expect(load(named({ 'tokenizer.json': tokenizer }), { threads: 1 })).rejects.toMatchObject(
      refused(
        'invalid_tokenizer',
        `made: the tokenizer has ${rows + 1} tokens, but the embedding has ${rows} rows; ` +
          'use the tokenizer that belongs to these weights',
      ),
    )
  })

  it('is closed once and for all', async () => {
    const engine = await loadEngine(MINI, { threads: 1 })
    await engine.close()
    expect(() => engine.session()).toThrow('the engine is closed; load the model again')
  })
})

it('a model without a tokenizer has none to give', async () => {
  await expect(tokenizerOf(memoryFiles('tiny', tinyFolder()))).rejects.toMatchObject(
    refused(
      'invalid_tokenizer',
      'tiny has no tokenizer: expected tokenizer.json, tokenizer.model, tekken.json or tiktoken.model next to the weights',
    ),
  )
})
