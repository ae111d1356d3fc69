import { describe, expect, it } from 'vitest'
import type { GenerateOptions } from '../../src/engine/options.js'
import { Session } from '../../src/engine/answer/session.js'
import { FakeRunner, fakeModel } from './fake.js'

/** The fake model gives its token 5 and all others 0; this one always wants the same. */
const REPEATED = 7

async function idsOf(prompt: number[], options: GenerateOptions, count = 6): Promise<number[]> {
  const session = new Session(fakeModel(new FakeRunner({ next: () => REPEATED })))
  const { ids } = await session.generate(prompt, { maxTokens: count, ...options }).result
  return ids
}

describe('the repetition penalty', () => {
  // A second choice that wins as soon as the first is halved: 5 / 2 < 3.
  const logitBias = new Map([[9, 3]])

  it('counts the tokens of the answer itself', async () => {
    expect(await idsOf([1], { logitBias })).toEqual([7, 7, 7, 7, 7, 7])
    expect(await idsOf([1], { logitBias, repetitionPenalty: 2 })).toEqual([7, 9, 7, 7, 7, 7])
  })

  it('counts the tokens of the prompt', async () => {
    expect(await idsOf([7, 1], { logitBias, repetitionPenalty: 2 })).toEqual([9, 7, 7, 7, 7, 7])
    expect(await idsOf([9, 1], { logitBias, repetitionPenalty: 2 })).toEqual([7, 7, 7, 7, 7, 7])
  })

  it('applies once, however often a token came', async () => {
    // 5 / 1.6 = 3.1 stays above 3; applied a second time it would be below.
    expect(await idsOf([7, 7, 7], { logitBias, repetitionPenalty: 1.6 })).toEqual([7, 7, 7, 7, 7, 7])
  })

  it('below 1 favours what came before', async () => {
    const other = new Map([[9, 4]])
    expect(await idsOf([9], { logitBias: other, repetitionPenalty: 0.5 })).toEqual([9, 9, 9, 9, 9, 9])
  })

  it('divides what the other penalties left', async () => {
    // (5 - 1) / 2 = 2 is below 3 - 0.5 only once both are counted.
    const bias = new Map([[9, 2.2]])
    const both = { logitBias: bias, repetitionPenalty: 2, presencePenalty: 1 }
    expect((await idsOf([1], both)).slice(0, 2)).toEqual([7, 9])
    expect((await idsOf([1], { ...both, presencePenalty: 0 })).slice(0, 2)).toEqual([7, 7])
  })
})

describe('penalties of the OpenAI API', () => {
  it('frequency subtracts for each time that a token is in the answer', async () => {
    // 5, 3, 1, then below the zeros, of which the lowest id comes first.
    expect(await idsOf([1], { frequencyPenalty: 2 })).toEqual([7, 7, 7, 0, 1, 2])
    expect(await idsOf([1], { frequencyPenalty: 6 })).toEqual([7, 0, 1, 2, 3, 4])
  })

  it('presence subtracts once', async () => {
    expect(await idsOf([1], { presencePenalty: 2 })).toEqual([7, 7, 7, 7, 7, 7])
    expect(await idsOf([1], { presencePenalty: 6 })).toEqual([7, 0, 1, 2, 3, 4])
    // Together they are added: 5 - 3, then 5 - 5 is no more than a zero of a lower id.
    expect(await idsOf([1], { presencePenalty: 1, frequencyPenalty: 2 })).toEqual([7, 7, 0, 1, 2, 3])
  })

  it('of one count too', async () => {
    expect(await idsOf([1], { frequencyPenalty: 1 }, 8)).toEqual([7, 7, 7, 7, 7, 0, 1, 2])
    const other = { logitBias: new Map([[9, 4.5]]) }
    expect(await idsOf([1], { presencePenalty: 1, ...other }, 3)).toEqual([7, 9, 7])
    expect(await idsOf([1], { presencePenalty: 1 }, 2)).toEqual([7, 7])
  })

  it('negative ones favour what came', async () => {
    const logitBias = new Map([[9, 6]])
    expect(await idsOf([1], { presencePenalty: -2, logitBias })).toEqual([9, 9, 9, 9, 9, 9])
    expect(await idsOf([1], { frequencyPenalty: 1, logitBias })).toEqual([9, 7, 9, 7, 9, 7])
  })

  it('do not count the prompt', async () => {
    expect(await idsOf([7, 7, 7, 7], { frequencyPenalty: 2 })).toEqual([7, 7, 7, 0, 1, 2])
    expect(await idsOf([7, 7], { presencePenalty: 6 })).toEqual([7, 0, 1, 2, 3, 4])
  })

  it('a bias is added, and forbids or forces at its ends', async () => {
    expect(await idsOf([1], { logitBias: new Map([[7, -100]]) })).toEqual([0, 0, 0, 0, 0, 0])
    expect(await idsOf([1], { logitBias: new Map([[11, 100]]) })).toEqual([11, 11, 11, 11, 11, 11])
    expect(await idsOf([1], { logitBias: new Map([[11, 4.9]]) })).toEqual([7, 7, 7, 7, 7, 7])
    // An id outside of the vocabulary has no logit to change.
    expect(await idsOf([1], { logitBias: new Map([[1000, 100]]) })).toEqual([7, 7, 7, 7, 7, 7])
  })
})

