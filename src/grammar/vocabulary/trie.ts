/** Tokens as a trie of bytes in flat arrays, nodes in depth-first order, so that a walk is one loop. */
import type { Steps } from '../pauses.js'

export interface Trie {
  readonly size: number
  readonly byte: Uint8Array
  readonly depth: Uint16Array
  /** The first node after the subtree. */
  readonly skip: Int32Array
  /** The token that ends at the node, or -1. */
  readonly token: Int32Array
  /** Further tokens of the same bytes. */
  readonly twins: ReadonlyMap<number, readonly number[]>
}

export const BYTES_OF_NODE = 11
/** Tokens that are done in one go. */
const PIECE = 1024

/**
 * @param order ids, sorted by their bytes
 * @param from bytes that all tokens have in common, and more besides: they get no nodes
 */
export function* trieOf(tokens: readonly (Uint8Array | undefined)[], order: ArrayLike<number>, from = 0): Steps<Trie> {
  const { size, longest } = yield* measure(tokens, order, from)
  const byte = new Uint8Array(size)
  const depth = new Uint16Array(size)
  const skip = new Int32Array(size)
  const token = new Int32Array(size).fill(-1)
  const twins = new Map<number, number[]>()
  const open = new Int32Array(longest)
  let level = from
  let node = 0
  let before = NO_BYTES
  for (let i = 0; i < order.length; i++) {
    if (i % PIECE === PIECE - 1) yield
    const id = order[i]!
    const bytes = tokens[id]!
    const shared = Math.max(from, sharedLength(before, bytes))
    while (level > shared) skip[open[--level]!] = node
    for (; level < bytes.length; node++) {
      byte[node] = bytes[level]!
      depth[node] = level
      open[level++] = node
    }
    const end = open[level - 1]!
    const first = token[end]!
    if (first < 0) token[end] = id
    else twins.set(first, [...(twins.get(first) ?? []), id])
    before = bytes
  }
  while (level > from) skip[open[--level]!] = node
  return { size, byte, depth, skip, token, twins }
}

const NO_BYTES: Uint8Array = new Uint8Array()

function* measure(
  tokens: readonly (Uint8Array | undefined)[],
  order: ArrayLike<number>,
  from: number,
): Steps<{ size: number; longest: number }> {
  let size = 0
  let longest = 0
  let before = NO_BYTES
  for (let i = 0; i < order.length; i++) {
    if (i % PIECE === PIECE - 1) yield
    const bytes = tokens[order[i]!]!
    size += bytes.length - Math.max(from, sharedLength(before, bytes))
    longest = Math.max(longest, bytes.length)
    before = bytes
  }
  return { size, longest }
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length++
  return length
}
