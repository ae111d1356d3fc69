/** JavaScript values written as text, as BFCL reads them: what is not of its type stays text. */
import { Dict, Float, type Value } from '../../chat/python/values.js'
import { guessedNumber, wholeNumber } from './numbers.js'
import { Unchecked, type LanguageTypes } from './types.js'

const INTEGER = /^-?\d+\n?$/
const FLOAT = /^-?\d+(?:\.\d+)?\n?$/
const BIG_INTEGER = /^-?\d+n$/
const ROWS_BEGIN = /^(?:(\[)|new\s+Array(\())\s*(?=\[)/
const ARRAY = /^(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))/
const ENTRY = /([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)/g

export const JAVASCRIPT_TYPES: LanguageTypes = {
  types: {
    String: 'str',
    integer: 'int',
    float: 'float',
    Bigint: 'int',
    Boolean: 'bool',
    dict: 'dict',
    array: 'list',
    any: 'str',
  },
  lists: ['Array', 'ArrayList', 'array'],
  textError: 'type_error:js',
  read: readJavaScript,
}

function readJavaScript(text: string, type: string, itemType?: string): Value {
  switch (type) {
    case 'String':
      return isQuoted(text) ? text.slice(1, -1) : text
    case 'integer':
      return INTEGER.test(text) ? wholeNumber(text) : text
    case 'float':
      return FLOAT.test(text) ? new Float(Number(text)) : text
    case 'Bigint':
      return BIG_INTEGER.test(text) ? wholeNumber(text) : text
    case 'Boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'dict':
      return readObject(text.trim())
    case 'array':
      return readArray(text.trim(), itemType)
    case 'any':
      return text
    default:
      throw new Unchecked(`values of ${type}`)
  }
}

/** `[...]` or `new Array(...)`. Items are cut at every comma. */
function readArray(code: string, itemType: string | undefined): Value {
  const rows = rowsOf(code)
  if (rows !== undefined) return [...rows.matchAll(/\[(.*?)\]/g)].map(([, row = ''], i) => readRow(row.trim(), i))
  const [found, inside, listed = ''] = ARRAY.exec(code) ?? []
  if (found === undefined) return code
  const text = (inside ?? listed).trim()
  if (text === '') return []
  try {
    return text.split(',').map((item) => readItem(item.trim(), itemType))
  } catch {
    // The reference leaves the text as it is where it knows no type of the items.
    return code
  }
}

/**
 * What the reference finds with `\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]`, or the same in `new Array(...)`: tried in the order of that expression,
 * but no place twice, since a model's text could else take forever.
 */
function rowsOf(code: string): string | undefined {
  const [begin, bracket] = ROWS_BEGIN.exec(code) ?? []
  if (begin === undefined) return undefined
  const close = bracket === undefined ? ')' : ']'
  const hopeless = new Set<number>()
  const endFrom = (row: number): number | undefined => {
    const line = code.indexOf('\n', row)
    for (let at = code.indexOf(']', row); at >= 0 && (line < 0 || at < line); at = code.indexOf(']', at + 1)) {
      const after = pastSpace(code, at + 1)
      const next = code[after] === ',' ? pastSpace(code, after + 1) : after
      const end = next > after && code[next] === '[' && !hopeless.has(next) ? endFrom(next) : undefined
      if (end !== undefined) return end
      if (code[after] === close) return after + 1
    }
    hopeless.add(row)
    return undefined
  }
  const end = endFrom(begin.length)
  return end === undefined ? undefined : code.slice(0, end)
}

function pastSpace(code: string, from: number): number {
  const space = /\s*/y
  space.lastIndex = from
  return from + (space.exec(code)?.[0].length ?? 0)
}

/** Of an array of arrays, whose first row begins with the bracket of the whole. */
function readRow(row: string, index: number): Value {
  const inside = index === 0 && row.startsWith('[') ? row.slice(1) : row
  return inside.split(',').map((item) => guess(item))
}

function readItem(item: string, itemType: string | undefined): Value {
  if (itemType === undefined) return guess(item)
  return readJavaScript(item, itemType, /^['"]/.test(item) ? 'String' : undefined)
}

function readObject(code: string): Value {
  if (code === '{}') return new Dict()
  const inside = /^\{(.*?)\}/.exec(code)?.[1]
  if (inside === undefined) return code
  return Dict.of(
    Array.from(inside.matchAll(ENTRY), ([, key = '', value = '']): [string, Value] => [
      unquoted(key.trim()),
      readProperty(value.trim()),
    ]),
  )
}

function readProperty(value: string): Value {
  if (value.startsWith('[') && value.endsWith(']')) return readArray(value, undefined)
  if (value.startsWith('{') && value.endsWith('}')) return readObject(value)
  return guess(unquoted(value))
}

/** A value whose type nobody said. */
function guess(text: string): Value {
  const trimmed = text.trim()
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true'
  return isQuoted(trimmed) ? trimmed.slice(1, -1) : (guessedNumber(trimmed) ?? trimmed)
}

function isQuoted(text: string): boolean {
  return ['"', "'"].some((quote) => text.startsWith(quote) && text.endsWith(quote))
}

/** Python's `strip` of both quotes. */
function unquoted(text: string): string {
  return text.replace(/^['"]+|['"]+$/g, '')
}
