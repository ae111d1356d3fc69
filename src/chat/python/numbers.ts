import { LimitError } from './limits.js'
import { Float, PythonError, Undefined, isInteger, typeName, type Value } from './values.js'

/** Digits of integers are bounded, as everything that grows. */
const MAX_BITS = 100_000

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**'

/** Arithmetic on numbers; undefined where an operand is none. */
export function arithmetic(operator: Operator, left: Value, right: Value): Value | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const quick = smallIntegers(operator, left, right)
    if (quick !== undefined && Number.isSafeInteger(quick)) return quick
  }
  if (!isNumber(left) || !isNumber(right)) return undefined
  if (left instanceof Float || right instanceof Float || operator === '/') {
    return new Float(floats(operator, toNumber(left), toNumber(right)))
  }
  if (operator === '**' && toNumber(right) < 0) return new Float(floats('**', toNumber(left), toNumber(right)))
  return integer(bigIntegers(operator, BigInt(left), BigInt(right)))
}

function smallIntegers(operator: Operator, a: number, b: number): number | undefined {
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b + 0
  if (operator === '%' && b !== 0) return a - b * Math.floor(a / b) + 0
  return undefined
}

function floats(operator: Operator, a: number, b: number): number {
  if (b === 0 && (operator === '/' || operator === '//' || operator === '%'))
    throw new PythonError(operator === '/' ? 'division by zero' : 'float floor division or modulo by zero')
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '//':
      return floatFloor(a, b)
    case '%':
      return floatModulo(a, b)
    case '**':
      if (a === 0 && b < 0) throw new PythonError('0.0 cannot be raised to a negative power')
      return a ** b
  }
}

/** By the rest, as Python has it: the quotient itself may round up to the next whole number. */
function floatFloor(a: number, b: number): number {
  const rest = a % b
  const whole = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0)
  if (whole === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0
  const floor = Math.floor(whole)
  return whole - floor > 0.5 ? floor + 1 : floor
}

/** The result has the divisor's sign. */
function floatModulo(a: number, b: number): number {
  const rest = a % b
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 === b < 0 ? rest : rest + b
}

function bigIntegers(operator: Operator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      checkBits(bits(a) + bits(b))
      return a * b
    case '**':
      if (a !== 0n && a !== 1n && a !== -1n) checkBits(bits(a) * Number(b))
      return a ** b
    default:
      if (b === 0n) throw new PythonError('integer division or modulo by zero')
      return operator === '%' ? floorModulo(a, b) : (a - floorModulo(a, b)) / b
  }
}

function floorModulo(a: bigint, b: bigint): bigint {
  const rest = a % b
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest
}

const bits = (value: bigint): number => value.toString(16).length * 4

function checkBits(count: number): void {
  if (count > MAX_BITS) throw new LimitError(`an integer of more than ${MAX_BITS} bits`)
}

/** The shorter of the two forms that an integer may have. */
export function integer(value: bigint): number | bigint {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

export type PythonNumber = number | bigint | boolean | Float

export function isNumber(value: Value): value is PythonNumber {
  return isInteger(value) || value instanceof Float
}

export function toNumber(value: PythonNumber): number {
  return value instanceof Float ? value.value : Number(value)
}

/** -x, +x and abs(x). @throws PythonError for what is no number. */
export function unary(operator: '-' | '+' | 'abs', value: Value): Value {
  if (!isNumber(value)) {
    if (value instanceof Undefined) throw new PythonError(value.reason)
    throw new PythonError(
      `bad operand type for ${operator === 'abs' ? 'abs()' : `unary ${operator}`}: '${typeName(value)}'`,
    )
  }
  if (value instanceof Float) {
    return new Float(operator === '-' ? -value.value : operator === '+' ? value.value : Math.abs(value.value))
  }
  const whole = typeof value === 'boolean' ? Number(value) : value
  if (operator === '-' || (operator === 'abs' && whole < 0)) return typeof whole === 'bigint' ? -whole : 0 - whole
  return whole
}

/** A float as Python prints it: the shortest digits that read back the same, and exponents from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power >= 16 || power < -4) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  if (power < 0) {
    const digits = mantissa.replace(/[-.]/g, '')
    return `${value < 0 ? '-' : ''}0.${'0'.repeat(-power - 1)}${digits}`
  }
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** int() of a text; undefined where it is none. Underscores stand between digits only. */
export function parseInteger(text: string, radix = 10): number | bigint | undefined {
  const found = /^([+-]?)(0[xX]_?|0[oO]_?|0[bB]_?)?([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(text.trim())
  if (!found) return undefined
  const [, sign, given = '', digits] = found as unknown as [string, string, string | undefined, string]
  const prefix = PREFIXES[given.slice(0, 2).toLowerCase()]
  if (given !== '' && prefix !== (radix === 0 ? prefix : radix)) return undefined
  const base = radix === 0 ? (prefix ?? 10) : radix
  const value = digitsValue(digits.replaceAll('_', ''), base)
  return value === undefined ? undefined : integer(sign === '-' ? -value : value)
}

const PREFIXES: Readonly<Record<string, number | undefined>> = { '0x': 16, '0o': 8, '0b': 2 }

function digitsValue(digits: string, base: number): bigint | undefined {
  checkBits(digits.length * 4)
  if (base === 10) return /^\d+$/.test(digits) ? BigInt(digits) : undefined
  let value = 0n
  for (const digit of digits) {
    const n = parseInt(digit, 36)
    if (!(n < base)) return undefined
    value = value * BigInt(base) + BigInt(n)
  }
  return value
}

/** float() of a text; undefined where it is none. */
export function parseFloatText(text: string): number | undefined {
  const plain = text.trim()
  if (/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/i.test(plain))
    return Number(plain.replaceAll('_', ''))
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(plain)
  if (!special) return undefined
  if (special[2]!.toLowerCase() === 'nan') return NaN
  return special[1] === '-' ? -Infinity : Infinity
}

/** round(x, digits) of Python: halves of the exact value go to the even neighbour. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 300) return value
  if (digits < 0) {
    const scale = 10 ** -digits
    return halfEven(value / scale) * scale
  }
  if (digits === 0) return halfEven(value)
  return Number(fixed(value, digits))
}

function halfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

/** `%.{digits}f`, halves to the even neighbour; toFixed, which sees the exact value too, takes halves up and has at most 100 digits. */
export function fixed(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '')
  const shown = Math.min(digits, 100)
  const exact = value.toFixed(100)
  const kept = exact.slice(0, exact.length - 100 + shown).replace(/\.$/, '')
  const half = /^50*$/.test(exact.slice(exact.length - 100 + shown))
  const text = half && Number(kept.at(-1)) % 2 === 0 ? kept : value.toFixed(shown)
  // toFixed loses the sign of what rounds to zero.
  const sign = (value < 0 || Object.is(value, -0)) && !text.startsWith('-') ? '-' : ''
  return sign + text + '0'.repeat(digits - shown)
}
