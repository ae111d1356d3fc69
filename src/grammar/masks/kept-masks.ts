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

  get(key: number): Int32Array | undefined {
    const kept = this.use(key)
    if (!kept?.sparse) return kept?.words
    const mask = new Int32Array(this.words)
    for (let i = 0; i < kept.words.length; i += 2) mask[kept.words[i]!] = kept.words[i + 1]!
    return mask
  }

  /** Adds what is kept to another mask. @returns whether it was there */
  addTo(mask: Int32Array, key: number): boolean {
    const kept = this.use(key)
    if (!kept) return false
    const { words, sparse } = kept
    if (sparse) for (let i = 0; i < words.length; i += 2) mask[words[i]!]! |= words[i + 1]!
    else for (let i = 0; i < words.length; i++) mask[i]! |= words[i]!
    return true
  }

  add(key: number, mask: Int32Array): Int32Array {
    const list = sparse(mask)
    const kept = list ? { words: list, sparse: true } : { words: mask, sparse: false }
    this.masks.set(key, kept)
    this.bytes += kept.words.byteLength + ENTRY_BYTES
    for (const [oldest, { words }] of this.masks) {
      if (this.bytes <= MOST_BYTES || oldest === key) break
      this.masks.delete(oldest)
      this.bytes -= words.byteLength + ENTRY_BYTES
    }
    return mask
  }

  private use(key: number): Kept | undefined {
    const kept = this.masks.get(key)
    if (!kept) return undefined
    // The last used stand last.
    this.masks.delete(key)
    this.masks.set(key, kept)
    return kept
  }

  /** Keeps only those that have a new key. */
  rename(moved: ReadonlyMap<number, number>): void {
    const before = this.masks
    this.masks = new Map()
    this.bytes = 0
    for (const [key, kept] of before) {
      const again = moved.get(key)
      if (again === undefined || this.masks.has(again)) continue
      this.masks.set(again, kept)
      this.bytes += kept.words.byteLength + ENTRY_BYTES
    }
  }
}

function sparse(mask: Int32Array): Int32Array | undefined {
  let count = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && ++count > mask.length / 8) return undefined
  const list = new Int32Array(count * 2)
  for (let i = 0, at = 0; at < list.length; i++) {
    if (mask[i] === 0) continue
    list[at++] = i
    list[at++] = mask[i]!
  }
  return list
}
