/** The tokens of a model, arranged once so that a mask is one walk: most tokens are content of JSON strings, which is often settled at once. */
import { Pauses } from '../pauses.js'
import { contentLength } from './content.js'
import { BYTES_OF_NODE, compareBytes, trieOf, type Trie } from './trie.js'

/** Most characters of the tokens of a slice. */
const SLICES = [4, 8, 16, Infinity]
/** Counts of characters for which there is a mask of their own. */
export const COUNTED = 16

/** Tokens that are content of a JSON string of at most `most` characters, and more than the slice before. */
export interface Slice {
  readonly most: number
  readonly mask: Int32Array
  readonly trie: Trie
}

export class Vocabulary {
  private constructor(
    readonly tokens: readonly (Uint8Array | undefined)[],
    readonly specials: ReadonlyMap<string, number>,
    /** Tokens that are not whole characters of content. */
    readonly rest: Trie,
    readonly slices: readonly Slice[],
    /** Tokens of at most n + 1 characters of content. */
    readonly upTo: readonly Int32Array[],
    /** Bytes of the longest token. */
    readonly longest: number,
  ) {}

  /** Columns of the logits. */
  get size(): number {
    return this.tokens.length
  }

  /** Words of a mask. */
  get words(): number {
    return wordsFor(this.size)
  }

  get bytes(): number {
    const nodes = this.slices.reduce((sum, { trie }) => sum + trie.size, this.rest.size)
    return nodes * BYTES_OF_NODE + (this.slices.length + this.upTo.length) * this.words * 4
  }

  /**
   * @param tokens by id; undefined for what is no text
   * @param specials ids of special tokens by their names
   */
  static async of(
    tokens: readonly (Uint8Array | undefined)[],
    specials: ReadonlyMap<string, number>,
  ): Promise<Vocabulary> {
    const pauses = new Pauses()
    const groups: number[][] = [[], ...SLICES.map(() => [])]
    const lengths = new Map<number, number>()
    let longest = 0
    for (const id of await sorted(tokens, pauses)) {
      const bytes = tokens[id]!
      longest = Math.max(longest, bytes.length)
      const length = contentLength(bytes)
      groups[length === undefined ? 0 : 1 + SLICES.findIndex((most) => length <= most)]!.push(id)
      if (length !== undefined) lengths.set(id, length)
    }
    const tries: Trie[] = []
    for (const ids of groups) {
      await pauses.breathe()
      tries.push(trieOf(tokens, ids))
    }
    const slices = SLICES.map((most, i) => ({ most, mask: maskOf(tokens.length, groups[i + 1]!), trie: tries[i + 1]! }))
    await pauses.breathe()
    const upTo = upToMasks(tokens.length, lengths)
    return new Vocabulary(tokens, specials, tries[0]!, slices, upTo, longest)
  }
}

/** Words of a bit set of so many ids. */
export function wordsFor(size: number): number {
  return (size + 31) >> 5
}

export function addToMask(mask: Int32Array, id: number): void {
  mask[id >> 5]! |= 1 << (id & 31)
}

function maskOf(size: number, ids: readonly number[]): Int32Array {
  const mask = new Int32Array(wordsFor(size))
  for (const id of ids) addToMask(mask, id)
  return mask
}

/** For each count of characters the tokens that have as many or fewer. */
function upToMasks(size: number, lengths: ReadonlyMap<number, number>): Int32Array[] {
  const masks = Array.from({ length: COUNTED }, () => new Int32Array(wordsFor(size)))
  for (const [id, length] of lengths) if (length <= COUNTED) addToMask(masks[Math.max(0, length - 1)]!, id)
  for (let i = 1; i < COUNTED; i++) masks[i - 1]!.forEach((bits, word) => (masks[i]![word]! |= bits))
  return masks
}

/** Ids of the tokens that UTF-8 can have, by their bytes; those of one first byte at a time. */
async function sorted(tokens: readonly (Uint8Array | undefined)[], pauses: Pauses): Promise<number[]> {
  const byFirst: number[][] = Array.from({ length: 256 }, () => [])
  tokens.forEach((bytes, id) => {
    if (bytes && bytes.length > 0 && !bytes.some(isNeverUtf8)) byFirst[bytes[0]!]!.push(id)
  })
  const order: number[] = []
  for (const ids of byFirst) {
    await pauses.breathe()
    for (const id of sortedOfOneByte(tokens, ids)) order.push(id)
  }
  return order
}

const IDS = 2 ** 20

/** Numbers are sorted fast: four bytes and the id in one; tokens that are alike so far are compared then. */
function sortedOfOneByte(tokens: readonly (Uint8Array | undefined)[], ids: readonly number[]): number[] {
  const keys = Float64Array.from(ids, (id) => {
    const [, b = 0, c = 0, d = 0, e = 0] = tokens[id]!
    return (((b * 256 + c) * 256 + d) * 256 + e) * IDS + id
  }).sort()
  const order: number[] = []
  for (let from = 0, to = 0; from < keys.length; from = to) {
    const prefix = Math.floor(keys[from]! / IDS)
    const alike: number[] = []
    for (; to < keys.length && Math.floor(keys[to]! / IDS) === prefix; to++) alike.push(keys[to]! % IDS)
    if (alike.length > 1) alike.sort((x, y) => compareBytes(tokens[x]!, tokens[y]!) || x - y)
    for (const id of alike) order.push(id)
  }
  return order
}

/** Bytes that no UTF-8 has. Grammars write special tokens with some of them. */
function isNeverUtf8(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte >= 0xf5
}
