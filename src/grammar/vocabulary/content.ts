/** Content of JSON strings: characters that stand for themselves. */
import { UTF8 } from '../syntax/utf8.js'
import { LAST_CODE, type CodeRanges } from '../syntax/characters.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20

/** {@link UTF8} without control characters, quotation marks and backslashes. */
export const CONTENT: readonly Int8Array[] = UTF8.map((next, state) =>
  state > 0 ? next : next.map((to, byte) => (byte < SPACE || byte === QUOTE || byte === BACKSLASH ? -1 : to)),
)

/** Characters, when the bytes are whole characters of content; otherwise -1. */
export function contentLength(bytes: Uint8Array): number {
  let state = 0
  let count = 0
  for (const byte of bytes) {
    state = CONTENT[state]![byte]!
    if (state < 0) return -1
    if (state === 0) count++
  }
  return state === 0 ? count : -1
}

/** The characters of content. */
export const CONTENT_RANGES: CodeRanges = [
  [SPACE, QUOTE - 1],
  [QUOTE + 1, BACKSLASH - 1],
  [BACKSLASH + 1, 0xd7ff],
  [0xe000, LAST_CODE],
]
