/** Java values written as text, as BFCL reads them: what is not of its type stays text. */
import { Dict, Float, type Value } from '../../chat/python/values.js'
import { guessedNumber, wholeNumber } from './numbers.js'
import { Unchecked, type LanguageTypes } from './types.js'

const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`
// Python's $ also matches before a last line end.
const INTEGER = /^-?\d+\n?$/
const LONG = /^-?\d+[lL]\n?$/
const DOUBLE = new RegExp(`^${NUMBER}\\n?$`)
const FLOAT = new RegExp(`^${NUMBER}[fF]\\n?$`)

export const JAVA_TYPES: LanguageTypes = {
  types: {
    byte: 'int',
    short: 'int',
    integer: 'int',
    float: 'float',
    double: 'float',
    long: 'int',
    boolean: 'bool',
    char: 'str',
    Array: 'list',
    ArrayList: 'list',
    Set: 'set',
    HashMap: 'dict',
    Hashtable: 'dict',
    Queue: 'list',
    Stack: 'list',
    String: 'str',
    any: 'str',
  },
  lists: ['Array', 'ArrayList', 'array'],
  textError: 'type_error:java',
  read: readJava,
}

function readJava(text: string, type: string, itemType?: string): Value {
  switch (type) {
    case 'byte':
    case 'short':
    case 'integer':
      return INTEGER.test(text) ? wholeNumber(text) : text
    case 'float':
      return FLOAT.test(text) ? new Float(Number.parseFloat(text)) : text
    case 'double':
      return DOUBLE.test(text) ? new Float(Number(text)) : text
    case 'long':
      return LONG.test(text) ? wholeNumber(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    // The reference's expression for a character matches nothing.
    case 'char':
    case 'String':
    case 'any':
      return text
    case 'Array':
      return readArray(text, itemType)
    case 'ArrayList':
      return readArrayList(text, itemType)
    case 'HashMap':
      return readHashMap(text)
    default:
      throw new Unchecked(`values of ${type}`)
  }
}

/** `new T[] {...}`. Items are cut at every comma. */
function readArray(text: string, itemType: string | undefined): Value {
  const inside = /new\s+[\p{L}\p{N}_]+\[\]\s*\{(.*?)\}/u.exec(text)?.[1]
  if (inside === undefined) return text
  const items = inside.split(',').map((item) => item.trim())
  return items.filter((item) => item !== '').map((item) => readItem(item, itemType))
}

/** `new ArrayList<T>(Arrays.asList(...))`, or one whose initialiser adds items. */
function readArrayList(text: string, itemType: string | undefined): Value {
  const read = (item: string): Value =>
    itemType === 'char' || itemType === 'String' ? item.slice(1, -1) : readItem(item, itemType)
  const listed = /new\s+ArrayList<[\p{L}\p{N}_]*>\(Arrays\.asList\((.+?)\)\)/u.exec(text)?.[1]
  if (listed !== undefined) return listed.split(',').map((item) => read(item.trim()))
  const body = /new\s+ArrayList<[\p{L}\p{N}_]*>\(\)\s*\{\{\s*(.+?)\s*\}\}/su.exec(text)?.[1]
  if (body !== undefined) return [...body.matchAll(/add\((.+?)\)/g)].map(([, item = '']) => read(item.trim()))
  return /new\s+ArrayList<[\p{L}\p{N}_]*>\(\)/u.test(text) ? [] : text
}

function readHashMap(text: string): Value {
  const body = /new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}/s.exec(text)?.[1]
  if (body === undefined) return /new\s+HashMap<.*?>\s*\(\)/.test(text) ? new Dict() : text
  const entries = body.matchAll(/put\("(.*?)",\s*(.*?)\)/g)
  return Dict.of(Array.from(entries, ([, key = '', value = '']): [string, Value] => [key, guess(value.trim())]))
}

function readItem(item: string, type: string | undefined): Value {
  return type === undefined ? guess(item) : readJava(item, type)
}

/** A value whose type nobody said. */
function guess(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text.startsWith('"') && text.endsWith('"')) return text.slice(1, -1)
  if (LONG.test(text)) return wholeNumber(text)
  if (FLOAT.test(text)) return new Float(Number.parseFloat(text))
  return guessedNumber(text) ?? text
}
