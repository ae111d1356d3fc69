/** Some of the tokens, by their first bytes: those of each become a trie when a walk first comes to them, or before. */
import { atOnce, type Steps } from '../pauses.js'
import { sorted } from './order.js'
import { BYTES_OF_NODE, trieOf, type Trie } from './trie.js'

export class Part {
  /** Bytes of the longest token. */
  readonly reach: number
  private readonly ids: (readonly number[] | undefined)[]
  private readonly tries: (Trie | undefined)[]

  /** @param byFirst ids by the first bytes of their tokens */
  constructor(
    private readonly tokens: readonly (Uint8Array | undefined)[],
    byFirst: readonly (readonly number[] | undefined)[],
    reach: number,
  ) {
    this.reach = reach
    this.ids = [...byFirst]
    this.tries = byFirst.map(() => undefined)
  }

  /** The tokens that begin with a byte; undefined for none. */
  trieOf(byte: number): Trie | undefined {
    const ids = this.ids[byte]
    if (ids) atOnce(this.make(byte, ids))
    return this.tries[byte]
  }

  /** Makes all tries that are not there yet. */
  *complete(): Steps {
    for (const [byte, ids] of this.ids.entries()) if (ids) yield* this.make(byte, ids)
  }

  get bytes(): number {
    const nodes = this.tries.reduce((sum, trie) => sum + (trie?.size ?? 0), 0)
    return nodes * BYTES_OF_NODE + this.ids.reduce((sum, ids) => sum + (ids?.length ?? 0), 0) * 4
  }

  private *make(byte: number, ids: readonly number[]): Steps {
    const trie = yield* trieOf(this.tokens, yield* sorted(this.tokens, ids))
    // A walk may have been first.
    this.tries[byte] ??= trie
    this.ids[byte] = undefined
  }
}

/** Ids that are still to become parts. */
export class PartList {
  private readonly byFirst: number[][] = []
  private reach = 0

  add(id: number, bytes: Uint8Array): void {
    const list = this.byFirst[bytes[0]!]
    if (list) list.push(id)
    else this.byFirst[bytes[0]!] = [id]
    if (bytes.length > this.reach) this.reach = bytes.length
  }

  made(tokens: readonly (Uint8Array | undefined)[]): Part {
    const byFirst = Array.from({ length: 256 }, (_, byte) => this.byFirst[byte])
    return new Part(tokens, byFirst, this.reach)
  }
}
