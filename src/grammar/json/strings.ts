/** Strings of JSON, by their lengths, patterns and formats. */
import { allowsNothing } from '../automaton/automaton.js'
import { LAST_CODE } from '../syntax/characters.js'
import { both, chars, choice, NEVER, repeat, rule, sequence, text, without, type Node } from '../syntax/nodes.js'
import { anyChar, anything } from '../text/quoting.js'
import { regexNode } from '../text/regex.js'
import { FORMATS } from './formats.js'

export interface StringSet {
  readonly minLength: number
  readonly maxLength: number
  readonly patterns: readonly string[]
  readonly notPatterns: readonly string[]
  readonly formats: readonly string[]
  readonly notTexts: readonly string[]
}

const QUOTE = text('"')
/** Patterns that every text matches. `^$` is none of them, nor is `^.*$`: a point is no line end. */
const OPEN = /^\^?(\.\*)?$|^(\.\*)?\$$|^\^?\[\\s\\S\]\*\$?$/

/** As JSON.stringify writes them. */
export const ANY_TEXT = anything('json')
/** Any string, also with escapes that are not needed; half a surrogate pair is none. */
export const ANY_STRING: Node = rule('string', () => sequence(QUOTE, repeat(freeChar(), 0), QUOTE))

function freeChar(): Node {
  const hex = chars([[48, 57], [65, 70], [97, 102]]) // prettier-ignore
  const notD = chars([[48, 57], [65, 67], [69, 70], [97, 99], [101, 102]]) // prettier-ignore
  const d = chars([[68, 68], [100, 100]]) // prettier-ignore
  const basic = choice([sequence(notD, repeat(hex, 3, 3)), sequence(d, chars([[48, 55]]), repeat(hex, 2, 2))])
  const high = sequence(d, chars([[56, 57], [65, 66], [97, 98]]), repeat(hex, 2, 2)) // prettier-ignore
  const low = sequence(d, chars([[67, 70], [99, 102]]), repeat(hex, 2, 2)) // prettier-ignore
  const raw = chars([[32, 33], [35, 91], [93, 0xd7ff], [0xe000, LAST_CODE]]) // prettier-ignore
  const simple = chars(Array.from('"\\/bfnrt', (char) => [char.charCodeAt(0), char.charCodeAt(0)] as const))
  const unicode = choice([basic, sequence(high, text('\\u'), low)])
  return choice([raw, sequence(text('\\'), choice([simple, sequence(text('u'), unicode)]))])
}

export function quoted(content: Node): Node {
  return sequence(QUOTE, content, QUOTE)
}

/** `value` as it stands between quotes. */
export function escaped(value: string): Node {
  return text(JSON.stringify(value).slice(1, -1))
}

/** The strings of a set; NEVER where there are none. */
export function stringNode(set: StringSet): Node {
  const { notTexts } = set
  const content = contentOf(set)
  if (content === ANY_TEXT) return ANY_STRING
  if (content === NEVER) return NEVER
  const made = rule('string', () => quoted(content))
  const simple = set.patterns.length + set.notPatterns.length + set.formats.length + notTexts.length === 0
  return !simple && allowsNothing(made) ? NEVER : made
}

/** What stands between the quotes of the strings of a set. */
export function contentOf(set: StringSet): Node {
  const { minLength, maxLength } = set
  if (minLength > maxLength) return NEVER
  const patterns = set.patterns.filter((pattern) => !OPEN.test(pattern))
  const parts = patterns.map((pattern) => regexNode(pattern, { quoting: 'json', whole: false }))
  const formats = set.formats.flatMap((format) => formatNode(format))
  // A format is an annotation: where a pattern says otherwise, the pattern counts.
  const formatted = formats.length > 0 && !allowsNothing([...parts, ...formats].reduce(both)) ? formats : []
  parts.push(...formatted)
  if (minLength > 0 || maxLength < Infinity) parts.push(repeat(anyChar('json'), minLength, maxLength))
  const content = parts.length === 0 ? ANY_TEXT : parts.reduce(both)
  const left = set.notPatterns.reduce(
    (node, pattern) => without(node, regexNode(pattern, { quoting: 'json', whole: false })),
    content,
  )
  if (set.notTexts.length === 0) return left
  return without(left, choice(set.notTexts.map((value) => escaped(value))))
}

const formatNodes = new Map<string, Node>()

function formatNode(format: string): Node[] {
  const pattern = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
  if (pattern === undefined) return []
  let node = formatNodes.get(format)
  if (!node) formatNodes.set(format, (node = regexNode(pattern, { quoting: 'json', whole: true })))
  return [node]
}
