/** Byte-pair encoding of one piece. huggingface/tokenizers, models/bpe: the pair whose merge comes first in the file, then the next. */
import { mergePairs } from '../merge.js'
import type { PairTable } from '../pair-table.js'
import type { TokenTable } from '../token-table.js'

export interface BpeSetup {
  readonly vocab: TokenTable
  readonly unknownId?: number | undefined
  /** Its text, where no token has it: nothing may be unknown. */
  readonly missingUnknown?: string | undefined
  /** Unknown characters in a row are one. */
  readonly fuseUnknown: boolean
  /** A character without a token becomes its bytes, where all of them have one. */
  readonly byteFallback: boolean
  /** A piece that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean
  readonly prefix: string
  readonly suffix: string
}

/** Pieces that are kept, and their longest. */
const KEPT = 20_000
const LONGEST_KEPT = 64

export class Bpe {
  private readonly known = new Map<string, readonly number[]>()

  /** @param ranks the pair of the lowest rank merges first */
  constructor(
    private readonly setup: BpeSetup,
    private readonly ranks: PairTable,
  ) {}

  encode(piece: string): readonly number[] {
    const whole = this.setup.ignoreMerges ? this.setup.vocab.get(piece) : undefined
    if (whole !== undefined) return [whole]
    const before = this.known.get(piece)
    if (before) return before
    const ids = mergePairs(this.symbols(piece), (left, right) => this.ranks.get(left, right))
    if (piece.length <= LONGEST_KEPT) {
      if (this.known.size >= KEPT) this.known.clear()
      this.known.set(piece, ids)
    }
    return ids
  }

  /** One id for each character, more where it becomes bytes. */
  private symbols(piece: string): number[] {
    const { vocab, unknownId, missingUnknown, fuseUnknown, prefix, suffix } = this.setup
    const ids: number[] = []
    // It comes after bytes of a later character, as in the reference.
    let unknown = false
    for (let at = 0; at < piece.length;) {
      const char = String.fromCodePoint(piece.codePointAt(at)!)
      const symbol = (at > 0 ? prefix : '') + char + (at + char.length === piece.length ? suffix : '')
      at += char.length
      const id = vocab.get(symbol)
      if (id !== undefined) {
        if (unknown) ids.push(unknownId!)
        unknown = false
        ids.push(id)
        continue
      }
      const bytes = this.setup.byteFallback ? bytesOf(symbol, vocab) : undefined
      if (bytes) ids.push(...bytes)
      else if (missingUnknown !== undefined)
        throw new RangeError(
          `the text has ${JSON.stringify(char)}, which no token has, and neither has the unk_token ${JSON.stringify(missingUnknown)} one`,
        )
      else if (unknownId !== undefined) {
        if (unknown && !fuseUnknown) ids.push(unknownId)
        unknown = true
      }
    }
    if (unknown) ids.push(unknownId!)
    return ids
  }
}

/** Tokens of the bytes of a text; undefined where one has none. */
export function bytesOf(text: string, vocab: TokenTable): number[] | undefined {
  const ids: number[] = []
  for (const byte of new TextEncoder().encode(text)) {
    const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}
