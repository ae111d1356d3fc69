import {
  integer,
  isNumber,
  parseFloatText,
  parseInteger,
  roundHalfEven,
  toNumber,
  unary,
} from '../../python/numbers.js'
import { Float, PythonError, Undefined, isInteger, toIndex, typeName, type Value } from '../../python/values.js'
import type { Filter } from '../runtime.js'

const toInteger: Filter = (value, args) => {
  const [byDefault = 0, base = 10] = args.take('int', ['default', 'base'])
  if (value instanceof Undefined) throw new PythonError(value.reason)
  if (typeof value === 'boolean') return Number(value)
  if (isInteger(value)) return value
  const whole = typeof value === 'string' ? parseInteger(value, toIndex(base)) : undefined
  if (whole !== undefined) return whole
  const number = value instanceof Float ? value.value : typeof value === 'string' ? parseFloatText(value) : undefined
  return number === undefined || !Number.isFinite(number) ? byDefault : integer(BigInt(Math.trunc(number)))
}

const toFloat: Filter = (value, args) => {
  const [byDefault = new Float(0)] = args.take('float', ['default'])
  if (value instanceof Undefined) throw new PythonError(value.reason)
  const number = isNumber(value) ? toNumber(value) : typeof value === 'string' ? parseFloatText(value) : undefined
  return number === undefined ? byDefault : new Float(number)
}

const round: Filter = (value, args) => {
  const [precision = 0, method = 'common'] = args.take('round', ['precision', 'method'])
  if (!isNumber(value))
    throw new PythonError(
      value instanceof Undefined ? value.reason : `type ${typeName(value)} doesn't define __round__ method`,
    )
  const digits = toIndex(precision)
  if (method === 'common') return rounded(value, digits)
  if (method !== 'ceil' && method !== 'floor') throw new PythonError('method must be common, ceil or floor')
  const scale = 10 ** digits
  return new Float(Math[method](toNumber(value) * scale) / scale)
}

function rounded(value: number | bigint | boolean | Float, digits: number): Value {
  if (value instanceof Float) return new Float(roundHalfEven(value.value, digits))
  if (digits >= 0) return typeof value === 'boolean' ? Number(value) : value
  return Math.round(roundHalfEven(toNumber(value), digits))
}

export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => unary('abs', value),
  float: toFloat,
  int: toInteger,
  round,
}
