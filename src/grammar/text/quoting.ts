/** How characters stand in the text: as they are, or as JSON.stringify writes them inside of a string. */
import { complement, includesCode, intersection, LAST_CODE, type CodeRanges } from '../syntax/characters.js'
import { chars, choice, EMPTY, repeat, sequence, text, type Node } from '../syntax/nodes.js'

export type Quoting = 'plain' | 'json'

/** Characters that JSON writes with an escape, and that escape. */
const ESCAPES: ReadonlyMap<number, string> = new Map(
  [...Array.from({ length: 32 }, (_, code) => code), 34, 92].map((code) => [
    code,
    JSON.stringify(String.fromCharCode(code)).slice(1, -1),
  ]),
)
const RAW = complement([...ESCAPES.keys()].map((code) => [code, code] as const))

/** One character of `ranges`. Surrogates are none. */
export function quotedChar(ranges: CodeRanges, quoting: Quoting): Node {
  if (quoting === 'plain') return oneOf(complement(complement(ranges)))
  const escaped = [...ESCAPES].filter(([code]) => includesCode(ranges, code)).map(([, written]) => text(written))
  return choice([oneOf(intersection(ranges, RAW)), ...escaped])
}

function oneOf(ranges: CodeRanges): Node {
  return ranges.length === 0 ? choice([]) : chars(ranges)
}

/** Exactly `content`. */
export function quotedText(content: string, quoting: Quoting): Node {
  if (quoting === 'plain') return text(content)
  return text(Array.from(content, (char) => ESCAPES.get(char.codePointAt(0)!) ?? char).join(''))
}

const ANY: Readonly<Record<Quoting, Node>> = {
  plain: quotedChar([[0, LAST_CODE]], 'plain'),
  json: quotedChar([[0, LAST_CODE]], 'json'),
}
const ANYTHING: Readonly<Record<Quoting, Node>> = { plain: repeat(ANY.plain, 0), json: repeat(ANY.json, 0) }

/** Any character; always the same node. */
export function anyChar(quoting: Quoting): Node {
  return ANY[quoting]
}

/** Any text; always the same node. */
export function anything(quoting: Quoting): Node {
  return ANYTHING[quoting]
}

/** Any text that begins with `first`. */
export function beginningWith(first: Node, quoting: Quoting): Node {
  return first === EMPTY ? anything(quoting) : sequence(first, anything(quoting))
}
