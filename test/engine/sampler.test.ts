import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { GREEDY, argmax, checkSampling, sample, type Sampling } from '../../src/engine/sample/sampler.js'
import { ScoredTokens } from '../../src/engine/sample/scored-tokens.js'
import { countOf, onlyIdOf } from '../../src/engine/sample/token-set.js'
import { UserError } from '../../src/errors.js'

const plain: Sampling = { ...GREEDY, temperature: 1 }
const logitsArbitrary = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values))
const samplingArbitrary: fc.Arbitrary<Sampling> = fc.record({
  temperature: fc.constantFrom(0, 0.1, 0.7, 1, 3),
  topK: fc.integer({ min: 0, max: 70 }),
  topP: fc.constantFrom(0.01, 0.3, 0.9, 0.999, 1),
  minP: fc.constantFrom(0, 0.05, 0.5, 1),
  repetitionPenalty: fc.constantFrom(1, 1.3, 0.8),
})

/** The definition, in the slowest way: every filter on the whole sorted list. */
function allowed(logits: Float32Array, sampling: Sampling, seen: number[]): Set<number> {
  const scores = logits.slice()
  for (const id of new Set(seen)) {
    const score = logits[id]
    if (score !== undefined)
      scores[id] = score < 0 ? score * sampling.repetitionPenalty : score / sampling.repetitionPenalty
  }
  let ids = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b)
  if (sampling.temperature === 0) return new Set(ids.slice(0, 1))
  const weight = (id: number): number => Math.exp((scores[id]! - scores[ids[0]!]!) / sampling.temperature)
  if (sampling.topK > 0) ids = ids.slice(0, sampling.topK)
  const total = ids.reduce((sum, id) => sum + weight(id), 0)
  let before = 0
  // A little slack: the two ways add in another order.
  ids = ids.filter((id) => {
    const keep = before === 0 || before < sampling.topP * total * (1 + 1e-12)
    before += weight(id)
    return keep
  })
  return new Set(ids.filter((id) => weight(id) >= sampling.minP * (1 - 1e-12)))
}

