import { item } from '../members.js'
import { Undefined, type Value } from '../../python/values.js'

/** A reader of an attribute such as `function.name` or `0`, by items first, as map, sort and their like do it. */
export function reader(attribute: Value, byDefault: Value = null): (value: Value) => Value {
  const parts = partsOf(attribute)
  return (value) => {
    let current = value
    for (const part of parts) {
      current = item(current, part)
      if (byDefault !== null && current instanceof Undefined) current = byDefault
    }
    return current
  }
}

function partsOf(attribute: Value): Value[] {
  if (attribute === null) return []
  if (typeof attribute !== 'string') return [attribute]
  return attribute.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Texts in small letters, so that order and sameness do not depend on the case. */
export function ignoringCase(value: Value): Value {
  return typeof value === 'string' ? value.toLowerCase() : value
}
