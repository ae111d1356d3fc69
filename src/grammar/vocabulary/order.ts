/** Tokens in the order of their bytes. */
import type { Pauses, Steps } from '../pauses.js'

type Tokens = readonly (Uint8Array | undefined)[]

/** Room for an id within a number whose other bits are four bytes. */
const IDS = 2 ** 20
/** Tokens that are done in one go. */
const PIECE = 1024

/** Ids of the tokens that UTF-8 can have; those of one first byte at a time. */
export async function sortedTokens(tokens: Tokens, pauses: Pauses): Promise<Int32Array> {
  const byFirst: number[][] = Array.from({ length: 256 }, () => [])
  let count = 0
  for (let id = 0; id < tokens.length; id++) {
    const bytes = tokens[id]
    if ((id & 0x3fff) === 0x3fff) await pauses.breathe()
    if (!bytes || bytes.length === 0 || !isUtf8(bytes)) continue
    byFirst[bytes[0]!]!.push(id)
    count++
  }
  const order = new Int32Array(count)
  let end = 0
  for (const ids of byFirst) {
    await pauses.breathe()
    end = await pauses.run(sortInto(order, end, tokens, ids))
  }
  return order
}

/** Numbers are sorted fast: four bytes and the id in one; tokens that are alike so far are compared then. */
function* sortInto(order: Int32Array, start: number, tokens: Tokens, ids: readonly number[]): Steps<number> {
  const keys = new Float64Array(ids.length)
  for (let i = 0; i < keys.length; i++) {
    if (i % PIECE === PIECE - 1) yield
    keys[i] = keyOf(tokens[ids[i]!]!, ids[i]!)
  }
  yield
  keys.sort()
  yield
  for (let i = 0; i < keys.length; i++) order[start + i] = keys[i]! % IDS
  const beginning = (i: number) => Math.floor(keys[i]! / IDS)
  for (let from = 0, to = 0, next = 0; from < keys.length; from = to) {
    if (from >= next) {
      yield
      next = from + PIECE
    }
    while (to < keys.length && beginning(to) === beginning(from)) to++
    if (to - from === 1) continue
    order.subarray(start + from, start + to).sort((x, y) => compareBytes(tokens[x]!, tokens[y]!) || x - y)
  }
  return start + keys.length
}

/** The second to the fifth byte, and the id. */
function keyOf(bytes: Uint8Array, id: number): number {
  const at = (i: number) => (i < bytes.length ? bytes[i]! : 0)
  return (((at(1) * 256 + at(2)) * 256 + at(3)) * 256 + at(4)) * IDS + id
}

/** Whether there is no byte that no UTF-8 has. Grammars write special tokens with some of them. */
function isUtf8(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === 0xc0 || byte === 0xc1 || byte >= 0xf5) return false
  }
  return true
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