describe('likelihoods', () => {
  it('are those before temperature, penalties and bias, and end at as many as were asked for', async () => {
    const session = new Session(fakeModel(new FakeRunner({ next: () => REPEATED })))
    const options = { maxTokens: 2, logprobs: 2, logitBias: new Map([[11, 100]]), temperature: 0.1, seed: 1 }
    const generation = session.generate([1], options)
    await generation.result
    const normalizer = Math.log(Math.exp(5) + 63)
    expect(generation.choices.map(({ id }) => id)).toEqual([11, 11])
    for (const { logprob, top } of generation.choices) {
      expect(logprob).toBeCloseTo(-normalizer, 12)
      expect(top.map(({ id }) => id)).toEqual([7, 0])
      expect(top[0]!.logprob).toBeCloseTo(5 - normalizer, 12)
      expect(top[1]!.logprob).toBeCloseTo(-normalizer, 12)
    }
  })

  it('are none unless asked for, and none of others where 0 are', async () => {
    const run = async (logprobs: number | undefined): Promise<unknown[]> => {
      const session = new Session(fakeModel(new FakeRunner({ next: () => REPEATED })))
      const generation = session.generate([1], { maxTokens: 1, logprobs })
      await generation.result
      return generation.choices.map(({ top }) => top)
    }
    expect(await run(undefined)).toEqual([])
    expect(await run(0)).toEqual([[]])
    expect((await run(1000))[0]).toHaveLength(64)
  })
})

describe('a number that cannot be a penalty or a bias', () => {
  it.each([
    [{ frequencyPenalty: NaN }, 'frequencyPenalty'],
    [{ frequencyPenalty: Infinity }, 'frequencyPenalty'],
    [{ presencePenalty: -Infinity }, 'presencePenalty'],
    [{ logitBias: new Map([[-1, 1]]) }, 'logitBias'],
    [{ logitBias: new Map([[0.5, 1]]) }, 'logitBias'],
    [{ logitBias: new Map([[2 ** 60, 1]]) }, 'logitBias'],
    [{ logitBias: new Map([[1, NaN]]) }, 'logitBias'],
  ])('%j is refused by name', async (options, name) => {
    await expect(idsOf([1], options)).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(idsOf([1], options)).rejects.toThrow(name)
  })

  it('the first id and the last that can be have a bias', async () => {
    expect(await idsOf([1], { logitBias: new Map([[0, 9]]) }, 2)).toEqual([0, 0])
    expect(await idsOf([1], { logitBias: new Map([[63, 9]]) }, 2)).toEqual([63, 63])
    expect(await idsOf([1], { logitBias: new Map([[64, 9]]) }, 2)).toEqual([7, 7])
  })
})
