/** Which tokens of a vocabulary may come next: one walk over its tries, kept for each state. */
import type { Trie } from '../vocabulary/trie.js'
import { addToMask, COUNTED, removeFromMask, type Vocabulary } from '../vocabulary/vocabulary.js'
import { DEAD, SPECIAL, type Automaton } from '../automaton/automaton.js'
import { contentAfter } from './content.js'
import { KeptMasks } from './kept-masks.js'
import { invalidGrammar } from '../automaton/limits.js'
import { UNKNOWN } from '../automaton/sets.js'

/**
 * The masks of one grammar for one vocabulary. A state that was asked for before costs a look-up.
 * @example
 * const masks = new TokenMasks(automaton, await Vocabulary.of(tokens, new Map()), new Set([endId]))
 * const mask = masks.mask(automaton.initial)
 * const allowed = (mask[id >> 5]! >> (id & 31)) & 1
 * const state = masks.after(automaton.initial, id)
 */
export class TokenMasks {
  private readonly kept: KeptMasks
  private readonly specialIds: ReadonlyMap<number, string>
  private readonly path: Int32Array

  /** @throws UserError invalid_grammar where the vocabulary lacks a special token that the grammar asks for */
  constructor(
    readonly automaton: Automaton,
    readonly vocabulary: Vocabulary,
    private readonly stopIds: ReadonlySet<number>,
  ) {
    this.kept = new KeptMasks(vocabulary.words)
    this.path = new Int32Array(vocabulary.longest + 2)
    this.specialIds = new Map(automaton.specials.map((name) => [this.specialId(name), name]))
  }

  /**
   * Bit set of the tokens that may come next; ids that end an answer are in it exactly where the text may end. It is not to be
   * changed. Where the steps of one mask do not suffice, tokens of several bytes are missing; none is wrong.
   */
  mask(state: number): Int32Array {
    return this.kept.get(state) ?? this.kept.add(state, this.made(state))
  }

  /** The state after a token; 0 where it is not allowed, as for all that ends an answer. */
  after(state: number, id: number): number {
    const special = this.specialIds.get(id)
    if (special !== undefined) return this.automaton.goSpecial(state, special)
    const bytes = this.vocabulary.tokens[id]
    if (!bytes || bytes.length === 0 || this.stopIds.has(id)) return DEAD
    return bytes.some((byte) => byte >= SPECIAL) ? DEAD : this.automaton.after(state, bytes)
  }

  /** Frees all but these states; returns their new numbers. */
  trim(live: readonly number[]): number[] {
    const moved = this.automaton.trim(live)
    this.kept.rename(new Map(live.map((state, i) => [state, moved[i]!])))
    return moved
  }

  /** An estimate of the memory in use, the automaton's included. */
  get bytes(): number {
    return this.automaton.bytes + this.kept.bytes
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
    for (let byteClass = 0; byteClass < automaton.classes.count; byteClass++)
      automaton.machine.goClass(state, byteClass)
    this.addTexts(state, mask, budget)
    if (automaton.steps > budget && mask.every((word) => word === 0)) this.addOne(state, mask)
    for (const [id, name] of this.specialIds) if (automaton.goSpecial(state, name) !== DEAD) addToMask(mask, id)
    for (const id of this.stopIds)
      if (automaton.accepts(state)) addToMask(mask, id)
      else removeFromMask(mask, id)
    return mask
  }

  private addTexts(state: number, mask: Int32Array, budget: number): void {
    const { vocabulary } = this
    const { most, exact } = contentAfter(this.automaton.machine, state, budget)
    if (exact && most <= COUNTED) {
      if (most > 0) or(mask, vocabulary.upTo[most - 1]!)
    } else
      for (const slice of vocabulary.slices)
        if (slice.longest <= most) or(mask, slice.mask)
        else this.walk(slice.trie, state, mask, budget)
    this.walk(vocabulary.rest, state, mask, budget)
  }

  /** Of a vocabulary without a token for each byte, at least one that may come, whatever it takes. */
  private addOne(state: number, mask: Int32Array): void {
    const { rest, slices } = this.vocabulary
    for (const trie of [rest, ...slices.map((slice) => slice.trie)])
      if (this.walk(trie, state, mask, Infinity, 1)) return
  }

  /** @returns whether `most` tokens were found before the end */
  private walk(trie: Trie, state: number, mask: Int32Array, budget: number, most = Infinity): boolean {
    const { machine } = this.automaton
    const { path } = this
    const { of } = machine.classes
    const { size, byte, depth, skip, token, twins } = trie
    const { sets } = machine
    let found = 0
    path[0] = state
    for (let node = 0; node < size;) {
      const at = depth[node]!
      const from = path[at]!
      const byteClass = of[byte[node]!]!
      let to = sets.next(from, byteClass)
      if (to === UNKNOWN) to = machine.work.steps > budget ? DEAD : machine.step(from, byteClass)
      if (to === DEAD) {
        node = skip[node]!
        continue
      }
      path[at + 1] = to
      const id = token[node]!
      if (id >= 0) {
        mask[id >> 5]! |= 1 << (id & 31)
        if (twins.size > 0) for (const twin of twins.get(id) ?? []) addToMask(mask, twin)
        if (++found >= most) return true
      }
      node++
    }
    return false
  }
}

function or(to: Int32Array, from: Int32Array): void {
  for (let i = 0; i < from.length; i++) to[i]! |= from[i]!
}
