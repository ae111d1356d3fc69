/** Masks that were made, the last used ones; those of few tokens as lists. */

const MOST_BYTES = 1_000_000
/** Bytes of an entry without its numbers. */
const ENTRY_BYTES = 150

/** A bit set, or the words of it that are not 0: index, word, ... */
interface Kept {
  readonly words: Int32Array
  readonly sparse: boolean
}

export class KeptMasks {
  bytes = 0
  private masks = new Map<number, Kept>()

  /** @param words of a mask */
  constructor(private readonly words: number) {}

  get(state: number): Int32Array | undefined {
    const kept = this.masks.get(state)
    if (!kept) return undefined
    // The last used stand last.
    this.masks.delete(state)
    this.masks.set(state, kept)
    if (!kept.sparse) return kept.words
    const mask = new Int32Array(this.words)
    for (let i = 0; i < kept.words.length; i += 2) mask[kept.words[i]!] = kept.words[i + 1]!
    return mask
  }

  add(state: number, mask: Int32Array): Int32Array {
    const list = sparse(mask)
    const kept = list ? { words: list, sparse: true } : { words: mask, sparse: false }
    this.masks.set(state, kept)
    this.bytes += kept.words.byteLength + ENTRY_BYTES
    for (const [oldest, { words }] of this.masks) {
      if (this.bytes <= MOST_BYTES || oldest === state) break
      this.masks.delete(oldest)
      this.bytes -= words.byteLength + ENTRY_BYTES
    }
    return mask
  }

  /** Keeps only those of states that have a new number. */
  rename(moved: ReadonlyMap<number, number>): void {
    const before = this.masks
    this.masks = new Map()
    this.bytes = 0
    for (const [state, kept] of before) {
      const again = moved.get(state)
      if (again === undefined || this.masks.has(again)) continue
      this.masks.set(again, kept)
      this.bytes += kept.words.byteLength + ENTRY_BYTES
    }
  }
}

function sparse(mask: Int32Array): Int32Array | undefined {
  const list: number[] = []
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue
    if (list.length >= mask.length / 4) return undefined
    list.push(i, mask[i]!)
  }
  return Int32Array.from(list)
}
