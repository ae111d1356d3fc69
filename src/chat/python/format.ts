import { spendText } from './limits.js'
import { fixed, floatText, isNumber, toNumber, type PythonNumber } from './numbers.js'
import { repr, str } from './text.js'
import {
  Dict,
  Float,
  PythonError,
  Tuple,
  codePointCount,
  isInteger,
  toIndex,
  typeName,
  type Arguments,
  type Value,
} from './values.js'

/** How one value is printed: format()'s `[[fill]align][sign][#][0][width][,][.precision][type]`. */
interface Spec {
  readonly fill: string
  readonly align: string
  readonly sign: string
  readonly alternate: boolean
  readonly width: number
  readonly grouping: string
  readonly precision: number | undefined
  readonly type: string
}

/** Reads an attribute or an item of a field such as `{0.name[key]}`. */
export type FieldAccess = (value: Value, name: Value, isAttribute: boolean) => Value

/** str.format(): `{}`, `{0}`, `{name!r:>8}`. */
export function formatText(text: string, args: Arguments, access: FieldAccess): string {
  return new Formatter(args, access).format(text, 2)
}

class Formatter {
  private automatic = 0

  constructor(
    private readonly args: Arguments,
    private readonly access: FieldAccess,
  ) {}

  format(text: string, depth: number): string {
    if (depth < 0) throw new PythonError('Max string recursion exceeded')
    let result = ''
    let at = 0
    while (at < text.length) {
      const next = text.slice(at).search(/[{}]/)
      if (next < 0) break
      const brace = at + next
      result += text.slice(at, brace)
      if (text[brace + 1] === text[brace]) {
        result += text.charAt(brace)
        at = brace + 2
        continue
      }
      if (text[brace] === '}') throw new PythonError("Single '}' encountered in format string")
      const end = closing(text, brace)
      result += this.field(text.slice(brace + 1, end), depth)
      at = end + 1
    }
    result += text.slice(at)
    spendText(result.length)
    return result
  }

  private field(field: string, depth: number): string {
    const found = /^([^!:]*?(?:\[[^\]]*\][^!:]*)*)(?:!([^:]))?(?::([^]*))?$/.exec(field)
    if (!found) throw new PythonError(`expected ':' after conversion specifier`)
    const [, name = '', conversion, spec = ''] = found
    const value = this.value(name)
    const converted = conversion === 'r' || conversion === 'a' ? repr(value) : conversion === 's' ? str(value) : value
    return formatValue(converted, this.format(spec, depth - 1))
  }

  private value(name: string): Value {
    const [first = ''] = /^[^.[]*/.exec(name) ?? []
    let value = this.first(first)
    for (const [, attribute, item] of name.slice(first.length).matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      const key = attribute ?? (/^\d+$/.test(item!) ? Number(item) : item!)
      value = this.access(value, key, attribute !== undefined)
    }
    return value
  }

  private first(name: string): Value {
    const value =
      name === ''
        ? this.args.positional[this.automatic++]
        : /^\d+$/.test(name)
          ? this.args.positional[Number(name)]
          : this.args.named.get(name)
    if (value !== undefined) return value
    throw new PythonError(
      name === '' || /^\d+$/.test(name)
        ? 'Replacement index out of range for positional args tuple'
        : `KeyError: '${name}'`,
    )
  }
}

