import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PAGE_SIZE } from '../../src/backends/backend.js'
import { NgramDrafter, type Drafter } from '../../src/engine/answer/drafter.js'
import type { GenerateOptions } from '../../src/engine/options.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, VOCAB, continuation, fakeModel, letters, nextOf } from './fake.js'

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

/** Guesses the truth with a chance, else anything; 1: always right, 0: hardly ever. */
function oracle(chance: number, seed: number): Drafter {
  let state = seed
  const random = (): number => (state = (state * 48271 + 1) % 2147483647) / 2147483647
  return {
    draft(sequence, most) {
      const prefix = [...sequence]
      while (prefix.length < sequence.length + most)
        prefix.push(random() < chance ? nextOf(prefix) : Math.floor(random() * VOCAB))
      return prefix.slice(sequence.length)
    },
  }
}

describe('speculation', () => {
  it('takes fewer steps where guesses are right, and says how many were', async () => {
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8 })
    const { ids, speculation } = await new Session(fakeModel(runner)).generate(numbers(1, 10), {
      maxTokens: 57,
      speculate: oracle(1, 1),
    }).result
    expect(ids).toEqual(continuation(numbers(1, 10), 57))
    // One token from the prompt, then eight a step.
    expect(runner.steps).toEqual([10, ...Array.from({ length: 7 }, () => 8)])
    expect(speculation).toEqual({ drafted: 49, accepted: 49, steps: 7 })
  })

  it('takes two tokens a step where the draft of the model is right, and fewer where it is wrong', async () => {
    const right = new FakeRunner({ stepTokens: 64, draftNext: nextOf })
    const ask = { maxTokens: 21, speculate: 'mtp' } as const
    const { ids, speculation } = await new Session(fakeModel(right)).generate([1, 2, 3], ask).result
    expect(ids).toEqual(continuation([1, 2, 3], 21))
    expect(speculation).toEqual({ drafted: 10, accepted: 10, steps: 10 })
    expect(right.steps).toEqual([3, ...Array.from({ length: 10 }, () => 2)])
    const wrong = new FakeRunner({ stepTokens: 64, draftNext: (prefix) => (nextOf(prefix) + 1) % VOCAB })
    const second = await new Session(fakeModel(wrong)).generate([1, 2, 3], ask).result
    expect(second.ids).toEqual(ids)
    expect(second.speculation).toEqual({ drafted: 19, accepted: 0, steps: 20 })
    // Who does not want guesses does not pay for them.
    const { drafts } = right
    await new Session(fakeModel(right)).generate([1, 2, 3], { maxTokens: 2 }).result
    expect(right.drafts).toBe(drafts)
  })

  it('drafts for two who ask the same at once: one of them gives its page up for that of the other', async () => {
    const model = fakeModel(new FakeRunner({ stepTokens: 1, draftNext: nextOf }))
    const ask = { maxTokens: 9, speculate: 'mtp' } as const
    const prompt = numbers(4, PAGE_SIZE)
    const answers = [1, 2].map(() => new Session(model).generate(prompt, ask).result)
    for (const { ids, speculation } of await Promise.all(answers)) {
      expect(ids).toEqual(continuation(prompt, 9))
      expect(speculation?.accepted).toBe(speculation?.drafted)
    }
  })

  it.each([0, 0.5, 1])(
    'goes back to the recurrent states before a wrong guess, of which %d are right',
    async (chance) => {
      const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8, maxSlots: 2 })
      const session = new Session(fakeModel(runner))
      const prompt = numbers(1, 10)
      const { ids, speculation } = await session.generate(prompt, { maxTokens: 90, speculate: oracle(chance, 7) })
        .result
      expect(ids).toEqual(continuation(prompt, 90))
      if (chance === 1) expect(speculation!.steps).toBeLessThan(20)
      // A token that is computed again costs a row, and with drafts it is computed twice at most.
      expect(runner.steps.reduce((sum, n) => sum + n, 0)).toBeLessThan(10 + 90 * 9)
    },
  )

  it('asks for memory where there is no second slot', async () => {
    const session = new Session(fakeModel(new FakeRunner({ stepTokens: 64, maxLogitRows: 8, maxSlots: 1 })))
    const options = { maxTokens: 20, speculate: oracle(1, 1) }
    expect((await session.generate([1, 2], options).result).ids).toEqual(continuation([1, 2], 20))
  })

  it('says nothing about guesses without them', async () => {
    const result = await new Session(fakeModel(new FakeRunner())).generate([1, 2], { maxTokens: 3 }).result
    expect(result.speculation).toBeUndefined()
  })

  it('shares no page with a wrong guess in it', async () => {
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8 })
    const model = fakeModel(runner)
    const session = new Session(model)
    const prompt = numbers(2, 60)
    await session.generate(prompt, { maxTokens: 30, speculate: oracle(0, 3) }).result
    const whole = [...prompt, ...continuation(prompt, 30)]
    const { tree } = model.shared.pool
    expect(tree.find(undefined, whole, 0)).toBeDefined()
    await session.close()
    // The first page and nothing else.
    expect(tree.idleCount).toBe(1)
    expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
  })

  it('drops guesses that are no tokens of the model, and refuses what is no drafter', async () => {
    const strange: Drafter = { draft: () => [VOCAB, -1, 1.5] }
    const session = new Session(fakeModel(new FakeRunner()))
    const { ids, speculation } = await session.generate([1], { maxTokens: 9, speculate: strange }).result
    expect(ids).toEqual(continuation([1], 9))
    expect(speculation?.drafted).toBe(0)
    const wrong = { speculate: 'psychic' as 'ngram' }
    await expect(session.generate([1], wrong).result).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(session.generate([1], { speculate: 'mtp' }).result).rejects.toThrow(/without its layer/)
  })

  it('continues without guesses where memory has no room for them', async () => {
    // One page, and the answer fills it to its last place.
    const model = fakeModel(new FakeRunner({ stepTokens: 64, maxLogitRows: 8, maxPages: 1 }))
    const options = { maxTokens: 500, stop: letters.decode([continuation(numbers(3, 50), 14).at(-1)!]) }
    const plain = await new Session({ ...model, tokenizer: letters }).generate(numbers(3, 50), options).result
    const again = fakeModel(new FakeRunner({ stepTokens: 64, maxLogitRows: 8, maxPages: 1 }))
    const guessed = await new Session({ ...again, tokenizer: letters }).generate(numbers(3, 50), {
      ...options,
      speculate: oracle(0.5, 5),
    }).result
    expect(guessed.ids).toEqual(plain.ids)
  })
})

