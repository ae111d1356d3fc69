/** Values as Python has them, in which 5 and 5.0 are equal and of different types. */

/** A number that JSON writes with a point or an exponent. */
export class Float {
  constructor(readonly value: number) {}
}

export type Value = null | boolean | number | string | Float | readonly Value[] | ValueObject
export interface ValueObject {
  readonly [key: string]: Value
}

export type TypeName = 'NoneType' | 'bool' | 'int' | 'float' | 'str' | 'list' | 'dict'

const FLOAT_KEY = '\u0000float'
/** A text, which is left as it is, or a number. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs

/** JSON with its floats told from its whole numbers. @throws SyntaxError */
export function parseValue(json: string): Value {
  const marked = json.replace(TOKENS, (token) =>
    /^[-\d]/.test(token) && /[.eE]/.test(token) ? `{${JSON.stringify(FLOAT_KEY)}:${token}}` : token,
  )
  return JSON.parse(marked, (_, value: Value) => {
    if (!isObject(value) || !(FLOAT_KEY in value)) return value
    return new Float(value[FLOAT_KEY] as number)
  }) as Value
}

/** As Python's `json.dumps` writes it: {@link parseValue} reads the same value back. */
export function writeValue(value: Value): string {
  if (isList(value)) return `[${value.map(writeValue).join(', ')}]`
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value)
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, one]) => `${writeValue(key)}: ${writeValue(one)}`)
      .join(', ')}}`
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Of a value whose text is lost: whole numbers are ints. */
export function valueOf(parsed: unknown): Value {
  if (typeof parsed === 'number') return Number.isInteger(parsed) ? parsed : new Float(parsed)
  if (Array.isArray(parsed)) return parsed.map(valueOf)
  if (typeof parsed !== 'object' || parsed === null) return (parsed ?? null) as Value
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, valueOf(value)]))
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float)
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value)
}

export function typeOf(value: Value): TypeName {
  if (value === null) return 'NoneType'
  if (isList(value)) return 'list'
  if (value instanceof Float) return 'float'
  const names = { boolean: 'bool', number: 'int', string: 'str', object: 'dict' } as const
  return names[typeof value as keyof typeof names]
}

/** Python's `==`: numbers by their values, true and false among them. */
export function equals(a: Value, b: Value): boolean {
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined || y !== undefined) return x === y
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => equals(item, b[i]!))
  if (!isObject(a)) return a === b
  if (!isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equals(a[key]!, b[key]!))
}

/** Python's `in` for a list. */
export function includes(list: readonly Value[], value: Value): boolean {
  return list.some((item) => equals(item, value))
}

function numberOf(value: Value): number | undefined {
  if (value instanceof Float) return value.value
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' ? value : undefined
}

/** `int(text)`; undefined where it raises. */
export function intOf(text: string): number | undefined {
  const trimmed = text.trim()
  return /^[+-]?\d+(?:_\d+)*$/.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined
}

/** `float(text)`; undefined where it raises. */
export function floatOf(text: string): Float | undefined {
  const trimmed = text.trim()
  const digits = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/
  if (digits.test(trimmed)) return new Float(Number(trimmed.replaceAll('_', '')))
  const [, sign = '', word] = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed) ?? []
  if (word === undefined) return undefined
  return new Float(word.toLowerCase() === 'nan' ? NaN : sign === '-' ? -Infinity : Infinity)
}
