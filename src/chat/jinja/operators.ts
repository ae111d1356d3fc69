import { compare, contains, equals } from '../python/compare.js'
import { percentFormat } from '../python/format.js'
import { LimitError, concatenated, spendItems, spendText } from '../python/limits.js'
import { arithmetic, type Operator } from '../python/numbers.js'
import { PythonError, Tuple, Undefined, isInteger, typeName, type Value } from '../python/values.js'
import type { Comparison } from './syntax.js'

/** Whether a comparison of two values holds. @throws PythonError for what has no order. */
export function holds(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right)
    case '!=':
      return !equals(left, right)
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return compare(left, right, operator) < 0
    case '<=':
      return compare(left, right, operator) <= 0
    case '>':
      return compare(left, right, operator) > 0
    case '>=':
      return compare(left, right, operator) >= 0
  }
}

/** `left operator right` of two values. @throws PythonError for types that it is not for. */
export function binary(operator: Operator, left: Value, right: Value): Value {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return concatenated(left, right)
  const result = arithmetic(operator, left, right) ?? sequences(operator, left, right)
  if (result !== undefined) return result
  for (const side of [left, right]) if (side instanceof Undefined) throw new PythonError(side.reason)
  throw new PythonError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`)
}

function sequences(operator: Operator, left: Value, right: Value): Value | undefined {
  if (operator === '%' && typeof left === 'string' && !(right instanceof Undefined)) return percentFormat(left, right)
  if (operator === '*')
    return isInteger(left) ? repeated(right, left) : isInteger(right) ? repeated(left, right) : undefined
  if (operator !== '+') return undefined
  if (Array.isArray(left) && Array.isArray(right)) return joined(left, right)
  return left instanceof Tuple && right instanceof Tuple ? new Tuple(joined(left.values, right.values)) : undefined
}

function joined(left: readonly Value[], right: readonly Value[]): Value[] {
  spendItems(left.length + right.length)
  return left.concat(right)
}

function repeated(value: Value, count: number | bigint | boolean): Value | undefined {
  const times = Math.max(0, Number(count))
  if (typeof value === 'string') {
    if (value === '') return value
    spendText(value.length * times)
    return value.repeat(times)
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.values : undefined
  if (!items) return undefined
  if (!Number.isSafeInteger(items.length * times)) throw new LimitError('a list that is too long')
  spendItems(items.length * times)
  const many = Array.from({ length: items.length * times }, (_, i) => items[i % items.length]!)
  return value instanceof Tuple ? new Tuple(many) : many
}
