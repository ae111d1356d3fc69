// Rows of large vocabularies: kernels/sample next to plain loops in double precision.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/engine/sample/random.js'
import { scanRow, scanShort } from '../../src/engine/sample/row-scan.js'
import { GREEDY, sample, type Sampling } from '../../src/engine/sample/sampler.js'
import { ScoredTokens } from '../../src/engine/sample/scored-tokens.js'
import { logProbability } from '../../src/engine/sample/likelihood.js'

const LENGTHS = [4096, 5001, 32_000 + 7, 262_144, 4097]

/** Logits [size] from -60 to 30, most of them small. */
function rowOf(size: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  return Float32Array.from({ length: size }, () => 30 - 90 * Math.sqrt(random()))
}

/** `few` at random places of a long row in which nothing else may come, and their places, rising. */
function spread(few: Float32Array, seed: number): { long: Float32Array; places: number[] } {
  const random = seededRandom(seed)
  const places = new Set<number>()
  while (places.size < few.length) places.add(Math.floor(random() * 5003))
  const rising = [...places].sort((a, b) => a - b)
  const long = new Float32Array(5003).fill(-Infinity)
  rising.forEach((place, i) => (long[place] = few[i]!))
  return { long, places: rising }
}

describe.each(LENGTHS)('a row of %i', (size) => {
  const row = rowOf(size, size)
  const largest = row.reduce((a, b) => Math.max(a, b))

  it('has the largest logit of each 32', () => {
    expect([...scanRow(row).maxima]).toEqual([...scanShort(row).maxima])
  })

  it.each([0.25, 1, 3])('has the weights at temperature %d, and their sums', (temperature) => {
    const { weights, sums } = scanRow(row).weigh(largest, temperature)
    const exact = scanShort(row).weigh(largest, temperature)
    expect(weights.length).toBe(size)
    // Of a difference to the largest, up to 90 / temperature, 2^-24 is lost when it is rounded.
    const bound = (logit: number): number => 3e-7 + ((largest - logit) / temperature) * 2 ** -22
    const far = exact.weights.findIndex((weight, id) =>
      weight < 1e-37 ? weights[id]! > 1e-37 : Math.abs(weights[id]! / weight - 1) > bound(row[id]!),
    )
    expect(far, `${weights[far]}, not ${exact.weights[far]}`).toBe(-1)
    const total = Array.from(exact.sums).reduce((a, b) => a + b)
    sums.forEach((sum, block) => {
      if (Math.abs(sum - exact.sums[block]!) > 1e-6 * total)
        expect.fail(`sum ${block}: ${sum}, not ${exact.sums[block]}`)
    })
  })

  it('has the log probabilities of the definition', () => {
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
    for (const id of [0, 77, size - 1])
      expect(Math.abs(logProbability(row, id) - (row[id]! - largest - Math.log(total)))).toBeLessThan(1e-6)
  })

  it('has its k largest tokens, of all and of a set', () => {
    const set = Int32Array.from({ length: Math.ceil(size / 32) }, (_, i) => [0, -1, 0x0f0f0f0f, -1][i % 4]!)
    const isIn = (id: number): boolean => ((set[id >> 5]! >>> (id & 31)) & 1) === 1
    const falling = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b)
    for (const k of [1, 20, 3000]) {
      expect([...new ScoredTokens(row).largest(k)]).toEqual(falling.slice(0, k))
      const some = falling.filter(isIn).slice(0, Math.min(k, 2000))
      expect([...new ScoredTokens(row, set).largest(some.length)]).toEqual(some)
    }
    expect(new ScoredTokens(row, set).best()).toBe(falling.find(isIn))
  })
})

describe('what is drawn from a long row', () => {
  const logits = fc
    .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 })
    .map((values) => Float32Array.from(values))
  const sampling: fc.Arbitrary<Sampling> = fc.record({
    temperature: fc.constantFrom(0, 0.1, 0.7, 1, 3),
    topK: fc.integer({ min: 0, max: 70 }),
    topP: fc.constantFrom(0.013, 0.31, 0.907, 0.9993, 1),
    minP: fc.constantFrom(0, 0.0513, 0.507, 1),
    repetitionPenalty: fc.constantFrom(1, 1.3),
  })

  it('is what is drawn from its tokens alone, but for draws within rounding of a border', () => {
    let draws = 0
    let others = 0
    fc.assert(
      fc.property(
        logits,
        sampling,
        fc.nat(),
        fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
        (few, given, seed, u) => {
          const { long, places } = spread(few, seed)
          // As many as there are would be no limit in the shorter row, and one in the longer.
          const options = { ...given, topK: given.topK % few.length }
          draws++
          const drawn = places.indexOf(sample(long, options, [], u))
          expect(drawn).toBeGreaterThanOrEqual(0)
          if (drawn !== sample(few, options, [], u)) others++
        },
      ),
      { numRuns: 1000 },
    )
    // A border within 1e-6 of the random number: one in thousands.
    expect(others).toBeLessThanOrEqual(draws / 200)
  })

  it('has the shares of the softmax', () => {
    const row = new Float32Array(4999).fill(-Infinity)
    const shares = new Map([
      [0, 1],
      [31, 2],
      [32, 5],
      [4998, 8],
    ])
    for (const [id, share] of shares) row[id] = Math.log(share)
    for (const options of [{}, { topP: 0.99999 }, { minP: 0.01 }, { topK: 4 }]) {
      const counts = new Map<number, number>()
      for (let i = 0; i < 1600; i++) {
        const id = sample(row, { ...GREEDY, temperature: 1, ...options }, [], (i + 0.5) / 1600)
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      for (const [id, share] of shares) expect(counts.get(id)).toBe(share * 100)
    }
  })

  it('is among the tokens that may come, also where larger ones may not', () => {
    const row = rowOf(5003, 3)
    row[40] = 200
    const set = new Int32Array(Math.ceil(5003 / 32)).fill(-1)
    set[1] = ~(1 << 8)
    const without = row.map((logit, id) => (id === 40 ? -Infinity : logit))
    for (const options of [{}, { topP: 0.9 }, { minP: 0.1 }, { topK: 50 }])
      for (let i = 0; i < 50; i++) {
        const all = { ...GREEDY, temperature: 1.5, ...options }
        expect(sample(row, all, [], (i + 0.5) / 50, set)).toBe(sample(without, all, [], (i + 0.5) / 50))
      }
  })

  it('says which logit is damaged', () => {
    const row = rowOf(5003, 3)
    row[4711] = NaN
    expect(() => sample(row, GREEDY, [], 0)).toThrow('NaN for token 4711')
    expect(() => sample(row.fill(-Infinity), GREEDY, [], 0)).toThrow('-Infinity')
    expect(() => sample(row.fill(Infinity, 7, 8), GREEDY, [], 0)).toThrow('Infinity')
  })

  it('keeps equals at a temperature near 0', () => {
    const row = rowOf(5003, 3)
    for (const id of [17, 4000]) row[id] = 50
    const drawn = [0.25, 0.75].map((u) => sample(row, { ...GREEDY, temperature: 1e-300 }, [], u))
    expect(drawn).toEqual([17, 4000])
  })
})
