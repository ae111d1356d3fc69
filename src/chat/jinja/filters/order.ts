import { compare, equals } from '../../python/compare.js'
import { spend } from '../../python/limits.js'
import { Dict, Generator, PythonError, Tuple, Undefined, isTrue, iterate, type Value } from '../../python/values.js'
import type { Filter } from '../runtime.js'
import { ignoringCase, reader } from './attributes.js'

type Key = (value: Value) => Value

/** Sorted by a key, equal ones in the order in which they came, from either end. */
function sorted(values: readonly Value[], key: Key, reverse: boolean): Value[] {
  spend(values.length * Math.ceil(Math.log2(values.length + 2)))
  const keyed = values.map((value) => ({ value, key: key(value) }))
  const sign = reverse ? -1 : 1
  keyed.sort((a, b) => sign * (compare(a.key, b.key) || 0))
  return keyed.map(({ value }) => value)
}

function keyOf(attribute: Value, caseSensitive: Value, byDefault: Value = null): Key {
  const read = reader(attribute, byDefault)
  return isTrue(caseSensitive) ? read : (value) => ignoringCase(read(value))
}

const sort: Filter = (value, args) => {
  const names = ['reverse', 'case_sensitive', 'attribute']
  const [reverse = false, caseSensitive = false, attribute = null] = args.take('sort', names)
  const several = typeof attribute === 'string' ? attribute.split(',') : [attribute]
  const keys = several.map((part) => keyOf(part, caseSensitive))
  return sorted(iterate(value), (item) => keys.map((key) => key(item)), isTrue(reverse))
}

const dictsort: Filter = (value, args) => {
  const [caseSensitive = false, by = 'key', reverse = false] = args.take('dictsort', [
    'case_sensitive',
    'by',
    'reverse',
  ])
  if (!(value instanceof Dict))
    throw new PythonError(value instanceof Undefined ? value.reason : 'dictsort needs a dict')
  if (by !== 'key' && by !== 'value') throw new PythonError('You can only sort by either "key" or "value"')
  const pairs = value.entries().map((pair) => new Tuple(pair))
  return sorted(pairs, keyOf(by === 'key' ? 0 : 1, caseSensitive), isTrue(reverse))
}

const groupby: Filter = (value, args) => {
  const [attribute, byDefault = null, caseSensitive = false] = args.take(
    'groupby',
    ['attribute', 'default', 'case_sensitive'],
    1,
  )
  const key = keyOf(attribute!, caseSensitive, byDefault)
  const named = reader(attribute!, byDefault)
  const groups: { key: Value; values: Value[] }[] = []
  for (const item of sorted(iterate(value), key, false)) {
    const found = key(item)
    const last = groups.at(-1)
    if (last && equals(last.key, found)) last.values.push(item)
    else groups.push({ key: found, values: [item] })
  }
  return groups.map(({ key: found, values }) => new Group(isTrue(caseSensitive) ? found : named(values[0]!), values))
}

/** One of groupby's pairs, whose parts have names too. */
class Group extends Tuple {
  constructor(
    private readonly grouper: Value,
    private readonly list: Value[],
  ) {
    super([grouper, list])
  }
  override attribute(name: string): Value | undefined {
    return name === 'grouper' ? this.grouper : name === 'list' ? this.list : undefined
  }
}

const unique: Filter = (value, args) => {
  const [caseSensitive = false, attribute = null] = args.take('unique', ['case_sensitive', 'attribute'])
  const key = keyOf(attribute, caseSensitive)
  const seen = new Dict()
  const first = iterate(value).filter((item) => {
    const id = key(item)
    if (seen.has(id)) return false
    seen.set(id, null)
    return true
  })
  return new Generator(first)
}

const extreme =
  (name: 'min' | 'max'): Filter =>
  (value, args) => {
    const [caseSensitive = false, attribute = null] = args.take(name, ['case_sensitive', 'attribute'])
    const key = keyOf(attribute, caseSensitive)
    const [first, ...rest] = iterate(value)
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.')
    return rest.reduce((best, item) => {
      const order = compare(key(item), key(best), name === 'min' ? '<' : '>')
      return (name === 'min' ? order < 0 : order > 0) ? item : best
    }, first)
  }

export const ORDER_FILTERS: Readonly<Record<string, Filter>> = {
  dictsort,
  groupby,
  max: extreme('max'),
  min: extreme('min'),
  sort,
  unique,
}
