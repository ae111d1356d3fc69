/** Decimal numbers of any size, exactly, and the double precision numbers that programs read them as. */

/** `digits` times ten to the power of `exponent`. */
export interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

export const ZERO: Decimal = { digits: 0n, exponent: 0 }

/** The shortest decimal that reads as `value`, which is what JSON writes. Reading is monotone, so bounds may be compared with it. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return reduced({ digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length })
}

/** Without zeros at the end. */
export function reduced({ digits, exponent }: Decimal): Decimal {
  if (digits === 0n) return ZERO
  const zeros = /0*$/.exec(digits.toString())![0].length
  return { digits: digits / 10n ** BigInt(zeros), exponent: exponent + zeros }
}

/** Below, equal or above 0, as `a` is to `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent)
  const difference = unitsOf(a, -exponent, 'down') - unitsOf(b, -exponent, 'down')
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

export function negated({ digits, exponent }: Decimal): Decimal {
  return { digits: -digits, exponent }
}

/** How many units of ten to the power of `-places` it is, rounded up or down where it lies between two. */
export function unitsOf({ digits, exponent }: Decimal, places: number, round: 'up' | 'down'): bigint {
  const shift = exponent + places
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const unit = 10n ** BigInt(-shift)
  const quotient = digits / unit
  const rest = digits % unit
  if (rest === 0n) return quotient
  if (round === 'up') return rest > 0n ? quotient + 1n : quotient
  return rest < 0n ? quotient - 1n : quotient
}

/** Digits before the point; those of 0.05 are -1. */
export function magnitudeOf({ digits, exponent }: Decimal): number {
  return (digits < 0n ? -digits : digits).toString().length + exponent
}

/** The next double precision number above or below. */
export function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const away = value > 0 === direction > 0
  view.setBigInt64(0, view.getBigInt64(0) + (away ? 1n : -1n))
  return view.getFloat64(0)
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a < 0n ? -a : a
}

/** The least number of which both positive numbers divide. */
export function leastCommonMultiple(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent)
  const [x, y] = [unitsOf(a, -exponent, 'down'), unitsOf(b, -exponent, 'down')]
  return reduced({ digits: (x / greatestCommonDivisor(x, y)) * y, exponent })
}

/** Whether `value` is a whole number of `step`s. */
export function isMultiple(value: Decimal, step: Decimal): boolean {
  const exponent = Math.min(value.exponent, step.exponent)
  return unitsOf(value, -exponent, 'down') % unitsOf(step, -exponent, 'down') === 0n
}
