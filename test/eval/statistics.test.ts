// Statistics against closed forms, and Python's random numbers against CPython's.
import { describe, expect, it } from 'vitest'
import { PythonRandom } from '../../src/eval/python/random.js'
import { capitalized, lines } from '../../src/chat/python/string-methods.js'
import { splitWords, strip } from '../../src/chat/python/text.js'
import { codePointCount } from '../../src/chat/python/values.js'
import { intervalOf, wilson } from '../../src/eval/statistics/interval.js'
import { meanOf } from '../../src/eval/statistics/mean.js'
import { correlation, holm, mcNemar, pairedDifference } from '../../src/eval/statistics/paired.js'
import { detectableDifference } from '../../src/eval/statistics/power.js'
import { passAtK } from '../../src/eval/statistics/repeats.js'

const range = (count: number): number[] => [...Array(count).keys()]

describe("Python's random numbers", () => {
  it('draws the samples that CPython draws, from a pool and with a memory', () => {
    const random = new PythonRandom(1234)
    expect(random.sample(range(7473), 5)).toEqual([6374, 3610, 957, 61, 742])
    expect(random.sample(range(7473), 5)).toEqual([7462, 6610, 4769, 286, 5501])
    // random.Random(5).sample(range(20), 7)
    expect(new PythonRandom(5).sample(range(20), 7)).toEqual([19, 8, 11, 16, 0, 13, 7])
  })

  it('shuffles and chooses as CPython does', () => {
    const random = new PythonRandom(0)
    const items = range(4)
    random.shuffle(items)
    expect(items).toEqual([2, 0, 1, 3])
    random.shuffle(items)
    expect(items).toEqual([2, 0, 3, 1])
    const other = new PythonRandom(42)
    expect(other.random()).toBe(0.6394267984578837)
    expect(other.integer(1000000, 9999999)).toBe(1419610)
    expect(other.choices(['a', 'b', 'c'], 4)).toEqual(['c', 'a', 'a', 'a'])
  })

  it('takes seeds of more than 32 bits', () => {
    expect(new PythonRandom(2 ** 40 + 3).random()).toBe(0.21978710637116716)
  })
})

describe("Python's strings", () => {
  it('differ from ours in spaces, lines, capitals and lengths', () => {
    expect(strip('\x1c a\ufeff \x85')).toBe('a\ufeff')
    expect(strip('a \n', 'right')).toBe('a')
    expect(splitWords('  a\x1fb\u3000c ')).toEqual(['a', 'b', 'c'])
    expect(lines('a\r\nb\x0bc\u2028')).toEqual(['a', 'b', 'c'])
    expect(capitalized('the MAN')).toBe('The man')
    expect(capitalized('ßa')).toBe('Ssa')
    expect(codePointCount('a😀')).toBe(2)
  })
})

describe('means', () => {
  it('have the standard error of a sample', () => {
    // Of 0, 0, 1, 1: variance 1/3, so sqrt(1/12).
    expect(meanOf([0, 0, 1, 1])).toEqual({ value: 0.5, standardError: Math.sqrt(1 / 12) })
    expect(meanOf([1]).standardError).toBeUndefined()
  })

  it('have a larger one where documents of a cluster agree, and the same where each is its own', () => {
    const values = [1, 1, 1, 0, 0, 0]
    const own = meanOf(values, ['a', 'b', 'c', 'd', 'e', 'f']).standardError
    expect(own).toBeCloseTo(meanOf(values).standardError!, 12)
    // Two clusters with sums of deviations 1.5 and -1.5: sqrt((2.25 + 2.25) * 2 / 1) / 6.
    expect(meanOf(values, ['a', 'a', 'a', 'b', 'b', 'b']).standardError).toBe(0.5)
    expect(meanOf(values, Array<string>(6).fill('a')).standardError).toBeUndefined()
  })
})

describe('intervals', () => {
  it("are Wilson's for few documents", () => {
    // 8 of 10 by Wilson's formula: 0.4902 to 0.9433.
    const { low, high } = wilson(8, 10)
    expect([low, high].map((end) => Number(end.toFixed(4)))).toEqual([0.4902, 0.9433])
    expect(wilson(0, 10)).toMatchObject({ low: 0 })
    expect(wilson(10, 10)).toMatchObject({ high: 1 })
    const values = [...Array<number>(8).fill(1), 0, 0]
    expect(intervalOf(values, meanOf(values), false)).toEqual(wilson(8, 10))
  })

  it('are normal for many, and never leave 0 to 1 for shares near an end', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : 0))
    const estimate = meanOf(values)
    expect(intervalOf(values, estimate, false)!.high).toBeCloseTo(0.5 + 1.96 * estimate.standardError!, 4)
    const rare = Array.from({ length: 1000 }, (_, i) => (i < 2 ? 1 : 0))
    expect(intervalOf(rare, meanOf(rare), false)!.low).toBeGreaterThan(0)
  })
})

describe('paired comparisons', () => {
  it('test by what only one has right', () => {
    // 1 against 9: 2 * (1 + 10) / 2^10.
    expect(mcNemar(1, 9)).toBeCloseTo(22 / 1024, 12)
    expect(mcNemar(0, 0)).toBe(1)
    expect(mcNemar(5, 5)).toBe(1)
    expect(mcNemar(0, 2000)).toBeLessThan(1e-300)
  })

  it('give a difference with two intervals that agree', () => {
    const a = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0))
    const b = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : 0))
    const found = pairedDifference(a, b)
    expect(found).toMatchObject({ count: 400, difference: 0.25, onlyA: 0, onlyB: 100 })
    expect(found.interval!.low).toBeCloseTo(found.bootstrap.low, 1)
    expect(found.interval!.high).toBeCloseTo(found.bootstrap.high, 1)
    expect(pairedDifference(a, b).bootstrap).toEqual(found.bootstrap)
  })

  it('are corrected where there are several', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
    expect(correlation([0, 1, 0, 1], [0, 1, 0, 1])).toBeCloseTo(1, 12)
    expect(correlation([1, 1], [0, 1])).toBe(0)
  })

  it('cannot show less than the number of documents allows', () => {
    const points = [14042, 1319, 541, 198, 164, 30].map((n) => Number((100 * detectableDifference(n)).toFixed(1)))
    expect(points).toEqual([1.2, 3.9, 6.0, 10.0, 10.9, 25.6])
  })
})

it('passes at k as the definition by binomials says', () => {
  expect(passAtK(10, 3, 1)).toBeCloseTo(0.3, 12)
  // 1 - C(7, 2) / C(10, 2)
  expect(passAtK(10, 3, 2)).toBeCloseTo(1 - 21 / 45, 12)
  expect(passAtK(5, 4, 2)).toBe(1)
  expect(passAtK(2, 1, 4)).toBeNaN()
})
