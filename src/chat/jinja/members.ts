import { equals } from '../python/compare.js'
import { formatText } from '../python/format.js'
import { spendItems, spendReading } from '../python/limits.js'
import { isNumber, toNumber } from '../python/numbers.js'
import { itemAt, slice, type Slice } from '../python/slices.js'
import { STRING_METHODS } from '../python/string-methods.js'
import { repr } from '../python/text.js'
import {
  Arguments,
  Callable,
  Dict,
  Float,
  Instance,
  PythonError,
  Range,
  Tuple,
  Undefined,
  View,
  iterate,
  toIndex,
  typeName,
  type Value,
} from '../python/values.js'

/** `value.name`: the method first, then the key, as Python's objects and Jinja have it. */
export function attribute(value: Value, name: string, lenient = false): Value {
  if (value instanceof Undefined) throw new PythonError(value.reason)
  const own = ownAttribute(value, name, lenient)
  if (own !== undefined) return own
  const found = value instanceof Dict ? value.get(name) : undefined
  return found === undefined ? missing(value, name) : found
}

/** `value[key]`: the item first, then the method of that name. */
export function item(value: Value, key: Value, lenient = false): Value {
  if (value instanceof Undefined) throw new PythonError(value.reason)
  const found = value instanceof Dict ? keyed(value, key) : itemAt(value, key)
  if (found !== undefined) return found
  const own = typeof key === 'string' ? ownAttribute(value, key, lenient) : undefined
  return own === undefined ? missing(value, key) : own
}

/** What a key that cannot be one finds: nothing, as in Jinja. */
function keyed(dict: Dict, key: Value): Value | undefined {
  return Array.isArray(key) || key instanceof Dict || key instanceof View ? undefined : dict.get(key)
}

/** `value[start:stop:step]`. @throws PythonError for what cannot be sliced. */
export function sliced(value: Value, bounds: Slice): Value {
  if (value instanceof Undefined) throw new PythonError(value.reason)
  const part = slice(value, bounds)
  if (part === undefined) throw new PythonError(`'${typeName(value)}' object cannot be sliced`)
  return part
}

/** An attribute that is no key; undefined where there is none. */
export function ownAttribute(value: Value, name: string, lenient = false): Value | undefined {
  if (name.startsWith('_')) return unsafe(value, name)
  if (typeof value === 'string') return stringMethod(value, name)
  if (Array.isArray(value)) return listAttribute(value, name, lenient)
  if (value instanceof Dict) return dictAttribute(value, name)
  if (value instanceof Tuple || value instanceof Range) return value.attribute(name) ?? sequenceMethod(value, name)
  if (isNumber(value)) return numberAttribute(value, name)
  return value instanceof Instance ? value.attribute(name) : undefined
}

function missing(value: Value, name: Value): Undefined {
  const owner = value === null ? 'None' : `${typeName(value)} object`
  return new Undefined(`'${owner}' has no ${typeof name === 'string' ? 'attribute' : 'element'} ${repr(name)}`)
}

function unsafe(value: Value, name: string): Undefined {
  return new Undefined(`access to attribute '${name}' of '${typeName(value)}' object is unsafe`)
}

function method(name: string, call: (args: Arguments) => Value): Callable {
  return new Callable(name, call)
}

function stringMethod(text: string, name: string): Callable | undefined {
  if (name === 'format') return method(name, (args) => formatText(text, args, field))
  if (name === 'format_map') {
    return method(name, (args) => {
      const [map] = args.take(name, ['mapping'], 1)
      if (!(map instanceof Dict)) throw new PythonError('format_map() needs a dict')
      const named = map.entries().filter((entry): entry is [string, Value] => typeof entry[0] === 'string')
      return formatText(text, new Arguments([], new Map(named)), field)
    })
  }
  const run = Object.hasOwn(STRING_METHODS, name) ? STRING_METHODS[name] : undefined
  if (!run) return undefined
  return method(name, (args) => {
    spendReading(text.length)
    return run(text, args)
  })
}

function field(value: Value, name: Value, isAttribute: boolean): Value {
  return isAttribute && typeof name === 'string' ? attribute(value, name) : item(value, name)
}

