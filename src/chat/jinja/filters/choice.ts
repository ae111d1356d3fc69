import { Arguments, Generator, PythonError, isTrue, iterate, type Value } from '../../python/values.js'
import type { Filter } from '../runtime.js'
import { reader } from './attributes.js'

/** Nothing is asked of what is empty, none included. */
const each = (value: Value): readonly Value[] => (isTrue(value) ? iterate(value) : [])

const map: Filter = (value, args, runtime) => {
  const items = each(value)
  const [name, ...rest] = args.positional
  if (name === undefined) {
    const [attribute, byDefault = null] = args.take('map', ['attribute', 'default'])
    if (attribute === undefined) throw new PythonError('map requires a filter argument')
    return new Generator(items.map(reader(attribute, byDefault)))
  }
  if (typeof name !== 'string') throw new PythonError('map needs the name of a filter')
  const inner = new Arguments(rest, args.named)
  return new Generator(items.map((item) => runtime.filter(name, item, inner)))
}

/** select, reject and their like: by a test, of the item or of an attribute of it; by truth where there is none. */
function choosing(wanted: boolean, byAttribute: boolean): Filter {
  return (value, args, runtime) => {
    const items = each(value)
    const [attribute, ...others] = byAttribute ? args.positional : [null, ...args.positional]
    if (attribute === undefined) throw new PythonError('Missing parameter for attribute name')
    const [name, ...rest] = others
    const read = reader(attribute)
    const inner = new Arguments(rest, args.named)
    const holds = (item: Value): boolean =>
      name === undefined ? isTrue(read(item)) : runtime.test(testName(name), read(item), inner)
    return new Generator(items.filter((item) => holds(item) === wanted))
  }
}

function testName(name: Value): string {
  if (typeof name === 'string') return name
  throw new PythonError('select needs the name of a test')
}

export const CHOICE_FILTERS: Readonly<Record<string, Filter>> = {
  map,
  reject: choosing(false, false),
  rejectattr: choosing(false, true),
  select: choosing(true, false),
  selectattr: choosing(true, true),
}
