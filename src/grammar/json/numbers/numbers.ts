/**
 * Numbers between bounds, as JSON writes them. All that is matched reads, in double precision, as a number within the bounds:
 * reading is monotone, and bounds are the shortest decimals of double precision numbers.
 */
import {
  chars,
  choice,
  EMPTY,
  NEVER,
  optional,
  repeat,
  sequence,
  text,
  without,
  type Node,
} from '../../syntax/nodes.js'
import {
  compareDecimals,
  decimalOf,
  leastCommonMultiple,
  magnitudeOf,
  negated,
  unitsOf,
  ZERO,
  type Decimal,
} from './decimals.js'
import { decimalsBetween, DIGIT, once, wholesBetween, type SharedNodes } from './digits.js'
import type { Digits } from '../style/options.js'
import { multiplesNode } from './remainders.js'

/** Bounds are included; those that are excluded are the next double precision number inside. */
export interface NumberSet {
  readonly minimum: Decimal | undefined
  readonly maximum: Decimal | undefined
  /** Each number is a multiple of all of these. */
  readonly steps: readonly Decimal[]
  /** And of none of these. */
  readonly notSteps: readonly Decimal[]
}

export interface NumberOptions {
  readonly digits: Digits
  /** Whether whole numbers may have an exponent where JSON.stringify writes one: from 10^21. */
  readonly wholeExponents: boolean
  /** Whether there may be only digits that double precision tells apart. */
  readonly exact?: boolean
  /** What numbers of the same grammar share. */
  readonly shared: SharedNodes
}

export const ONE: Decimal = { digits: 1n, exponent: 0 }
const LARGEST = decimalOf(Number.MAX_VALUE)
const SMALLEST = decimalOf(Number.MIN_VALUE)
/** From ten to this power on, JSON.stringify writes an exponent. */
const PLAIN_DIGITS = 21
/** Decimals that bounds may ask for beyond the usual ones. */
const MOST_DECIMALS = 25
/** So few multiples are written out. */
const MOST_LISTED = 500
/** Multiples of a step have at most this many digits, which double precision tells apart. */
const EXACT_DIGITS = 15
const EXACT_WHOLE = 9

/** The numbers of `set`; NEVER where there are none. */
export function numberNode(set: NumberSet, given: NumberOptions): Node {
  const options = set.notSteps.length === 0 ? given : told(given, set.steps.length === 0)
  const step = set.steps.length === 0 ? undefined : set.steps.reduce(leastCommonMultiple)
  const node =
    step === undefined
      ? decimals(set, options)
      : step.digits === 1n && step.exponent === 0
        ? integers(set, options)
        : multiples(set, step, options)
  return set.notSteps.reduce((rest, not) => without(rest, everyMultiple(not, given.digits)), node)
}

/** Multiples are told by their digits: without an exponent, and only as many as double precision tells apart. */
function told({ digits: { whole, decimals: places }, shared }: NumberOptions, decimal: boolean): NumberOptions {
  const most = decimal ? EXACT_WHOLE : EXACT_DIGITS
  const digits = { whole: Math.min(whole, most), decimals: Math.min(places, EXACT_DIGITS - EXACT_WHOLE), exponent: 0 }
  return { digits, wholeExponents: false, exact: true, shared }
}

/** Any number. */
export function anyNumber({ whole, decimals: most, exponent }: Digits, shared: SharedNodes = new Map()): Node {
  const natural = choice([text('0'), sequence(chars([[49, 57]]), repeat(DIGIT, 0, whole - 1))])
  const fraction = most === 0 ? EMPTY : optional(sequence(text('.'), repeat(DIGIT, 1, most)))
  const short = exponent === 0 ? EMPTY : optional(sequence(E, SIGN, repeat(DIGIT, 1, Math.min(2, exponent))))
  const long = exponent < 3 ? NEVER : withExponent(ZERO, LARGEST, most, exponent, shared)
  return sequence(optional(text('-')), choice([sequence(natural, fraction, short), long]))
}

