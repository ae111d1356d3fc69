/** Tokens in the order of their bytes. */
import type { Pauses } from '../pauses.js'

/** Ids of the tokens that UTF-8 can have. They are put down by their first two bytes and sorted within. */
export async function sortedTokens(tokens: readonly (Uint8Array | undefined)[], pauses: Pauses): Promise<Int32Array> {
  const counts = new Int32Array(0x10001)
  const keys = new Int32Array(tokens.length).fill(-1)
  for (let id = 0; id < tokens.length; id++) {
    const bytes = tokens[id]
    if ((id & 0x3fff) === 0x3fff) await pauses.breathe()
    if (!bytes || bytes.length === 0 || !isUtf8(bytes)) continue
    keys[id] = (bytes[0]! << 8) | (bytes[1] ?? 0)
    counts[keys[id]! + 1]!++
  }
  for (let key = 0; key < 0x10000; key++) counts[key + 1]! += counts[key]!
  const order = new Int32Array(counts[0x10000]!)
  const ends = counts.slice()
  for (let id = 0; id < tokens.length; id++) if (keys[id]! >= 0) order[ends[keys[id]!]!++] = id
  for (let key = 0; key < 0x10000; key++) {
    const from = counts[key]!
    const to = counts[key + 1]!
    if (to - from < 2) continue
    order.subarray(from, to).sort((x, y) => compareBytes(tokens[x]!, tokens[y]!) || x - y)
    if (to - from > 64) await pauses.breathe()
  }
  return order
}

/** Whether there is no byte that no UTF-8 has. Grammars write special tokens with some of them. */
function isUtf8(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte === 0xc0 || byte === 0xc1 || byte >= 0xf5) return false
  return true
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
