/** Bytes that no part of a grammar tells apart: one class each. */
import type { Node } from '../syntax/nodes.js'
import type { Facts, LanguageOf } from './facts.js'
import { byteRangesOf, UTF8_CUTS } from '../syntax/utf8.js'

/** Where the content of JSON strings begins and ends: space, quotation mark, backslash; the bytes of UTF-8. */
const CONTENT_CUTS = [0x20, 0x22, 0x23, 0x5c, 0x5d, ...UTF8_CUTS]

export interface ByteClasses {
  readonly count: number
  readonly of: Uint8Array
  /** A byte of each class. */
  readonly example: readonly number[]
  readonly cuts: readonly number[]
}

export function classesOf(facts: Facts, languageOf: LanguageOf): ByteClasses {
  const marks = new Uint8Array(257)
  const cut = (from: number, to: number) => {
    marks[from] = 1
    marks[to + 1] = 1
  }
  for (const byte of CONTENT_CUTS) marks[byte] = 1
  if (facts.specials.size > 0) for (let byte = 0xf8; byte <= 0xff; byte++) marks[byte] = 1
  const seen = new Set<unknown>()
  const leaf = (node: Node) => {
    if (node.kind === 'text') markText(node.text, cut)
    else if (node.kind === 'chars' && !seen.has(node.ranges)) {
      seen.add(node.ranges)
      for (const ranges of byteRangesOf(node.ranges)) for (const [from, to] of ranges) cut(from, to)
    }
  }
  leaf(facts.root)
  for (const node of facts.nodes()) {
    facts.eachChild(node, leaf)
    if (node.kind === 'both' || node.kind === 'without' || node.kind === 'until' || node.kind === 'language')
      for (const byte of languageOf(node).cuts) marks[byte] = 1
  }
  return numbered(marks)
}

function markText(content: string, cut: (from: number, to: number) => void): void {
  for (let i = 0; i < content.length; i++) {
    const code = content.charCodeAt(i)
    if (code >= 0x80) return new TextEncoder().encode(content.slice(i)).forEach((byte) => cut(byte, byte))
    cut(code, code)
  }
}

function numbered(marks: Uint8Array): ByteClasses {
  const of = new Uint8Array(256)
  const example = [0]
  const cuts: number[] = []
  for (let byte = 1; byte < 256; byte++) {
    if (marks[byte]) {
      example.push(byte)
      cuts.push(byte)
    }
    of[byte] = example.length - 1
  }
  return { count: example.length, of, example, cuts }
}