const E = chars([[69, 69], [101, 101]]) // prettier-ignore
const PLUS = optional(text('+'))
const SIGN = optional(chars([[43, 43], [45, 45]])) // prettier-ignore

function decimals({ minimum, maximum }: NumberSet, { digits, exact = false, shared }: NumberOptions): Node {
  if (minimum === undefined && maximum === undefined) return anyNumber(digits, shared)
  return signed(minimum, maximum, (low, high) => {
    const bounded = Math.max(digits.decimals, ...[minimum, maximum].map(decimalsOf))
    const most = Math.min(wholeDigits(minimum, maximum, digits), exact ? EXACT_DIGITS : Infinity)
    const places = exact ? Math.min(bounded, EXACT_DIGITS - most) : bounded
    return choice([
      plain(low, high, places, most, shared),
      withExponent(low, high, mantissaDigits(low, high, digits), digits.exponent, shared),
    ])
  })
}

function integers({ minimum, maximum }: NumberSet, { digits, wholeExponents, exact, shared }: NumberOptions): Node {
  const most = Math.min(wholeDigits(minimum, maximum, digits), exact ? EXACT_DIGITS : Infinity)
  const beyond = [
    minimum && compareDecimals(minimum, ZERO) > 0 ? minimum : undefined,
    maximum && compareDecimals(maximum, ZERO) < 0 ? maximum : undefined,
  ]
  const huge = wholeExponents || beyond.some((bound) => bound && magnitudeOf(bound) > PLAIN_DIGITS)
  return signed(minimum, maximum, (low, high, negative) => {
    const from = negative && low.digits === 0n ? ONE : low
    const whole = plain(from, high, 0, most, shared)
    if (!huge) return whole
    // With so large an exponent, all digits of the mantissa stand before the point.
    const large: Decimal = { digits: 1n, exponent: PLAIN_DIGITS }
    return choice([
      whole,
      withExponent(
        larger(from, large),
        high,
        Math.min(PLAIN_DIGITS, mantissaDigits(low, high, digits)),
        digits.exponent,
        shared,
      ),
    ])
  })
}

function larger(a: Decimal, b: Decimal): Decimal {
  return compareDecimals(a, b) > 0 ? a : b
}

/** The union of the negative numbers, by their magnitudes, and the others. */
function signed(
  minimum: Decimal | undefined,
  maximum: Decimal | undefined,
  between: (low: Decimal, high: Decimal, negative: boolean) => Node,
): Node {
  const low = minimum ?? negated(LARGEST)
  const high = maximum ?? LARGEST
  if (compareDecimals(low, high) > 0) return NEVER
  const parts: Node[] = []
  if (compareDecimals(high, ZERO) >= 0) parts.push(between(larger(low, ZERO), high, false))
  if (compareDecimals(low, ZERO) < 0)
    parts.push(sequence(text('-'), between(larger(negated(high), ZERO), negated(low), true)))
  return choice(parts)
}

/** Without an exponent: up to `most` digits before the point and `places` after it. */
function plain(low: Decimal, high: Decimal, places: number, most: number, shared: SharedNodes): Node {
  const last = { digits: 10n ** BigInt(most + places) - 1n, exponent: -places }
  const end = compareDecimals(high, last) < 0 ? high : last
  return decimalsBetween(unitsOf(low, places, 'up'), unitsOf(end, places, 'down'), places, shared)
}

