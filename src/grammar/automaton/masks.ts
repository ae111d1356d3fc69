/** Which tokens of a vocabulary may come next: one walk over its tries, kept for each state. */
import { CONTENT } from '../vocabulary/content.js'
import type { Trie } from '../vocabulary/trie.js'
import { addToMask, COUNTED, type Vocabulary } from '../vocabulary/vocabulary.js'
import { DEAD, type Automaton } from './automaton.js'
import { invalidGrammar } from './limits.js'

/** Bytes of the masks that are kept. */
const KEPT_BYTES = 1_000_000

export class TokenMasks {
  private kept = new Map<number, Int32Array>()
  private readonly specialIds: ReadonlyMap<number, string>
  private readonly path: Int32Array

  /** @throws UserError invalid_grammar where the vocabulary lacks a special token that the grammar asks for */
  constructor(
    readonly automaton: Automaton,
    readonly vocabulary: Vocabulary,
    private readonly stopIds: ReadonlySet<number>,
  ) {
    this.path = new Int32Array(vocabulary.longest + 2)
    this.specialIds = new Map(automaton.specials.map((name) => [this.specialId(name), name]))
  }

  /** Bit set of the tokens that may come next; ids that end an answer are in it exactly where the text may end. Not to be changed. */
  mask(state: number): Int32Array {
    const known = this.kept.get(state)
    if (known) {
      this.kept.delete(state)
      this.kept.set(state, known)
      return known
    }
    const mask = this.made(state)
    this.kept.set(state, mask)
    const [oldest] = this.kept.keys()
    if (this.kept.size * mask.byteLength > KEPT_BYTES) this.kept.delete(oldest!)
    return mask
  }

  /** The state after a token; 0 where it is not allowed. */
  after(state: number, id: number): number {
    const special = this.specialIds.get(id)
    if (special !== undefined) return this.automaton.goSpecial(state, special)
    const bytes = this.vocabulary.tokens[id]
    if (!bytes || bytes.length === 0 || this.stopIds.has(id)) return DEAD
    let to = state
    for (const byte of bytes) {
      // No text has these bytes: they spell special tokens.
      if (byte >= 0xf8) return DEAD
      to = this.automaton.go(to, byte)
      if (to === DEAD) break
    }
    return to
  }

  /** Frees all but these states; returns their new numbers. */
  trim(live: readonly number[]): number[] {
    const moved = this.automaton.trim(live)
    const kept = new Map<number, Int32Array>()
    live.forEach((state, i) => {
      const mask = this.kept.get(state)
      if (mask) kept.set(moved[i]!, mask)
    })
    this.kept = kept
    return moved
  }

  get bytes(): number {
    return this.automaton.bytes + this.kept.size * this.vocabulary.words * 4
  }

  private specialId(name: string): number {
    const id = this.vocabulary.specials.get(name)
    if (id === undefined)
      throw invalidGrammar(`the grammar asks for the special token ${name}, which the model does not have`)
    return id
  }

  private made(state: number): Int32Array {
    const { automaton, vocabulary } = this
    const mask = new Int32Array(vocabulary.words)
    const budget = automaton.steps + automaton.limits.steps
    // Every single byte is decided before the budget ends, so that a mask is never empty.
    for (let byteClass = 0; byteClass < automaton.classes.count; byteClass++) automaton.goClass(state, byteClass)
    this.walk(vocabulary.rest, state, mask, budget)
    const { most, exact } = this.contentAfter(state, automaton.steps + automaton.limits.steps / 8)
    if (exact) {
      if (most > 0) or(mask, vocabulary.upTo[most - 1]!)
    } else
      for (const slice of vocabulary.slices)
        if (slice.most <= most) or(mask, slice.mask)
        else this.walk(slice.trie, state, mask, budget)
    for (const [id, name] of this.specialIds) if (automaton.goSpecial(state, name) !== DEAD) addToMask(mask, id)
    for (const id of this.stopIds)
      if (automaton.accepts(state)) addToMask(mask, id)
      else mask[id >> 5]! &= ~(1 << (id & 31))
    return mask
  }

  private walk(trie: Trie, state: number, mask: Int32Array, budget: number): void {
    const { automaton, path } = this
    const { of } = automaton.classes
    path[0] = state
    for (let node = 0; node < trie.size;) {
      const depth = trie.depth[node]!
      const to = automaton.steps > budget ? DEAD : automaton.goClass(path[depth]!, of[trie.byte[node]!]!)
      if (to === DEAD) {
        node = trie.skip[node]!
        continue
      }
      path[depth + 1] = to
      const id = trie.token[node]!
      if (id >= 0) {
        addToMask(mask, id)
        for (const twin of trie.twins.get(id) ?? []) addToMask(mask, twin)
      }
      node++
    }
  }

  /** How many characters of any content may follow; `exact`: and no content of more may. */
  private contentAfter(state: number, budget: number): { most: number; exact: boolean } {
    const { automaton } = this
    const { count, example } = automaton.classes
    // By the level at which it was met first: only the new ones are followed further.
    const seen = new Map([[state * 8, 0]])
    let looped = false
    let level: [number, number][] = [[0, state]]
    for (let most = 0; most < COUNTED; most++) {
      const next: [number, number][] = []
      let dead = 0
      let live = 0
      for (let i = 0; i < level.length; i++) {
        const [within, from] = level[i]!
        for (let byteClass = 0; byteClass < count; byteClass++) {
          const character = CONTENT[within]![example[byteClass]!]!
          if (character < 0) continue
          const to = automaton.goClass(from, byteClass)
          if (to === DEAD) dead++
          else live++
          if ((dead > 0 && live > 0) || automaton.steps > budget) return { most, exact: false }
          if (to === DEAD) continue
          const at = character === 0 ? most + 1 : most
          const before = seen.get(to * 8 + character)
          if (before !== undefined) {
            looped ||= before < at
            continue
          }
          seen.set(to * 8 + character, at)
          if (character === 0) next.push([0, to])
          else level.push([character, to])
        }
      }
      if (live === 0) return { most, exact: !looped }
      if (next.length === 0) return { most: Infinity, exact: false }
      level = next
    }
    return { most: COUNTED, exact: false }
  }
}

function or(to: Int32Array, from: Int32Array): void {
  for (let i = 0; i < from.length; i++) to[i]! |= from[i]!
}
