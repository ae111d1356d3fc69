/** The tokens of a model, arranged once so that a mask is one walk: most tokens are content of JSON strings, which is often settled at once. */
import { Pauses, type Steps } from '../pauses.js'
import { contentLength } from './content.js'
import { sortedTokens } from './order.js'
import { BYTES_OF_NODE, trieOf, type Trie } from './trie.js'

/** Most characters of the tokens of a slice. */
const SLICES = [4, 8, 16, 32, Infinity]
/** Counts of characters up to which there is a mask of their own. */
export const COUNTED = 16
/** Tokens that are looked at in one go. */
const PIECE = 1024

/** Tokens that are content of a JSON string, of at most `longest` characters, and more than those of the slice before. */
export interface Slice {
  readonly longest: number
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
   * Arranges the tokens, in slices of time that let others run.
   * @param tokens by id; undefined for what is no text
   * @param specials ids of special tokens by their names
   * @example
   * const vocabulary = await Vocabulary.of(['a', 'b'].map((text) => new TextEncoder().encode(text)), new Map())
   */
  static async of(
    tokens: readonly (Uint8Array | undefined)[],
    specials: ReadonlyMap<string, number>,
    pauses = new Pauses(),
  ): Promise<Vocabulary> {
    const groups: number[][] = [[], ...SLICES.map(() => [])]
    const lengths = new Uint8Array(tokens.length)
    let longest = 0
    let seen = 0
    for (const id of await sortedTokens(tokens, pauses)) {
      if (++seen % PIECE === 0) await pauses.breathe()
      const bytes = tokens[id]!
      longest = Math.max(longest, bytes.length)
      const length = contentLength(bytes)
      groups[length < 0 ? 0 : 1 + SLICES.findIndex((most) => length <= most)]!.push(id)
      lengths[id] = Math.min(length, 0xff)
    }
    const tries: Trie[] = []
    for (const ids of groups) tries.push(await trieOf(tokens, ids, pauses))
    const slices: Slice[] = []
    for (const [i, most] of SLICES.entries()) {
      await pauses.breathe()
      const ids = groups[i + 1]!
      slices.push({
        longest: most < Infinity ? most : ids.reduce((length, id) => Math.max(length, tokens[id]!.length), 0),
        mask: maskOf(tokens.length, ids),
        trie: tries[i + 1]!,
      })
    }
    const upTo = await pauses.run(countedMasks(groups.slice(1), lengths))
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

export function removeFromMask(mask: Int32Array, id: number): void {
  mask[id >> 5]! &= ~(1 << (id & 31))
}

function maskOf(size: number, ids: readonly number[]): Int32Array {
  const mask = new Int32Array(wordsFor(size))
  for (const id of ids) addToMask(mask, id)
  return mask
}

/** Masks of at most 1, 2, ... characters, each made of the one before. */
function* countedMasks(groups: readonly (readonly number[])[], lengths: Uint8Array): Steps<Int32Array[]> {
  const masks = Array.from({ length: COUNTED }, () => new Int32Array(wordsFor(lengths.length)))
  for (const ids of groups) {
    yield
    for (const id of ids) if (lengths[id]! <= COUNTED) addToMask(masks[lengths[id]! - 1]!, id)
  }
  for (let i = 1; i < COUNTED; i++) {
    yield
    const before = masks[i - 1]!
    masks[i]!.forEach((word, at) => (masks[i]![at] = word | before[at]!))
  }
  return masks
}