/** One digit that is not zero, up to `places` decimals, and an exponent. Not negative, and not zero. */
function withExponent(low: Decimal, high: Decimal, places: number, exponentDigits: number, shared: SharedNodes): Node {
  if (exponentDigits === 0) return NEVER
  const least = larger(low, SMALLEST)
  const most = compareDecimals(high, LARGEST) > 0 ? LARGEST : high
  if (compareDecimals(least, most) > 0) return NEVER
  const bound = 10 ** Math.min(exponentDigits, 3) - 1
  const [first, last] = [magnitudeOf(least) - 1, magnitudeOf(most) - 1]
  const mantissa = (from: Decimal | undefined, to: Decimal | undefined, exponent: number): Node =>
    Math.abs(exponent) > bound
      ? NEVER
      : sequence(
          decimalsBetween(
            from ? unitsOf(from, places - exponent, 'up') : 10n ** BigInt(places),
            to ? unitsOf(to, places - exponent, 'down') : 10n ** BigInt(places + 1) - 1n,
            places,
            shared,
          ),
          exponents(exponent, exponent, shared),
        )
  if (first === last) return mantissa(least, most, first)
  const [from, to] = [Math.max(first + 1, -bound), Math.min(last - 1, bound)]
  return choice([
    mantissa(least, undefined, first),
    from > to
      ? NEVER
      : sequence(
          decimalsBetween(10n ** BigInt(places), 10n ** BigInt(places + 1) - 1n, places, shared),
          exponents(from, to, shared),
        ),
    mantissa(undefined, most, last),
  ])
}

function exponents(from: number, to: number, shared: SharedNodes): Node {
  return once(shared, `e${from}-${to}`, () => exponentsOf(from, to, shared))
}

function exponentsOf(from: number, to: number, shared: SharedNodes): Node {
  const parts: Node[] = []
  if (to >= 0) parts.push(sequence(PLUS, wholesBetween(BigInt(Math.max(from, 0)), BigInt(to), shared)))
  if (from < 0) parts.push(sequence(text('-'), wholesBetween(BigInt(Math.max(1, -to)), BigInt(-from), shared)))
  return sequence(E, choice(parts))
}

/** Digits before the point: as many as the bounds have, where those are written without an exponent. */
function wholeDigits(minimum: Decimal | undefined, maximum: Decimal | undefined, { whole, exponent }: Digits): number {
  const written = [minimum, maximum]
    .map((bound) => (bound ? magnitudeOf(bound) : 0))
    .filter((count) => count <= PLAIN_DIGITS || exponent === 0)
  return Math.max(whole, ...written)
}

function decimalsOf(bound: Decimal | undefined): number {
  const places = bound ? -bound.exponent : 0
  return places > MOST_DECIMALS ? 0 : places
}

function mantissaDigits(low: Decimal, high: Decimal, { decimals: places }: Digits): number {
  return Math.max(places, ...[low, high].map(({ digits }) => digits.toString().length - 1))
}

/** Multiples of a step that is not 1. */
function multiples(set: NumberSet, step: Decimal, { digits }: NumberOptions): Node {
  const places = Math.max(0, -step.exponent)
  const unit = unitsOf(step, places, 'down')
  const open = 10n ** BigInt(Math.max(EXACT_DIGITS, digits.whole > EXACT_DIGITS ? 0 : digits.whole + places)) - 1n
  const furthest = unit > open ? unit : open
  const low = set.minimum ? greatest(unitsOf(set.minimum, places, 'up'), -furthest) : -furthest
  const high = set.maximum ? -greatest(-unitsOf(set.maximum, places, 'down'), -furthest) : furthest
  const [first, last] = [ceilOf(low, unit), floorOf(high, unit)]
  if (first > last) return NEVER
  if (last - first < MOST_LISTED) {
    const listed = Array.from({ length: Number(last - first) + 1 }, (_, i) => (first + BigInt(i)) * unit)
    return choice(listed.map((value) => text(written(value, places))))
  }
  return multiplesNode({ divisor: unit, low, high, places, zeros: false })
}

/** All multiples of a step, however many decimals are written. */
function everyMultiple(step: Decimal, { whole, decimals }: Digits): Node {
  const places = Math.max(0, -step.exponent)
  const high = 10n ** BigInt(Math.max(whole, PLAIN_DIGITS) + Math.max(decimals, places)) - 1n
  return multiplesNode({ divisor: unitsOf(step, places, 'down'), low: -high, high, places, zeros: true })
}

function written(value: bigint, places: number): string {
  return JSON.stringify(Number(`${value}e-${places}`))
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function floorOf(value: bigint, unit: bigint): bigint {
  const quotient = value / unit
  return value % unit < 0n ? quotient - 1n : quotient
}

function ceilOf(value: bigint, unit: bigint): bigint {
  return -floorOf(-value, unit)
}
