import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { GREEDY, sample, type Sampling } from '../../src/engine/sample/sampler.js'
import { topIds } from '../../src/engine/sample/scored-tokens.js'

const plain: Sampling = { ...GREEDY, temperature: 1 }

/** How finely the unit interval of the random number is cut: all draws together are the distribution. */
const DRAWS = 5000

/** Shares of each id over the whole unit interval, to within 1 / DRAWS for each of its borders. */
function shares(logits: Float32Array, sampling: Sampling): number[] {
  const counts = new Array<number>(logits.length).fill(0)
  for (let i = 0; i < DRAWS; i++) counts[sample(logits, sampling, [], (i + 0.5) / DRAWS)]!++
  return counts.map((count) => count / DRAWS)
}

/** The definition of each filter, in the order of {@link Sampling}: what is left is drawn by its probability. */
function defined(logits: Float32Array, { temperature, topK, topP, minP }: Sampling): number[] {
  const max = Math.max(...logits)
  const weights = Array.from(logits, (logit) => Math.exp((logit - max) / temperature))
  const falling = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b)
  const some = topK === 0 ? falling : falling.slice(0, topK)
  const nucleus: number[] = []
  const total = sum(some.map((id) => weights[id]!))
  for (const id of some)
    if (nucleus.length === 0 || sum(nucleus.map((n) => weights[n]!)) < topP * total) nucleus.push(id)
  const kept = nucleus.filter((id) => weights[id]! >= minP)
  const mass = sum(kept.map((id) => weights[id]!))
  return weights.map((weight, id) => (kept.includes(id) ? weight / mass : 0))
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const logs = (...weights: number[]): Float32Array => Float32Array.from(weights, Math.log)

function expectShares(logits: Float32Array, sampling: Sampling, expected: readonly number[]): void {
  const found = shares(logits, sampling)
  const far = found.findIndex((share, id) => Math.abs(share - expected[id]!) > 1.5 / DRAWS)
  expect(far, `id ${far}: expected ${expected[far]}, found ${found[far]}; ${JSON.stringify(sampling)}`).toBe(-1)
}