it('answers any mix of requests as without guesses: batches, stops, limits, cancellation, short memory', async () => {
  const request = fc.record({
    family: fc.nat(2),
    length: fc.integer({ min: 1, max: 200 }),
    tail: fc.array(fc.nat(63), { maxLength: 3 }),
    maxTokens: fc.integer({ min: 1, max: 90 }),
    stopId: fc.option(fc.nat(63)),
    stopText: fc.option(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), minLength: 1, maxLength: 2 })),
    temperature: fc.constantFrom(0, 0, 1, 5),
    penalty: fc.constantFrom(0, 0, 1),
    seed: fc.nat(1000),
    speculate: fc.oneof(
      fc.constantFrom('ngram' as const, 'off' as const, 'mtp' as const),
      fc.record({ chance: fc.constantFrom(0, 0.5, 0.9, 1), seed: fc.nat(1000) }),
    ),
    delay: fc.nat(10),
    cancelAfter: fc.option(fc.nat(30), { freq: 4 }),
    session: fc.nat(4),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(1, 3, 16, 100),
      fc.constantFrom(1, 4, 9),
      fc.constantFrom(6, 9, 40),
      fc.constantFrom(undefined, undefined, 3, 12, 40),
      async (requests, stepTokens, rows, pages, maxSlots) => {
        // Sometimes the same few tokens again, so that n-grams are found.
        const next = (prefix: readonly number[]): number => nextOf(prefix.slice(-1)) % 20
        const draftNext = (prefix: readonly number[]): number => next(prefix) + (prefix.length % 3 === 0 ? 1 : 0)
        const runner = (): FakeRunner =>
          new FakeRunner({
            ...{ stepTokens, maxLogitRows: Math.min(stepTokens, rows), next, draftNext },
            ...(maxSlots !== undefined && { maxSlots }),
          })
        const model = fakeModel(runner(), { limit: { pages, hard: true }, tokenizer: letters })
        const sessions = Array.from({ length: 5 }, () => new Session(model))
        const pause = async (ticks: number): Promise<void> => {
          for (let i = 0; i < ticks; i++) await new Promise((resolve) => setImmediate(resolve))
        }
        const ask = async (r: (typeof requests)[number]): Promise<void> => {
          const prompt = [...numbers(r.family, r.length), ...r.tail]
          const options: GenerateOptions = {
            maxTokens: r.maxTokens,
            temperature: r.temperature,
            frequencyPenalty: r.penalty,
            seed: r.seed,
            logprobs: 1,
            ...(r.stopText !== null && { stop: r.stopText }),
          }
          const stopIds = new Set(r.stopId === null ? [] : [r.stopId])
          const alone = new Session({ ...fakeModel(runner(), { tokenizer: letters }), stopIds })
          const plain = alone.generate(prompt, options)
          const expected = await plain.result
          await pause(r.delay)
          const { speculate: how } = r
          const speculate = typeof how === 'string' ? how : oracle(how.chance, how.seed)
          const own = r.stopId === null ? sessions[r.session]! : new Session({ ...model, stopIds })
          const generation = own.generate(prompt, { ...options, speculate })
          if (r.cancelAfter !== null) void pause(r.cancelAfter).then(() => generation.abort())
          const result = await generation.result
          if (result.finishReason === 'abort') {
            expect(result.ids).toEqual(expected.ids.slice(0, result.ids.length))
            // What may be the beginning of a stop text is said when the answer ends before it.
            const whole = expected.text + (expected.stopText ?? '')
            expect(whole.startsWith(result.text), `${result.text} of ${whole}`).toBe(true)
          } else {
            const { ids, text, finishReason } = result
            expect({ ids, text, finishReason }).toEqual({
              ids: expected.ids,
              text: expected.text,
              finishReason: expected.finishReason,
            })
            expect(generation.choices).toEqual(plain.choices)
          }
          if (r.stopId !== null) await own.close()
        }
        await Promise.all(requests.map(ask))
        await Promise.all(sessions.map((session) => session.close()))
        expect(model.shared.pool.freeCount).toBe(model.shared.pool.size)
        expect(model.shared.scheduler.active).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})

describe('n-gram lookup', () => {
  it('proposes what followed the same tokens last', () => {
    expect(new NgramDrafter().draft([1, 2, 3, 9, 1, 2, 4, 9, 1, 2], 8)).toEqual([4, 9, 1, 2])
    expect(new NgramDrafter().draft([1, 2, 3, 4], 8)).toEqual([])
    expect(new NgramDrafter().draft([7, 7, 7, 7], 8)).toEqual([7])
  })

  it('prefers the longest run', () => {
    expect(new NgramDrafter().draft([1, 2, 3, 8, 5, 2, 3, 9, 1, 2, 3], 1)).toEqual([8])
  })

  it('guesses more after success and less after failure', () => {
    const drafter = new NgramDrafter()
    const sequence = Array.from({ length: 100 }, (_, i) => i % 10)
    expect(drafter.draft(sequence, 99)).toHaveLength(4)
    sequence.push(...[0, 1, 2, 3, 4])
    expect(drafter.draft(sequence, 99)).toHaveLength(8)
    sequence.push(60, 0, 1, 2)
    expect(drafter.draft(sequence, 99)).toHaveLength(4)
    expect(drafter.draft(sequence, 2)).toHaveLength(2)
  })
})
