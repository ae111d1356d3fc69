import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/engine/sample/random.js'
import { accepts, automatonOf, randomText } from './texts.js'

/** Texts with up to three digits before the point and two after it, and some with exponents. */
const TEXTS = [
  ...Array.from({ length: 1000 }, (_, n) => [`${n}`, `-${n}`, `${n}.5`, `-${n}.25`]).flat(),
  ...Array.from({ length: 200 }, (_, n) => [`0.${n}`, `-0.${n}`, `1.${n}`, `9.${n}`]).flat(),
  ...['1e-7', '2.5e-7', '1e+21', '1.5e+30', '3e+38', '3.5e+38', '-3e+38', '5e-324', '1.7976931348623157e+308', '9e307'],
]

interface Range {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
}

function holds(value: number, range: Range): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = range
  return value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum
}

const RANGES: readonly Range[] = [
  ...[[0, 100], [-20, 7], [-305, -99], [18, 19], [999, 100_001], [-1, 1], [0, 0], [7, 7]].map(([minimum, maximum]) => ({ minimum: minimum!, maximum: maximum! })), // prettier-ignore
  ...[[0.1, 0.5], [-0.75, -0.7], [3.2, 17], [-1.5, 1.5], [0.25, 0.25], [1.01, 1.02]].map(([minimum, maximum]) => ({ minimum: minimum!, maximum: maximum! })), // prettier-ignore
  { minimum: 5 },
  { maximum: -5 },
  { exclusiveMinimum: 0, exclusiveMaximum: 1 },
  { exclusiveMinimum: 3, exclusiveMaximum: 5 },
  { minimum: 2, exclusiveMinimum: 2 },
  { minimum: -3.4e38, maximum: 3.4e38 },
  { minimum: 1e25 },
  { exclusiveMinimum: 0, maximum: 3e-7 },
  { maximum: 1e-320, exclusiveMinimum: 0 },
]

describe('numbers between bounds', () => {
  it.each(RANGES)('%j', async (range) => {
    const automaton = await automatonOf({ type: 'number', ...range }, { properties: 'any' })
    // Nobody writes -0, nor more digits than asked for.
    const texts = TEXTS.filter((text) => !(Number(text) === 0 && text.startsWith('-')))
    expect(texts.filter((text) => accepts(automaton, text) !== holds(Number(text), range))).toEqual([])
  })

  it.each(
    RANGES.filter(
      ({ minimum = 0, maximum = 1 }) =>
        Math.ceil(minimum) <= Math.floor(maximum) && maximum !== 1e-320 && minimum !== 1e25,
    ),
  )('whole: %j', async (range) => {
    const whole = { type: 'integer', ...range }
    if ([0, 3].includes(range.exclusiveMinimum ?? -1) && range.exclusiveMaximum !== 5) return
    const automaton = await automatonOf(whole)
    const texts = TEXTS.filter((text) => !text.includes('e') && text !== '-0')
    const taken = texts.filter((text) => !text.includes('.') && holds(Number(text), range))
    expect(texts.filter((text) => accepts(automaton, text))).toEqual(taken)
  })

  it('read as numbers within the bounds, however many digits are written', async () => {
    const random = seededRandom(3)
    const close: readonly Range[] = [
      { minimum: 99_999_999, exclusiveMaximum: 100_000_000 },
      { exclusiveMinimum: 0, maximum: 1e-300 },
      { minimum: 0.30000000000000004, exclusiveMaximum: 0.3000000000000001 },
      { minimum: 2 ** 53, maximum: 2 ** 63 },
      { minimum: -1.7976931348623157e308 },
    ]
    for (const range of close) {
      const automaton = await automatonOf({ type: 'number', ...range })
      for (let i = 0; i < 100; i++) {
        const text = randomText(automaton, random)!
        expect(holds(Number(text), range) && Number.isFinite(Number(text)), `${text} ${JSON.stringify(range)}`).toBe(
          true,
        )
      }
    }
  })

  it('have no more digits than asked for', async () => {
    const automaton = await automatonOf({ type: 'number' }, { digits: { whole: 2, decimals: 1, exponent: 0 } })
    for (const text of ['0', '12', '-12.5']) expect(accepts(automaton, text), text).toBe(true)
    for (const text of ['123', '1.25', '1e1', '01', '-', '1.']) expect(accepts(automaton, text), text).toBe(false)
  })
})

describe('multiples', () => {
  it.each<[Range, string]>([
    [{ multipleOf: 3 }, 'integer'],
    [{ multipleOf: 7, minimum: -50, maximum: 800 }, 'integer'],
    [{ multipleOf: 1, minimum: 3 }, 'number'],
    [{ multipleOf: 0.5 }, 'number'],
    [{ multipleOf: 0.25, minimum: -3, maximum: 12.3 }, 'number'],
    [{ multipleOf: 100 }, 'number'],
    [{ multipleOf: 0.25, minimum: 0.3, maximum: 900 }, 'number'],
  ])('%j', async (range, type) => {
    const automaton = await automatonOf({ type, ...range })
    for (const text of TEXTS) {
      const value = Number(text)
      const decimals = text.split('.')[1]?.length ?? 0
      const most = (String(range.multipleOf).split('.')[1] ?? '').length
      if (text.includes('e') || (value === 0 && text.startsWith('-')) || decimals > most) continue
      const listed = holds(value, range) && Number.isInteger((value * 100) / (range.multipleOf! * 100))
      // A few multiples are written out, without zeros at the end.
      expect(accepts(automaton, text) ? listed : !listed || String(value) !== text, text).toBe(true)
    }
    expect(accepts(automaton, String(range.multipleOf!))).toBe(holds(range.multipleOf!, range))
  })

  it('of two steps, and of none', async () => {
    const both = await automatonOf({ type: 'integer', allOf: [{ multipleOf: 4 }, { multipleOf: 6 }], minimum: 1 })
    const none = await automatonOf({ type: 'integer', not: { multipleOf: 3 }, minimum: 1 })
    const numbers = Array.from({ length: 1999 }, (_, i) => i + 1)
    expect(numbers.filter((n) => accepts(both, String(n)))).toEqual(numbers.filter((n) => n % 12 === 0))
    expect(numbers.filter((n) => accepts(none, String(n)))).toEqual(numbers.filter((n) => n % 3 !== 0))
  })

  it('of large steps, with bounds, have no dead ends', async () => {
    const random = seededRandom(5)
    for (const step of [999_983, 12_345.67, 1e20]) {
      const automaton = await automatonOf({ type: 'number', multipleOf: step, minimum: -3e20, maximum: 1e20 })
      for (let i = 0; i < 30; i++) {
        const value = Number(randomText(automaton, random))
        expect(Math.abs(value / step - Math.round(value / step)), String(value)).toBeLessThan(1e-3)
      }
    }
  })
})
