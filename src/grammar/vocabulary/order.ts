/** Tokens in the order of their bytes. */
import type { Steps } from '../pauses.js'

type Tokens = readonly (Uint8Array | undefined)[]

/** Room for an id within a number whose other bits are four bytes. */
const IDS = 2 ** 20
/** Tokens that are done in one go. */
const PIECE = 1024

/** The same ids, whose tokens have their first `depth` bytes in common, sorted by their bytes; those of equal bytes rise. */
export function* sorted(tokens: Tokens, ids: ArrayLike<number>, depth: number): Steps<Int32Array> {
  // Numbers are sorted fast: four bytes and the id in one; tokens that are alike so far are compared then.
  const keys = new Float64Array(ids.length)
  for (let i = 0; i < keys.length; i++) {
    if (i % PIECE === PIECE - 1) yield
    keys[i] = keyOf(tokens[ids[i]!]!, depth, ids[i]!)
  }
  yield
  keys.sort()
  yield
  const order = Int32Array.from(keys, (key) => key % IDS)
  const beginning = (i: number) => Math.floor(keys[i]! / IDS)
  for (let from = 0, to = 0, next = 0; from < keys.length; from = to) {
    if (from >= next) {
      yield
      next = from + PIECE
    }
    while (to < keys.length && beginning(to) === beginning(from)) to++
    if (to - from === 1) continue
    order.subarray(from, to).sort((x, y) => compareBytes(tokens[x]!, tokens[y]!) || x - y)
  }
  return order
}

/** Four bytes, and the id. */
function keyOf(bytes: Uint8Array, depth: number, id: number): number {
  const at = (i: number) => (depth + i < bytes.length ? bytes[depth + i]! : 0)
  return (((at(0) * 256 + at(1)) * 256 + at(2)) * 256 + at(3)) * IDS + id
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