const CHANGES_LIST = new Set(['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'])
const CHANGES_DICT = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update'])

function listAttribute(list: Value[], name: string, lenient: boolean): Value | undefined {
  // What it was given is not the template's to change.
  const isOwn = lenient && !Object.isFrozen(list)
  if (isOwn && name === 'append') {
    return method(name, (args) => {
      spendItems(1)
      list.push(args.take(name, ['object'], 1)[0]!)
      return null
    })
  }
  if (isOwn && name === 'pop') {
    return method(name, (args) => {
      const [value] = list.splice(toIndex(args.take(name, ['index'])[0] ?? -1), 1)
      if (value === undefined) throw new PythonError('pop from an empty list, or out of range')
      return value
    })
  }
  if (CHANGES_LIST.has(name)) return unsafe(list, name)
  if (name === 'copy') return method(name, () => [...list])
  return sequenceMethod(list, name)
}

function sequenceMethod(sequence: Value[] | Tuple | Range, name: string): Value | undefined {
  if (name === 'count') {
    return method(name, (args) => {
      const [wanted] = args.take(name, ['value'], 1)
      return iterate(sequence).filter((value) => equals(value, wanted!)).length
    })
  }
  if (name === 'index') {
    return method(name, (args) => {
      const [wanted, start, stop] = args.take(name, ['value', 'start', 'stop'], 1)
      const values = iterate(sequence)
      const place = (bound: Value | undefined, byDefault: number): number => {
        const index = bound === undefined ? byDefault : toIndex(bound)
        return index < 0 ? index + values.length : index
      }
      const end = place(stop, values.length)
      const at = values.findIndex((value, i) => i >= place(start, 0) && i < end && equals(value, wanted!))
      if (at < 0) throw new PythonError(`${repr(wanted!)} is not in ${typeName(sequence)}`)
      return at
    })
  }
  if (sequence instanceof Range && (name === 'start' || name === 'stop' || name === 'step')) return sequence[name]
  return undefined
}

function dictAttribute(dict: Dict, name: string): Value | undefined {
  if (CHANGES_DICT.has(name)) return unsafe(dict, name)
  switch (name) {
    case 'items':
      return method(name, (args) => {
        args.take(name, [])
        return new View(
          'dict_items',
          dict.entries().map((pair) => new Tuple(pair)),
        )
      })
    case 'keys':
      return method(name, (args) => {
        args.take(name, [])
        return new View('dict_keys', dict.keys())
      })
    case 'values':
      return method(name, (args) => {
        args.take(name, [])
        return new View('dict_values', dict.values())
      })
    case 'get':
      return method(name, (args) => {
        const [key, byDefault] = args.take(name, ['key', 'default'], 1)
        const found = dict.get(key!)
        return found === undefined ? (byDefault ?? null) : found
      })
    case 'copy':
      return method(name, () => Dict.of(dict.entries()))
    case 'fromkeys':
      return method(name, fromKeys)
    default:
      return undefined
  }
}

/** dict.fromkeys(iterable, value). */
export function fromKeys(args: Arguments): Dict {
  const [keys, value] = args.take('fromkeys', ['iterable', 'value'], 1)
  return Dict.of(iterate(keys!).map((key) => [key, value ?? null]))
}

function numberAttribute(value: number | bigint | boolean | Float, name: string): Value | undefined {
  if (name === 'real') return value
  if (name === 'imag') return value instanceof Float ? new Float(0) : 0
  if (name === 'conjugate') return method(name, () => value)
  if (name === 'is_integer') return method(name, () => Number.isInteger(toNumber(value)) || typeof value === 'bigint')
  if (value instanceof Float) return undefined
  if (name === 'numerator') return value
  if (name === 'denominator') return 1
  if (name !== 'bit_length' && name !== 'bit_count') return undefined
  return method(name, () => {
    const binary = BigInt(value).toString(2).replace('-', '')
    if (name === 'bit_count') return binary.replaceAll('0', '').length
    return binary === '0' ? 0 : binary.length
  })
}
