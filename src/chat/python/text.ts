import { spend, spendItems, spendText } from './limits.js'
import { floatText } from './numbers.js'
import {
  Callable,
  Dict,
  Float,
  Generator,
  Range,
  Tuple,
  Undefined,
  Unsupported,
  View,
  hasSurrogates,
  typeName,
  type Value,
} from './values.js'

/** What str.isspace() holds for a space: not JavaScript's \s, which has U+FEFF and lacks the separators of ASCII. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** How often none was printed: a prompt in which it stands is none that a model was trained on. */
let printedNone = 0

/** Counts of `None` that were printed since the last call. */
export function takePrintedNone(): number {
  const count = printedNone
  printedNone = 0
  return count
}

/** str() of a value. */
export function str(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (value === null) printedNone++
  return value instanceof Undefined ? '' : repr(value)
}

/** repr() of a value. */
export function repr(value: Value): string {
  if (typeof value === 'string') return quoted(value)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value !== 'object') return String(value)
  spend(1)
  if (Array.isArray(value)) return `[${joined(value)}]`
  if (value instanceof Float) return floatText(value.value)
  if (value instanceof Dict) return `{${joinedEntries(value)}}`
  if (value instanceof Tuple) return `(${joined(value.values)}${value.values.length === 1 ? ',' : ''})`
  if (value instanceof Undefined) return 'Undefined'
  if (value instanceof View) return `${value.type}([${joined(value.values)}])`
  if (value instanceof Range) {
    return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`
  }
  if (value instanceof Generator || value instanceof Callable)
    throw new Unsupported(`the text of a ${typeName(value)}, in which Python writes an address of its memory`)
  return value.describe(repr)
}

function joined(values: readonly Value[]): string {
  const text = values.map(repr).join(', ')
  spendText(text.length)
  return text
}

function joinedEntries(dict: Dict): string {
  const text = dict
    .entries()
    .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
    .join(', ')
  spendText(text.length)
  return text
}

/** What str.isprintable() refuses, the quotes aside. */
const UNPRINTABLE = /[\\\p{C}\p{Z}]/u
const ESCAPED = /[\\\p{C}\p{Z}]/gu
const SHORT: Readonly<Record<string, string | undefined>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
  ' ': ' ',
}

/** A string as Python's repr() writes it: single quotes, unless only those are in it. */
function quoted(text: string): string {
  spendText(text.length)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let inner = UNPRINTABLE.test(text) ? text.replace(ESCAPED, escaped) : text
  if (quote === "'") inner = inner.replaceAll("'", "\\'")
  return quote + inner + quote
}

function escaped(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

const STRIP_START = new RegExp(`^[${SPACE}]+`)
const SPACES = new RegExp(`[${SPACE}]`)

/** str.strip() and its like: of white space, or of any of the characters. */
export function strip(text: string, side: 'both' | 'left' | 'right' = 'both', characters?: string): string {
  const set = characters === undefined ? undefined : new Set(characters)
  const isCut = (c: string): boolean => (set ? set.has(c) : SPACES.test(c))
  const units = hasSurrogates(text) && set ? Array.from(text) : text
  let start = 0
  let end = units.length
  if (side !== 'right') while (start < end && isCut(units[start]!)) start++
  if (side !== 'left') while (end > start && isCut(units[end - 1]!)) end--
  spendItems(start + units.length - end)
  if (start === 0 && end === units.length) return text
  return typeof units === 'string' ? units.slice(start, end) : units.slice(start, end).join('')
}

/** Whether all of a text is white space, and there is some. */
export function isSpace(text: string): boolean {
  return text !== '' && text.replace(STRIP_START, '') === ''
}

/** The words of a text, as str.split() without a separator gives them; `limit` splits from the left or from the right. */
export function splitWords(text: string, limit = -1, fromRight = false): string[] {
  if (limit < 0)
    return strip(text)
      .split(new RegExp(`[${SPACE}]+`))
      .filter((word) => word !== '')
  const words: string[] = []
  let rest = strip(text, fromRight ? 'right' : 'left')
  const pattern = fromRight ? new RegExp(`[^${SPACE}]+$`) : new RegExp(`^[^${SPACE}]+`)
  while (rest !== '' && words.length < limit) {
    const word = pattern.exec(rest)![0]
    spend(1)
    words.push(word)
    rest = fromRight ? strip(rest.slice(0, -word.length), 'right') : strip(rest.slice(word.length), 'left')
  }
  if (rest !== '') words.push(rest)
  return fromRight ? words.reverse() : words
}

/** What a text is made of for Python: code points, which are units where there are no pairs. */
export function codePoints(text: string): readonly string[] | string {
  if (!hasSurrogates(text)) return text
  spendItems(text.length)
  return Array.from(text)
}