/** The brace that ends a field, whose format may hold fields. */
function closing(text: string, begin: number): number {
  let depth = 0
  for (let i = begin; i < text.length; i++) {
    if (text[i] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  throw new PythonError("expected '}' before end of string")
}

/** format(value, spec). */
export function formatValue(value: Value, spec: string): string {
  if (spec === '') return str(value)
  const found = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u.exec(spec)
  if (!found) throw new PythonError(`Invalid format specifier '${spec}' for object of type '${typeName(value)}'`)
  const [, fill, align, sign = '-', , alternate, zero, width = '0', grouping = '', precision, type = ''] = found
  const parsed: Spec = {
    fill: fill ?? (zero ? '0' : ' '),
    align: align ?? (zero ? '=' : ''),
    sign,
    alternate: alternate !== undefined,
    width: bounded(width),
    grouping,
    precision: precision === undefined ? undefined : bounded(precision),
    type,
  }
  if (grouping !== '' && isUngrouped(type, grouping))
    throw new PythonError(`Cannot specify '${grouping}' with '${type}'.`)
  if (typeof value === 'string') return formatString(value, parsed)
  // A bool is a number as soon as anything is said about its form.
  if (isNumber(value)) return formatNumber(value, parsed)
  throw new PythonError(`unsupported format string passed to ${typeName(value)}.__format__`)
}

/** Types whose digits are in no groups of this kind. */
function isUngrouped(type: string, grouping: string): boolean {
  return 'ncs'.includes(type || 'd') || (grouping === ',' && 'boxX'.includes(type || 'd'))
}

/** A width or a precision, paid for before anything is made of it. */
function bounded(digits: string): number {
  const n = Number(digits)
  spendText(n)
  return n
}

function formatString(text: string, spec: Spec): string {
  if (spec.type !== '' && spec.type !== 's') throw unknownCode(spec.type, 'str')
  if (spec.sign !== '-') throw new PythonError('Sign not allowed in string format specifier')
  if (spec.align === '=') throw new PythonError("'=' alignment not allowed in string format specifier")
  const cut = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('')
  return aligned('', cut, { ...spec, align: spec.align || '<' })
}

const unknownCode = (code: string, type: string): PythonError =>
  new PythonError(`Unknown format code '${code}' for object of type '${type}'`)

function formatNumber(value: PythonNumber, spec: Spec): string {
  const asInteger = isInteger(value) && !'eEfFgG%'.includes(spec.type || 'd')
  if (value instanceof Float && 'bcdoxXs'.includes(spec.type || 'f')) throw unknownCode(spec.type, 'float')
  const [negative, digits] = asInteger ? integerDigits(value, spec) : floatDigits(toNumber(value), spec)
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign
  const prefix = spec.alternate && 'boxX'.includes(spec.type || 'd') ? `0${spec.type}` : ''
  const body = spec.grouping === '' ? digits : grouped(digits, spec, sign.length + prefix.length)
  return aligned(sign + prefix, body, { ...spec, align: spec.align || '>' })
}

const RADIX: Readonly<Record<string, number | undefined>> = { b: 2, o: 8, x: 16, X: 16 }

function integerDigits(value: number | bigint | boolean, spec: Spec): [boolean, string] {
  if (spec.type === 'c') return [false, String.fromCodePoint(Number(value))]
  if (!['', 'd', 'n', 'b', 'o', 'x', 'X'].includes(spec.type)) throw unknownCode(spec.type, 'int')
  if (spec.precision !== undefined) throw new PythonError('Precision not allowed in integer format specifier')
  const whole = BigInt(value)
  const digits = (whole < 0n ? -whole : whole).toString(RADIX[spec.type] ?? 10)
  return [whole < 0n, spec.type === 'X' ? digits.toUpperCase() : digits]
}

function floatDigits(value: number, spec: Spec): [boolean, string] {
  const text = floatForm(value, spec.type, spec.precision, spec.alternate)
  return text.startsWith('-') ? [true, text.slice(1)] : [false, text]
}

/** A float by a letter of printf or format(). */
function floatForm(value: number, type: string, precision: number | undefined, alternate: boolean): string {
  if (type === '%') return `${floatForm(value * 100, 'f', precision, alternate)}%`
  if (!Number.isFinite(value))
    return type === type.toUpperCase() && type !== '' ? floatText(value).toUpperCase() : floatText(value)
  if (type === 'f' || type === 'F') return fixed(value, precision ?? 6) + (alternate && precision === 0 ? '.' : '')
  if (type === 'e' || type === 'E') return exponentForm(value, precision ?? 6, type)
  if (type === '' && precision === undefined) return floatText(value)
  return generalForm(value, precision ?? 6, type, alternate)
}

function exponentForm(value: number, precision: number, letter: string): string {
  const [mantissa, exponent] = exponential(value, Math.min(precision, 100)).split('e') as [string, string]
  const power = Number(exponent)
  const sign = Object.is(value, -0) ? '-' : ''
  return `${sign}${mantissa}${letter}${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** toExponential, which takes halves up, with halves to the even neighbour. */
function exponential(value: number, digits: number): string {
  const [exact, exponent] = value.toExponential(100).split('e') as [string, string]
  const end = exact.length - 100 + digits
  const kept = exact.slice(0, end).replace(/\.$/, '')
  const isEven = /^50*$/.test(exact.slice(end)) && Number(kept.at(-1)) % 2 === 0
  return isEven ? `${kept}e${exponent}` : value.toExponential(digits)
}

/** %g: as many digits as the precision, without zeros at the end; the empty type keeps one digit after the point. */
function generalForm(value: number, precision: number, type: string, alternate: boolean): string {
  const digits = Math.min(Math.max(precision, 1), 100)
  const power = value === 0 ? 0 : Number(value.toExponential(digits - 1).split('e')[1])
  const limit = type === '' ? digits - 1 : digits
  const clean = (text: string): string => (alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, ''))
  if (power < -4 || power >= Math.max(limit, 1)) {
    const [mantissa, exponent] = exponentForm(value, digits - 1, 'e').split('e') as [string, string]
    return `${clean(mantissa)}${type === 'G' ? 'E' : 'e'}${exponent}`
  }
  const text = clean(fixed(value, Math.max(0, digits - 1 - power)))
  return type === '' && !text.includes('.') ? `${text}.0` : text
}

/** Digits in groups; the zeros that fill them up to the width are in groups too. `before` is what the sign takes. */
function grouped(digits: string, { grouping, type, fill, align, width }: Spec, before: number): string {
  const size = 'boxX'.includes(type || 'd') ? 4 : 3
  const [, whole = '', rest = ''] = (size === 4 ? /^([\da-f]*)([^]*)$/i : /^(\d*)([^]*)$/).exec(digits) ?? []
  if (whole === '') return digits
  const groups: string[] = []
  let left = whole
  let room = fill === '0' && align === '=' ? width - before - rest.length : 0
  for (;;) {
    const length = Math.min(size, Math.max(left.length, room, 1))
    groups.unshift(left.slice(-size).padStart(length, '0'))
    left = left.slice(0, -size)
    room -= length
    if (left === '' && room <= 0) break
    room -= grouping.length
  }
  return groups.join(grouping) + rest
}

function aligned(sign: string, body: string, { fill, align, width }: Spec): string {
  const missing = Math.max(0, width - codePointCount(sign) - codePointCount(body))
  if (align === '=') return sign + fill.repeat(missing) + body
  const left = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0
  return fill.repeat(left) + sign + body + fill.repeat(missing - left)
}

/** `text % values` of Python. */
export function percentFormat(text: string, values: Value): string {
  const list = values instanceof Tuple ? values.values : [values]
  let used = 0
  const next = (): Value => {
    const value = list[used++]
    if (value === undefined) throw new PythonError('not enough arguments for format string')
    return value
  }
  const result = text.replace(
    /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([^]?)/g,
    (
      whole: string,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string,
    ) => {
      if (type === '%') return '%'
      const wide = width === '*' ? toIndex(next()) : Number(width ?? 0)
      const given = precision === '*' ? toIndex(next()) : Number(precision ?? 0)
      spendText(Math.abs(wide) + given)
      const value = key === undefined ? next() : keyed(values, key)
      const hasPrecision = /\.(?:\*|\d+)?[hlL]?[^]?$/.test(whole)
      return percentField(value, { flags, width: wide, precision: hasPrecision ? given : undefined, type })
    },
  )
  if (used < list.length && !(values instanceof Dict || Array.isArray(values)))
    throw new PythonError('not all arguments converted during string formatting')
  spendText(result.length)
  return result
}

function keyed(values: Value, key: string): Value {
  const value = values instanceof Dict ? values.get(key) : undefined
  if (value === undefined)
    throw new PythonError(values instanceof Dict ? `KeyError: '${key}'` : 'format requires a mapping')
  return value
}

interface PercentSpec {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly type: string
}

function percentField(value: Value, { flags, width, precision, type }: PercentSpec): string {
  const left = flags.includes('-') || width < 0
  const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-'
  const zero = flags.includes('0') && !left && 'diuoxXeEfFgG'.includes(type)
  const spec: Spec = {
    fill: zero ? '0' : ' ',
    align: left ? '<' : zero ? '=' : '>',
    sign,
    alternate: flags.includes('#'),
    width: Math.abs(width),
    grouping: '',
    precision,
    type,
  }
  if (type === 's' || type === 'r' || type === 'a') {
    return formatString(type === 's' ? str(value) : repr(value), { ...spec, sign: '-', type: 's' })
  }
  if (type === 'c')
    return formatString(typeof value === 'string' ? value : String.fromCodePoint(toIndex(value)), {
      ...spec,
      sign: '-',
      type: 's',
    })
  if (!isNumber(value)) throw new PythonError(`%${type} format: a real number is required, not ${typeName(value)}`)
  if ('eEfFgG'.includes(type)) return formatNumber(value, spec)
  if (!'diuoxX'.includes(type)) throw new PythonError(`unsupported format character '${type}'`)
  if (value instanceof Float && 'oxX'.includes(type))
    throw new PythonError(`%${type} format: an integer is required, not float`)
  const whole = value instanceof Float ? BigInt(Math.trunc(value.value)) : value
  const [negative, digits] = integerDigits(whole, {
    ...spec,
    type: 'iu'.includes(type) ? 'd' : type,
    precision: undefined,
  })
  const prefix = spec.alternate && 'oxX'.includes(type) ? `0${type}` : ''
  return aligned((negative ? '-' : sign === '-' ? '' : sign) + prefix, digits.padStart(precision ?? 0, '0'), spec)
}