describe('sample', () => {
  it('stays inside of what the filters allow, and leaves the logits as they are', () => {
    fc.assert(
      fc.property(
        logitsArbitrary,
        samplingArbitrary,
        fc.array(fc.nat(70), { maxLength: 5 }),
        fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
        (logits, sampling, seen, u) => {
          const before = logits.slice()
          expect(allowed(logits, sampling, seen)).toContain(sample(logits, sampling, seen, u))
          expect(logits).toEqual(before)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('takes the lowest of equal ids when greedy', () => {
    expect(sample(Float32Array.of(1, 7, 7, 3), GREEDY, [], 0.99)).toBe(1)
  })

  it('draws with the probabilities of the softmax', () => {
    const logits = Float32Array.from([0, Math.log(2), Math.log(5)])
    const counts = [0, 0, 0]
    for (let i = 0; i < 800; i++) counts[sample(logits, plain, [], (i + 0.5) / 800)]!++
    expect(counts).toEqual([100, 200, 500])
  })

  it('keeps exactly k of many equal logits, the lowest ids', () => {
    const logits = new Float32Array(1000)
    const drawn = new Set(Array.from({ length: 400 }, (_, i) => sample(logits, { ...plain, topK: 4 }, [], i / 400)))
    expect([...drawn].sort()).toEqual([0, 1, 2, 3])
  })

  it('takes the smallest nucleus: the token that reaches p is in it', () => {
    const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05].map(Math.log))
    const reach = (topP: number): number =>
      new Set(Array.from({ length: 200 }, (_, i) => sample(logits, { ...plain, topP }, [], i / 200))).size
    expect([0.01, 0.45, 0.6, 0.9, 1].map(reach)).toEqual([1, 1, 2, 3, 4])
  })

  it('measures the nucleus on what top-k left', () => {
    // Alone, 0.4 and 0.3 are below 0.75; of the two that top-k keeps, the first is 0.57 and both are needed.
    const logits = Float32Array.from([0.4, 0.3, 0.2, 0.1].map(Math.log))
    const drawn = (topP: number): Set<number> =>
      new Set(Array.from({ length: 100 }, (_, i) => sample(logits, { ...plain, topK: 2, topP }, [], i / 100)))
    expect(drawn(0.5)).toEqual(new Set([0]))
    expect(drawn(0.75)).toEqual(new Set([0, 1]))
  })

  it('penalises what was seen: positive logits shrink, negative ones grow', () => {
    expect(sample(Float32Array.of(2, 1.9), { ...GREEDY, repetitionPenalty: 1.2 }, [0], 0)).toBe(1)
    expect(sample(Float32Array.of(-1, -1.1), { ...GREEDY, repetitionPenalty: 1.2 }, [0], 0)).toBe(1)
  })

  it('leaves impossible tokens alone', () => {
    const logits = Float32Array.of(-Infinity, 0, -Infinity)
    for (const sampling of [plain, { ...plain, topK: 3 }, { ...plain, topP: 0.9 }, { ...plain, topK: 2 }])
      for (const u of [0, 0.5, 1 - 2 ** -53]) expect(sample(logits, sampling, [], u)).toBe(1)
  })

  it.each([
    ['NaN', Float32Array.of(1, NaN, 2)],
    ['NaN', Float32Array.of(NaN)],
    ['Infinity', Float32Array.of(1, Infinity)],
    ['-Infinity', Float32Array.of(-Infinity, -Infinity)],
  ])('refuses %s', (found, logits) => {
    expect(() => argmax(logits)).toThrow(UserError)
    expect(() => sample(logits, plain, [], 0.5)).toThrow(found)
  })
})

/** The set of these ids, with a few words of room. */
function setOf(ids: readonly number[], words = 3): Int32Array {
  const set = new Int32Array(words)
  for (const id of ids) set[id >> 5]! |= 1 << (id & 31)
  return set
}

describe('of the ids that are allowed', () => {
  it('draws as from logits in which all others are impossible', () => {
    fc.assert(
      fc.property(
        logitsArbitrary,
        samplingArbitrary,
        fc.array(fc.nat(59), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(70), { maxLength: 5 }),
        fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
        (logits, sampling, ids, seen, u) => {
          const own = ids.filter((id) => id < logits.length)
          fc.pre(own.length > 0)
          const masked = logits.map((score, id) => (own.includes(id) ? score : -Infinity))
          // Ids beyond the logits may be in the set.
          expect(sample(logits, sampling, seen, u, setOf([...ids, 80]))).toBe(sample(masked, sampling, seen, u))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('says that nothing is allowed, not that the weights are damaged', () => {
    for (const sampling of [GREEDY, plain, { ...plain, topK: 1 }])
      expect(() => sample(Float32Array.of(1, 2), sampling, [], 0.5, new Int32Array(1))).toThrow(
        expect.objectContaining({
          code: 'invalid_grammar',
          message: expect.stringContaining('cannot continue') as string,
        }),
      )
    expect(() => sample(Float32Array.of(1, NaN), GREEDY, [], 0.5, setOf([0, 1]))).toThrow(/damaged/)
    expect(sample(Float32Array.of(1, NaN), GREEDY, [], 0.5, setOf([0]))).toBe(0)
  })

  it('are counted and listed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(95), { minLength: 1 }), (ids) => {
        const set = setOf(ids)
        const rising = [...ids].sort((a, b) => a - b)
        expect(countOf(set)).toBe(ids.length)
        expect(onlyIdOf(set)).toBe(ids.length === 1 ? ids[0] : undefined)
        const tokens = new ScoredTokens(new Float32Array(96), set)
        expect(tokens.size).toBe(ids.length)
        expect([...tokens.from(-1)]).toEqual(rising)
        expect(tokens.best()).toBe(rising[0])
        // Ids beyond the scores are none.
        const below = rising.filter((id) => id < 40)
        const fewer = new ScoredTokens(new Float32Array(40), set)
        expect([...fewer.from(-1)]).toEqual(below)
        expect(fewer.size).toBe(below.length)
      }),
    )
  })
})

describe('checkSampling', () => {
  it.each([
    ['temperature', -1],
    ['temperature', NaN],
    ['topK', 1.5],
    ['topK', -1],
    ['topP', 0],
    ['topP', 1.1],
    ['minP', -0.1],
    ['repetitionPenalty', 0],
    ['repetitionPenalty', 1e-320],
    ['repetitionPenalty', 1000],
  ])('names %s = %s', (name, value) => {
    expect(() => checkSampling({ ...plain, [name]: value })).toThrow(name)
  })
})

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, others for others', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed))
    expect(draw(42)).toEqual(draw(42))
    expect(new Set([0, 1, 2, -1, 2 ** 32, 2 ** 40].map((seed) => draw(seed)[0])).size).toBe(6)
  })

  it('is uniform in [0, 1)', () => {
    const random = seededRandom(7)
    const bins = new Array<number>(10).fill(0)
    for (let i = 0; i < 20_000; i++) bins[Math.floor(random() * 10)]!++
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })
})
