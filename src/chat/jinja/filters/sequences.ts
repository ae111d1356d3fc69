import { spend, spendText } from '../../python/limits.js'
import { str } from '../../python/text.js'
import {
  Dict,
  Generator,
  PythonError,
  Tuple,
  Undefined,
  isTrue,
  iterate,
  lengthOf,
  toIndex,
  typeName,
  type Value,
} from '../../python/values.js'
import { ownAttribute } from '../members.js'
import { binary } from '../operators.js'
import type { Filter } from '../runtime.js'
import { reader } from './attributes.js'

const attr: Filter = (value, args) => {
  const [name] = args.take('attr', ['name'], 1)
  if (value instanceof Undefined) throw new PythonError(value.reason)
  const found = ownAttribute(value, str(name!))
  return found === undefined ? new Undefined(`'${typeName(value)} object' has no attribute '${str(name!)}'`) : found
}

const batch: Filter = (value, args) => {
  const [count, fill = null] = args.take('batch', ['linecount', 'fill_with'], 1)
  const size = toIndex(count!)
  const rows: Value[][] = []
  for (const item of iterate(value)) {
    if (rows.length === 0 || rows.at(-1)!.length === size) rows.push([])
    rows.at(-1)!.push(item)
  }
  const last = rows.at(-1)
  if (last && fill !== null && last.length < size) {
    spend(size)
    while (last.length < size) last.push(fill)
  }
  return new Generator(rows)
}

/** Columns of as equal a length as there can be. */
const slices: Filter = (value, args) => {
  const [count, fill = null] = args.take('slice', ['slices', 'fill_with'], 1)
  const columns = toIndex(count!)
  const items = iterate(value)
  if (columns === 0) throw new PythonError('integer division or modulo by zero')
  spend(Math.max(0, columns))
  const size = Math.floor(items.length / columns)
  const longer = items.length % columns
  const parts = Array.from({ length: Math.max(0, columns) }, (_, i): Value[] => {
    const begin = i * size + Math.min(i, longer)
    const part = items.slice(begin, begin + size + (i < longer ? 1 : 0))
    return fill !== null && i >= longer ? [...part, fill] : [...part]
  })
  return new Generator(parts)
}

const byDefault: Filter = (value, args) => {
  const [other = '', boolean = false] = args.take('default', ['default_value', 'boolean'])
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? other : value
}

const join: Filter = (value, args) => {
  const [separator = '', attribute = null] = args.take('join', ['d', 'attribute'])
  const items = iterate(value)
  const parts = (attribute === null ? items : items.map(reader(attribute))).map(str)
  const between = str(separator)
  spendText(parts.reduce((sum, part) => sum + part.length + between.length, 0))
  return parts.join(between)
}

const length: Filter = (value, args) => {
  args.take('length', [])
  return lengthOf(value)
}

function orMissing(value: Value | undefined, which: string): Value {
  return value === undefined ? new Undefined(`No ${which} item, sequence was empty.`) : value
}

const last: Filter = (value) => {
  if (value instanceof Generator) throw new PythonError("'generator' object is not reversible")
  return orMissing(iterate(value).at(-1), 'last')
}

const reverse: Filter = (value) => {
  if (typeof value === 'string') return Array.from(value).reverse().join('')
  const items = [...iterate(value)].reverse()
  return value instanceof Generator ? items : new Generator(items)
}

const items: Filter = (value) => {
  if (value instanceof Undefined) return new Generator([])
  if (!(value instanceof Dict)) throw new PythonError('Can only get item pairs from a mapping.')
  return new Generator(value.entries().map((pair) => new Tuple(pair)))
}

const sum: Filter = (value, args) => {
  const [attribute = null, start = 0] = args.take('sum', ['attribute', 'start'])
  if (typeof start === 'string') throw new PythonError("sum() can't sum strings [use ''.join(seq) instead]")
  return iterate(value)
    .map(reader(attribute))
    .reduce((total, item) => binary('+', total, item), start)
}

const random: Filter = (value) => {
  const all = iterate(value)
  return orMissing(all[Math.floor(Math.random() * all.length)], 'random')
}

export const SEQUENCE_FILTERS: Readonly<Record<string, Filter>> = {
  attr,
  batch,
  count: length,
  d: byDefault,
  default: byDefault,
  first: (value) => orMissing(iterate(value)[0], 'first'),
  items,
  join,
  last,
  length,
  list: (value) => [...iterate(value)],
  random,
  reverse,
  slice: slices,
  sum,
}
