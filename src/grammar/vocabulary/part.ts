/** Some of the tokens as a tree that is made where walks come to it: many are divided by their next byte, few become a trie. */
import { atOnce, type Steps } from '../pauses.js'
import { sorted } from './order.js'
import { BYTES_OF_NODE, trieOf, type Trie } from './trie.js'

type Tokens = readonly (Uint8Array | undefined)[]

/** Tokens of one trie, at most; those that have no further byte apart. */
const MOST = 2048

/** Tokens that are alike in their first bytes. */
export class Part {
  /** Those that end here, once {@link asTrie} was asked for. */
  ended: readonly number[] = []
  /** The others, by their next bytes, where they are many. */
  private readonly parts: (Part | undefined)[] = []
  private bytes: readonly number[] = []
  private trie: Trie | undefined
  private isMade = false

  /** @param depth bytes that all have in common */
  constructor(
    private readonly tokens: Tokens,
    private ids: readonly number[],
    readonly depth = 0,
  ) {}

  /** The trie of these tokens, whose nodes are counted from the first bytes of the tokens on; undefined where they are divided. */
  get asTrie(): Trie | undefined {
    if (!this.isMade) atOnce(this.make())
    return this.trie
  }

  /** Bytes that follow, where the tokens are divided. */
  get nexts(): readonly number[] {
    return this.bytes
  }

  after(byte: number): Part {
    return this.parts[byte]!
  }

  /** Makes what is asked for first. */
  *begin(): Steps {
    if (!this.isMade) yield* this.make()
  }

  /** Makes all that is not there yet. */
  *complete(): Steps {
    yield* this.begin()
    for (const byte of this.bytes) yield* this.parts[byte]!.complete()
  }

  /** An estimate of the memory in use. */
  get size(): number {
    const own = this.ids.length * 4 + (this.trie?.size ?? 0) * BYTES_OF_NODE
    return this.bytes.reduce((sum, byte) => sum + this.parts[byte]!.size, own)
  }

  private *make(): Steps {
    const { tokens, depth } = this
    const ended = this.ids.filter((id) => tokens[id]!.length === depth)
    const longer = ended.length === 0 ? this.ids : this.ids.filter((id) => tokens[id]!.length > depth)
    const trie = longer.length <= MOST ? yield* trieOf(tokens, yield* sorted(tokens, longer, depth), depth) : undefined
    // A walk may have come meanwhile.
    if (this.isMade) return
    this.isMade = true
    this.ended = ended
    this.trie = trie
    if (!trie) this.divide(longer)
    this.ids = []
  }

  private divide(ids: readonly number[]): void {
    const { tokens, depth } = this
    const lists: number[][] = []
    for (const id of ids) (lists[tokens[id]![depth]!] ??= []).push(id)
    lists.forEach((list, byte) => (this.parts[byte] = new Part(tokens, list, depth + 1)))
    this.bytes = [...lists.keys()].filter((byte) => lists[byte] !== undefined)
  }
}
