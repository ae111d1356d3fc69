/** Content of JSON strings: characters that stand for themselves. */
import { UTF8 } from '../automaton/utf8.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20

/** {@link UTF8} without control characters, quotation marks and backslashes. */
export const CONTENT: readonly Int8Array[] = UTF8.map((next, state) =>
  state > 0 ? next : next.map((to, byte) => (byte < SPACE || byte === QUOTE || byte === BACKSLASH ? -1 : to)),
)

/** Characters, when the bytes are whole characters of content. */
export function contentLength(bytes: Uint8Array): number | undefined {
  let state = 0
  let count = 0
  for (const byte of bytes) {
    state = CONTENT[state]![byte]!
    if (state < 0) return undefined
    if (state === 0) count++
  }
  return state === 0 ? count : undefined
}
