// What a step's rows are asked for: tokens where nothing but the logits decides about them, logits otherwise.
import { describe, expect, it } from 'vitest'
import type { Runner, StepResult, Ticket } from '../../src/backends/backend.js'
import { Session } from '../../src/engine/answer/session.js'
import type { GenerateOptions } from '../../src/engine/options.js'
import { drawToken } from '../../src/engine/sample/choose.js'
import { Sequence } from '../../src/engine/schedule/sequence.js'
import { FakeRunner, continuation, fakeModel } from './fake.js'

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i * 5) % 64)

/** What the rows of an answer's steps were asked for. */
async function wantsOf(options: GenerateOptions): Promise<{ wants: Set<string>; ids: number[] }> {
  const wants = new Set<string>()
  const runner = new FakeRunner({
    maxLogitRows: 8,
    onStep: (step) => {
      for (const want of step.wants!) wants.add(typeof want === 'string' ? want : 'token')
    },
  })
  const { ids } = await new Session(fakeModel(runner)).generate([1, 2, 3], { maxTokens: 12, ...options }).result
  return { wants, ids }
}

describe('rows', () => {
  it.each([
    ['greedy', {}],
    ['temperature', { temperature: 2, seed: 4 }],
    ['top-k, top-p, min-p', { temperature: 2, topK: 9, topP: 0.9, minP: 0.01, seed: 4 }],
  ])('give tokens: %s', async (_, options) => {
    expect((await wantsOf(options)).wants).toEqual(new Set(['token']))
  })

  it.each([
    ['repetition penalty', { repetitionPenalty: 1.1 }],
    ['frequency penalty', { frequencyPenalty: 0.5 }],
    ['presence penalty', { presencePenalty: 0.5 }],
    ['bias', { logitBias: new Map([[3, 1]]) }],
    ['likelihoods', { logprobs: 0 }],
    ['a constraint', { constraint: { mask: (scores: Float32Array) => scores, accept: () => undefined } }],
  ])('give logits: %s', async (_, options) => {
    expect((await wantsOf(options)).wants).toEqual(new Set(['logits']))
  })

  it('give logits where drafts are checked, and the same tokens', async () => {
    const draft = (sequence: readonly number[]): number[] => [sequence.at(-1)!, 1]
    for (const sampling of [{}, { temperature: 3, topK: 20, seed: 11 }]) {
      const plain = await wantsOf(sampling)
      const drafted = await wantsOf({ ...sampling, speculate: { draft } })
      expect(drafted.wants).toEqual(new Set(['token', 'logits']))
      expect(drafted.ids).toEqual(plain.ids)
      // Likelihoods change nothing but where the token is chosen.
      expect((await wantsOf({ ...sampling, logprobs: 1 })).ids).toEqual(plain.ids)
    }
  })

  it('that are not numbers fail alone', async () => {
    const runner = new BrokenRunner()
    const model = fakeModel(runner)
    const good = new Session(model).generate(numbers(1, 9), { maxTokens: 9 }).result
    for (const options of [{}, { logprobs: 0 }])
      await expect(new Session(model).generate([7, 7], options).result).rejects.toMatchObject({ code: 'invalid_file' })
    expect((await good).ids).toEqual(continuation(numbers(1, 9), 9))
    expect(runner.steps[0]).toBe(11)
  })
})

/** Says NaN after a sequence that begins with 7. */
class BrokenRunner extends FakeRunner implements Runner {
  override submit(step: Parameters<FakeRunner['submit']>[0]): Ticket {
    const broken = (row: number): boolean =>
      step.tokens[step.sequences.indexOf(step.sequences[step.logitRows[row]!]!)] === 7
    const spoil = ({ rows, ...rest }: StepResult): StepResult => {
      const nan = new Float32Array(64).fill(NaN)
      const failure = (): Error => {
        try {
          return new Error(`${drawToken(nan, { temperature: 0, topK: 0, topP: 1, minP: 0, u: 0 })}`)
        } catch (error) {
          return error as Error
        }
      }
      return {
        ...rest,
        rows: rows.map((row, i) => (!broken(i) ? row : row.logits ? { logits: nan } : { failure: failure() })),
      }
    }
    return { done: super.submit(step).done.then(spoil) }
  }
}

describe('a sequence', () => {
  it('says where it stands', async () => {
    const seen: string[] = []
    const runner = new FakeRunner({ stepTokens: 16, onStep: () => void seen.push(sequence.status) })
    const { shared } = fakeModel(runner)
    const sequence = new Sequence(shared)
    expect(sequence.status).toBe('finished')
    const computed = shared.scheduler.compute(sequence, numbers(1, 20))
    expect(sequence.status).toBe('waiting')
    expect(await computed).toHaveLength(1)
    expect(seen).toEqual(['running', 'running'])
    expect(sequence.status).toBe('finished')
  })

  it('shares pages with those of its own salt only', async () => {
    const { shared } = fakeModel(new FakeRunner({ stepTokens: 256 }))
    const prompt = numbers(2, 200)
    const adopted = async (salt?: string): Promise<number> => {
      const sequence = new Sequence(shared, salt)
      const kept = sequence.reuse(prompt)
      await shared.scheduler.compute(sequence, prompt.slice(kept))
      shared.scheduler.release(sequence)
      return kept
    }
    expect([await adopted(), await adopted('a'), await adopted('b')]).toEqual([0, 0, 0])
    expect([await adopted('a'), await adopted(), await adopted('b')]).toEqual([192, 192, 192])
  })

  it('that is evicted between two calls is computed again from what it is given', async () => {
    const { shared } = fakeModel(new FakeRunner({ stepTokens: 256 }), { limit: { pages: 4, hard: true } })
    const resting = new Sequence(shared)
    await shared.scheduler.compute(resting, numbers(1, 130))
    const other = new Sequence(shared)
    await shared.scheduler.compute(other, numbers(2, 200))
    expect([resting.length, resting.tokens.length, resting.holdsMemory]).toEqual([0, 0, false])
    shared.scheduler.release(other)
    const ids = [...numbers(1, 130), 9]
    const [row] = (await shared.scheduler.compute(resting, ids.slice(resting.length)))!
    expect(row!.logits!.indexOf(5)).toBe(continuation(ids, 1)[0])
  })

  it('with recurrent states names no more of a long prompt than the part up to the next snapshot', () => {
    const { shared } = fakeModel(new FakeRunner({ maxSlots: 4 }))
    const sequence = new Sequence(shared)
    sequence.append(new Array<number>(20_000).fill(12))
    expect(sequence.nextPage()!.length).toBeLessThan(4000)
  })
})
