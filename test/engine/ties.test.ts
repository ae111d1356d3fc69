// An indexer chose among equal scores: what comes after holds for one length of the text only (StepResult.tiedFrom).
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/backends/backend.js'
import { Session } from '../../src/engine/answer/session.js'
import { Sequence } from '../../src/engine/schedule/sequence.js'
import { FakeRunner, continuation, fakeModel, nextOf } from './fake.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 5) % 64)

describe('ties', () => {
  it('are computed again when the text grows, and only then', async () => {
    const runner = new FakeRunner({ stepTokens: 64, tiedFrom: 5 })
    const { ids } = await new Session(fakeModel(runner)).generate(numbers(10), { maxTokens: 4 }).result
    expect(ids).toEqual(continuation(numbers(10), 4))
    expect(runner.steps).toEqual([10, 6, 7, 8])
    // a text in pieces that says where it ends
    const { shared } = fakeModel(runner)
    const sequence = new Sequence(shared)
    for (const from of [0, 10])
      await shared.scheduler.compute(sequence, numbers(20).slice(from, from + 10), { end: 20 })
    expect(runner.steps.slice(4)).toEqual([10, 10])
    expect(runner.ends).toEqual(new Set([10, 11, 12, 13, 20]))
  })

  it('keep pages from being shared, and nobody waits for them', async () => {
    const prompt = numbers(200)
    const together: number[] = []
    const onStep = (step: Step): void => void together.push(step.pageTables.length)
    const runner = new FakeRunner({ stepTokens: 64, tiedFrom: 70, onStep })
    const model = fakeModel(runner)
    const ask = () => new Session(model).generate(prompt, { maxTokens: 3 }).result
    const results = await Promise.all([ask(), ask()])
    for (const { ids } of results) expect(ids).toEqual(continuation(prompt, 3))
    // One computes the first page for both, and the next, in which the tie is found; then each goes its own way.
    expect(together.slice(0, 2)).toEqual([1, 1])
    expect(new Set(together.slice(2, -1))).toEqual(new Set([2]))
    // the page before the first tie
    expect((await ask()).cachedTokens).toBe(64)
  })

  it('that stay keep pages from being shared too, and nothing is computed again', async () => {
    const prompt = numbers(200)
    const runner = new FakeRunner({ stepTokens: 64, tiedFrom: 70, keepsTies: true })
    const model = fakeModel(runner)
    const session = new Session(model)
    const ask = (own: Session) => own.generate(prompt, { maxTokens: 3 }).result
    expect((await ask(session)).ids).toEqual(continuation(prompt, 3))
    expect(runner.steps).toEqual([64, 64, 64, 8, 1, 1])
    expect((await ask(new Session(model))).cachedTokens).toBe(64)
    expect((await ask(session)).cachedTokens).toBe(199)
  })

  it('leave out the guesses after them', async () => {
    const guesses: number[] = []
    const runner = new FakeRunner({ stepTokens: 64, maxLogitRows: 8, tiedFrom: 13 })
    const { ids, speculation } = await new Session(fakeModel(runner)).generate(numbers(10), {
      maxTokens: 12,
      speculate: {
        draft: (sequence, most) => {
          const prefix = [...sequence]
          while (prefix.length < sequence.length + most) prefix.push(nextOf(prefix))
          guesses.push(most)
          return prefix.slice(sequence.length)
        },
      },
    }).result
    expect(ids).toEqual(continuation(numbers(10), 12))
    // The first token, then guesses at 11 to 17, of which those up to 13 can be checked; then one by one.
    expect(guesses).toEqual([7])
    expect(speculation!.accepted).toBe(3)
    expect(runner.steps.slice(0, 3)).toEqual([10, 8, 2])
  })
})
