import { spend, spendItems, spendReading } from './limits.js'
import { isNumber } from './numbers.js'
import {
  Dict,
  Float,
  PythonError,
  Range,
  Tuple,
  Undefined,
  View,
  hasSurrogates,
  isInteger,
  itemsOf,
  typeName,
  type Value,
} from './values.js'

/** `==` of Python: numbers by value whatever their type, lists and dicts by what is in them. */
export function equals(left: Value, right: Value): boolean {
  if (typeof left === 'string') {
    if (typeof right === 'string') spendReading(Math.min(left.length, right.length))
    return left === right
  }
  if (left === right) return true
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  spend(1)
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right)
  if (left instanceof Tuple) return right instanceof Tuple && sameItems(left.values, right.values)
  if (left instanceof Dict) return right instanceof Dict && sameEntries(left, right)
  if (left instanceof Range) return right instanceof Range && sameItems(left.items(), right.items())
  if (left instanceof View && left.type !== 'dict_values') {
    return right instanceof View && right.type === left.type && sameItems(left.values, right.values)
  }
  return left instanceof Undefined && right instanceof Undefined
}

function sameItems(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((value, i) => equals(value, right[i]!))
}

function sameEntries(left: Dict, right: Dict): boolean {
  if (left.size() !== right.size()) return false
  return left.entries().every(([key, value]) => {
    const other = right.get(key)
    return other !== undefined && equals(value, other)
  })
}

/** Less than 0, 0 or more than 0. NaN is never less, equal or more. */
function compareNumbers(left: number | bigint | boolean | Float, right: number | bigint | boolean | Float): number {
  const a = left instanceof Float ? left.value : left
  const b = right instanceof Float ? right.value : right
  return a < b ? -1 : a > b ? 1 : a <= b ? 0 : NaN
}

/**
 * The order of two values, negative where the left is the smaller; NaN where there is none.
 * @throws PythonError for types that have no order.
 */
export function compare(left: Value, right: Value, operator = '<'): number {
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right)
  const lists = Array.isArray(left) && Array.isArray(right)
  const a = lists ? left : left instanceof Tuple && right instanceof Tuple ? left.values : undefined
  const b = lists ? right : right instanceof Tuple ? right.values : undefined
  if (a && b) return compareItems(a, b, operator)
  for (const side of [left, right]) if (side instanceof Undefined) throw new PythonError(side.reason)
  throw new PythonError(`'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`)
}

function compareItems(left: readonly Value[], right: readonly Value[], operator: string): number {
  spendItems(Math.min(left.length, right.length))
  for (const [i, value] of left.entries()) {
    if (i >= right.length) return 1
    if (!equals(value, right[i]!)) return compare(value, right[i]!, operator)
  }
  return left.length - right.length
}

/** By code points; JavaScript's own order is by units of UTF-16, in which U+10000 comes before U+E000. */
function compareTexts(left: string, right: string): number {
  if (!hasSurrogates(left) && !hasSurrogates(right)) return left < right ? -1 : left > right ? 1 : 0
  spendItems(left.length + right.length)
  const a = Array.from(left, (c) => c.codePointAt(0)!)
  const b = Array.from(right, (c) => c.codePointAt(0)!)
  const at = a.findIndex((code, i) => code !== b[i])
  if (at < 0) return a.length - b.length
  return at >= b.length ? 1 : a[at]! - b[at]!
}

/** `item in container`. @throws PythonError for what holds nothing. */
export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    spendReading(container.length)
    if (typeof item === 'string') return container.includes(item)
    throw new PythonError(`'in <string>' requires string as left operand, not ${typeName(item)}`)
  }
  if (container instanceof Dict) return container.has(item)
  if (container instanceof Range && isInteger(item)) {
    const offset = Number(item) - container.start
    return offset % container.step === 0 && offset / container.step >= 0 && offset / container.step < container.length
  }
  const items = itemsOf(container)
  if (!items) throw new PythonError(`argument of type '${typeName(container)}' is not iterable`)
  spendItems(items.length)
  return items.some((value) => equals(value, item))
}
