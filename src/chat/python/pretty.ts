import { compare } from './compare.js'
import { repr } from './text.js'
import { Dict, PythonError, Tuple, type Value } from './values.js'

const WIDTH = 80

/** pprint.pformat(): on one line where it fits, else an item a line; keys in their order. */
export function prettyText(value: Value, indent = 0, allowance = 0): string {
  const flat = flatText(value)
  if (flat.length <= WIDTH - indent - allowance) return flat
  if (value instanceof Dict) {
    const entries = sortedEntries(value)
    return `{${lined(entries.length, indent, (i, room) => {
      const [key, item] = entries[i]!
      const begin = `${repr(key)}: `
      return begin + prettyText(item, indent + 1 + begin.length, room + allowance)
    })}}`
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.values : undefined
  if (!items) return flat
  const body = lined(items.length, indent, (i, room) => prettyText(items[i]!, indent + 1, room + allowance))
  return Array.isArray(value) ? `[${body}]` : `(${body}${items.length === 1 ? ',' : ''})`
}

/** Items below each other; the last leaves room for the bracket, the others for a comma. */
function lined(count: number, indent: number, item: (i: number, room: number) => string): string {
  return Array.from({ length: count }, (_, i) => item(i, 1)).join(`,\n${' '.repeat(indent + 1)}`)
}

function flatText(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(', ')}]`
  if (value instanceof Tuple) return repr(value)
  if (!(value instanceof Dict)) return repr(value)
  return `{${sortedEntries(value)
    .map(([key, item]) => `${repr(key)}: ${flatText(item)}`)
    .join(', ')}}`
}

/** Keys without an order among them stay as they are. */
function sortedEntries(dict: Dict): [Value, Value][] {
  try {
    return dict.entries().sort(([a], [b]) => compare(a, b))
  } catch (error) {
    if (error instanceof PythonError) return dict.entries()
    throw error
  }
}
