import type { Pauses } from './pauses.js'

/** The tokens of a vocabulary by their first two bytes. */
export class TokenIndex {
  private constructor(
    /** Where the ids of each pair of bytes begin, [65536 + 1]. */
    private readonly starts: Int32Array,
    /** Sorted by the pair, rising within one. */
    private readonly ids: Int32Array,
    private readonly tokens: readonly (Uint8Array | undefined)[],
  ) {}

  static async of(tokens: readonly (Uint8Array | undefined)[], pauses: Pauses): Promise<TokenIndex> {
    const starts = new Int32Array(2 ** 16 + 1)
    for (const token of tokens) if (token && token.length > 1) starts[pairOf(token) + 1]!++
    for (let pair = 0; pair < 2 ** 16; pair++) starts[pair + 1]! += starts[pair]!
    await pauses.breathe()
    const ids = new Int32Array(starts[2 ** 16]!)
    const next = starts.slice()
    tokens.forEach((token, id) => {
      if (token && token.length > 1) ids[next[pairOf(token)]!++] = id
    })
    return new TokenIndex(starts, ids, tokens)
  }

  /**
   * The tokens that begin with `beginning` and are longer, with what they have after it.
   * @param nexts bytes of which one comes after it; any where they are left out
   */
  *longer(beginning: Uint8Array, nexts?: readonly number[]): Generator<LongerToken, void, undefined> {
    if (beginning.length === 0) return
    const seconds = beginning.length > 1 ? [beginning[1]!] : (nexts ?? ALL_BYTES)
    for (const second of seconds) {
      const pair = (beginning[0]! << 8) | second
      for (let i = this.starts[pair]!; i < this.starts[pair + 1]!; i++) {
        const id = this.ids[i]!
        const token = this.tokens[id]!
        if (token.length > beginning.length && startsWith(token, beginning))
          yield { id, rest: token.subarray(beginning.length) }
      }
    }
  }
}

const ALL_BYTES: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte)

function startsWith(token: Uint8Array, beginning: Uint8Array): boolean {
  for (let i = 0; i < beginning.length; i++) if (token[i] !== beginning[i]) return false
  return true
}

/** A token that begins with some text, and what it has after it. */
export interface LongerToken {
  readonly id: number
  readonly rest: Uint8Array
}

function pairOf(token: Uint8Array): number {
  return (token[0]! << 8) | token[1]!
}