describe('each filter leaves exactly its distribution', () => {
  const logits = logs(4, 1, 8, 2, 1)
  it.each([
    ['temperature 1', {}, [4 / 16, 1 / 16, 8 / 16, 2 / 16, 1 / 16]],
    ['temperature 1/2 squares', { temperature: 0.5 }, [16 / 86, 1 / 86, 64 / 86, 4 / 86, 1 / 86]],
    [
      'temperature 2 takes roots',
      { temperature: 2 },
      [2, 1, 8 ** 0.5, 2 ** 0.5, 1].map((w) => w / (4 + 1.5 * 8 ** 0.5)),
    ],
    ['top-k 2', { topK: 2 }, [4 / 12, 0, 8 / 12, 0, 0]],
    ['top-k 1', { topK: 1 }, [0, 0, 1, 0, 0]],
    ['top-k of the whole vocabulary', { topK: 5 }, [4 / 16, 1 / 16, 8 / 16, 2 / 16, 1 / 16]],
    ['top-k beyond the vocabulary', { topK: 9 }, [4 / 16, 1 / 16, 8 / 16, 2 / 16, 1 / 16]],
    ['top-p 0.8: three quarters are not enough', { topP: 0.8 }, [4 / 14, 0, 8 / 14, 2 / 14, 0]],
    ['top-p 0.4: the first alone', { topP: 0.4 }, [0, 0, 1, 0, 0]],
    ['min-p 0.2', { minP: 0.2 }, [4 / 14, 0, 8 / 14, 2 / 14, 0]],
    ['min-p 1: what is as likely as the best', { minP: 1 }, [0, 0, 1, 0, 0]],
  ] as const)('%s', (_, filter, expected) => {
    expectShares(logits, { ...plain, ...filter }, expected)
  })

  it('top-k among equals keeps the lowest ids, as torch.topk on the host does', () => {
    const equals = logs(1, 3, 3, 1, 3, 1)
    expectShares(equals, { ...plain, topK: 2 }, [0, 1 / 2, 1 / 2, 0, 0, 0])
    expectShares(equals, { ...plain, topK: 4 }, [0.1, 0.3, 0.3, 0, 0.3, 0])
    expect([...topIds(equals, 5)]).toEqual([1, 2, 4, 0, 3])
    // The worst of the first k leaves, whichever of its equals comes later.
    expect([...topIds(logs(2, 1, 1, 2, 9), 3)]).toEqual([4, 0, 3])
    expect([...topIds(logs(1, 1, 1, 2, 2), 3)]).toEqual([3, 4, 0])
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, fc.nat(), (scores, some) => {
        const k = 1 + (some % scores.length)
        const falling = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b)
        expect([...topIds(Float32Array.from(scores), k)]).toEqual(falling.slice(0, k))
      }),
      { numRuns: 300 },
    )
  })

  it('a nucleus among equals ends at the lowest ids too', () => {
    expectShares(logs(1, 1, 1, 1), { ...plain, topP: 0.6 }, [1 / 3, 1 / 3, 1 / 3, 0])
    expectShares(logs(1, 2, 2, 2, 1), { ...plain, topP: 0.4 }, [0, 1 / 2, 1 / 2, 0, 0])
  })

  it('a nucleus ends at the token that reaches p, not after it', () => {
    expectShares(logs(4, 2, 1, 1), { ...plain, topP: 0.5 }, [1, 0, 0, 0])
    expectShares(logs(4, 2, 1, 1), { ...plain, topP: 0.75 }, [4 / 6, 2 / 6, 0, 0])
    expectShares(logs(1, 1, 1, 1), { ...plain, topK: 2, topP: 0.5 }, [1, 0, 0, 0])
  })

  it('min-p keeps what has exactly that share of the best, whatever else filters', () => {
    // Temperature 1 of logits 0 and log(1/4) would round; these weights are exp(0) and exp(-1) in both.
    const bound = Math.exp(-1)
    const two = Float32Array.of(0, -1, -2)
    const both = [1 / (1 + bound), bound / (1 + bound), 0]
    for (const filter of [{}, { topK: 2 }, { topP: 0.999 }]) {
      expectShares(two, { ...plain, ...filter, minP: bound }, both)
      expectShares(two, { ...plain, ...filter, minP: bound * (1 + 1e-9) }, [1, 0, 0])
    }
  })

  it('measures the nucleus on what top-k left, not on the tail that it cut off', () => {
    // Half of all is 8 of 16, which two tokens reach; half of the three that are left is 6 of 12, which two reach only together.
    expectShares(logs(5, 4, 3, 2, 2), { ...plain, topK: 3, topP: 0.5 }, [5 / 9, 4 / 9, 0, 0, 0])
    // Of four equals with a long tail, 0.5 of the four is two; 0.5 of all would be all four.
    const tail = logs(1, 1, 1, 1, ...new Array<number>(12).fill(0.5))
    expectShares(tail, { ...plain, topK: 4, topP: 0.5 }, [1 / 2, 1 / 2, ...new Array<number>(14).fill(0)])
  })

  it('measures min-p after the nucleus, by the best of all', () => {
    expectShares(logs(8, 4, 2, 1), { ...plain, topP: 0.95, minP: 0.3 }, [2 / 3, 1 / 3, 0, 0])
  })

  it('gives the distribution of the definition for any filters together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 9 }),
        fc.constantFrom(0.5, 1, 2),
        fc.integer({ min: 0, max: 10 }),
        fc.constantFrom(0.05, 0.31, 0.62, 0.87, 0.99, 1),
        fc.constantFrom(0, 0.03, 0.33, 0.7, 1),
        (values, temperature, topK, topP, minP) => {
          const logits = Float32Array.from(values)
          const sampling = { ...plain, temperature, topK, topP, minP }
          expectShares(logits, sampling, defined(logits, sampling))
        },
      ),
      { numRuns: 150 },
    )
  })

  it('a penalty divides or multiplies what was seen, once, and nothing else', () => {
    const logits = Float32Array.of(1, 1, -1, -1, 0)
    const penalised = Float32Array.of(0.5, 1, -2, -1, 0)
    for (const seen of [
      [0, 2, 4, 77],
      [2, 0, 4],
    ]) {
      for (let i = 0; i < 50; i++) {
        const u = (i + 0.5) / 50
        expect(sample(logits, { ...plain, repetitionPenalty: 2 }, seen, u)).toBe(sample(penalised, plain, [], u))
      }
    }
  })

  it('never draws what is impossible, at the very ends of the interval', () => {
    const logits = Float32Array.of(-Infinity, 0, -Infinity, 0, -Infinity)
    for (const filter of [{}, { topK: 4 }, { topP: 0.999 }, { minP: 0.1 }]) {
      expect(sample(logits, { ...plain, ...filter }, [], 0)).toBe(1)
      expect(sample(logits, { ...plain, ...filter }, [], 1 - 2 ** -53)).toBe(3)
    }
  })
})

describe('work', () => {
  /** Logits whose reads are counted. */
  function counted(size: number): { logits: Float32Array; reads: () => number } {
    const random = seededRandom(1)
    const values = Float32Array.from({ length: size }, () => 10 * random() - 5)
    let reads = 0
    const logits = new Proxy(values, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    return { logits, reads: () => reads }
  }

  it.each([
    ['no filter', plain],
    ['top-k 50', { ...plain, topK: 50 }],
    ['top-p 0.9', { ...plain, topP: 0.9 }],
  ])('%s reads each logit a few times, and does not sort the vocabulary', (_, sampling) => {
    const size = 30_000
    const { logits, reads } = counted(size)
    sample(logits, sampling, [], 0.5)
    // Sorting all of it would read 2 * log2(size), that is 30 times as many.
    expect(reads()).toBeLessThan(18 * size)
  })
})
