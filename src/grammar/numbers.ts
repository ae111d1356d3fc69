/** Numbers between bounds as expressions over decimal digits, written as JSON writes them. */
import { invalidGrammar, literal, oneOf } from './ebnf.js'

export interface Bounds {
  readonly minimum: number
  readonly maximum: number
}

/** Digits of an unbounded number; a longer one would be no use and could go on for ever. */
const MOST_DIGITS = 15
const FRACTION = `("." [0-9]{1,${MOST_DIGITS}})?`
/** Decimals of numbers between which no whole one lies. */
const LEAST_DECIMALS = 2
const MAX_DECIMALS = 6

/** Whole numbers from `minimum` to `maximum`, both included; infinite where there is no bound. */
export function integers({ minimum, maximum }: Bounds): string {
  const choices = wholeNumbers(Math.ceil(minimum), Math.floor(maximum), '')
  if (choices.length === 0) throw invalidGrammar(`no whole number lies between ${minimum} and ${maximum}`)
  return oneOf(choices)
}

/**
 * Decimal numbers from `minimum` to `maximum`. Between two whole bounds any decimals may follow a whole number that has
 * room behind it; where no whole number lies between the bounds, the numbers have as many decimals as it takes.
 */
export function numbers({ minimum, maximum }: Bounds): string {
  if (minimum === -Infinity && maximum === Infinity) return `"-"? ${natural()} ${FRACTION} ([eE] [+\\-]? [0-9]{1,2})?`
  const [low, high] = [Math.ceil(minimum), Math.floor(maximum)]
  const choices = [
    ...wholeNumbers(Math.max(low, 0), high - 1, '').map((whole) => `${whole} ${FRACTION}`),
    ...wholeNumbers(Math.max(-high, 0), -low - 1, '').map((whole) => `"-" ${whole} ${FRACTION}`),
    ...(low <= high && Number.isFinite(high) ? [literal(String(high))] : []),
    ...(low <= high && Number.isFinite(low) && low !== high ? [literal(String(low))] : []),
  ]
  if (choices.length > 0) return oneOf(choices)
  // No whole number lies between them: all have the same digits before the point.
  if (maximum < 0) return `"-" ${fractions(-maximum, -minimum)}`
  return fractions(minimum, maximum)
}

/** Decimals of the numbers between two that have the same whole part, 0 <= minimum. */
function fractions(minimum: number, maximum: number): string {
  const whole = Math.floor(minimum)
  for (let decimals = LEAST_DECIMALS; decimals <= MAX_DECIMALS; decimals++) {
    const scale = 10 ** decimals
    const [from, to] = [
      Math.ceil((minimum - whole) * scale),
      Math.min(Math.floor((maximum - whole) * scale), scale - 1),
    ]
    const inside = (n: number): boolean =>
      Number(`${whole}.${digits(n)}`) >= minimum && Number(`${whole}.${digits(n)}`) <= maximum
    const digits = (n: number): string => String(n).padStart(decimals, '0')
    if (from <= to && inside(from) && inside(to))
      return `${literal(`${whole}.`)} ${oneOf(sameLength(digits(from), digits(to)))}`
  }
  throw invalidGrammar(`no number with up to ${MAX_DECIMALS} decimals lies between ${minimum} and ${maximum}`)
}

function natural(): string {
  return `("0" | [1-9] [0-9]{0,${MOST_DIGITS - 1}})`
}

/** Alternatives for [low, high], with `sign` before each. */
function wholeNumbers(low: number, high: number, sign: string): string[] {
  if (low > high) return []
  if (low < 0) {
    const negative = wholeNumbers(Math.max(1, -high), -low, `"-" `)
    return high < 0 ? negative : [...negative, ...wholeNumbers(0, high, '')]
  }
  if (high === Infinity) {
    if (low === 0) return [`${sign}${natural()}`]
    const digits = String(low).length
    const more = digits < MOST_DIGITS ? [`${sign}[1-9] [0-9]{${digits},${MOST_DIGITS - 1}}`] : []
    return [...wholeNumbers(low, 10 ** digits - 1, sign), ...more]
  }
  if (low > Number.MAX_SAFE_INTEGER || high > Number.MAX_SAFE_INTEGER)
    throw invalidGrammar(`bounds beyond ${Number.MAX_SAFE_INTEGER} are not known exactly`)
  const result: string[] = []
  for (let from = low; from <= high;) {
    // As many numbers with the same number of digits as share a prefix.
    const to = Math.min(high, 10 ** String(from).length - 1)
    result.push(...sameLength(String(from), String(to)).map((digits) => sign + digits))
    from = to + 1
  }
  return result
}

/** Expressions for the numbers from `from` to `to`, which have the same number of digits. */
function sameLength(from: string, to: string): string[] {
  if (from === '') return ['']
  const [a, b] = [Number(from[0]), Number(to[0])]
  const [restA, restB] = [from.slice(1), to.slice(1)]
  const join = (head: string, tails: string[]): string[] => tails.map((tail) => (tail ? `${head} ${tail}` : head))
  if (a === b) return join(literal(String(a)), sameLength(restA, restB))
  const free = restA === '' ? '' : `[0-9]{${restA.length}}`
  const lowFree = /^0*$/.test(restA)
  const highFree = /^9*$/.test(restB)
  const first = lowFree ? a : a + 1
  const last = highFree ? b : b - 1
  return [
    ...(lowFree ? [] : join(literal(String(a)), sameLength(restA, '9'.repeat(restA.length)))),
    ...(first <= last ? join(first === last ? literal(String(first)) : `[${first}-${last}]`, [free]) : []),
    ...(highFree ? [] : join(literal(String(b)), sameLength('0'.repeat(restB.length), restB))),
  ]
}
