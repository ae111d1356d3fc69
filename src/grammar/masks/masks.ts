/** Which tokens of a vocabulary may come next: one walk over its tries, kept for each state. */
import type { Trie } from '../vocabulary/trie.js'
import type { Part } from '../vocabulary/part.js'
import { addToMask, COUNTED, removeFromMask, type Group, type Vocabulary } from '../vocabulary/vocabulary.js'
import { DEAD, SPECIAL, type Automaton } from '../automaton/automaton.js'
import { Far } from '../automaton/far.js'
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
  private readonly groups: readonly Group[]
  /** For the longest token, for those of each group, and for no token at all. */
  private far!: Far
  private farOf!: readonly Far[]
  private farthest!: Far

  /** @throws UserError invalid_grammar where the vocabulary lacks a special token that the grammar asks for */
  constructor(
    readonly automaton: Automaton,
    readonly vocabulary: Vocabulary,
    private readonly stopIds: ReadonlySet<number>,
  ) {
    this.kept = new KeptMasks(vocabulary.words)
    this.path = new Int32Array(vocabulary.longest + 2)
    this.specialIds = new Map(automaton.specials.map((name) => [this.specialId(name), name]))
    this.groups = vocabulary.groups
    this.forgetFar()
  }

  /**
   * Bit set of the tokens that may come next; ids that end an answer are in it exactly where the text may end. It is not to be
   * changed. Where the steps of one mask do not suffice, tokens of several bytes are missing; none is wrong.
   * @throws UserError grammar_too_complex
   */
  mask(state: number): Int32Array {
    const far = this.far.of(state)
    return this.kept.get(keyOf(far)) ?? this.kept.add(keyOf(far), this.made(far))
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
    this.kept.rename(new Map(live.map((state, i) => [keyOf(state), keyOf(moved[i]!)])))
    this.forgetFar()
    return moved
  }

  /** An estimate of the memory in use, the automaton's included. */
  get bytes(): number {
    return this.automaton.bytes + this.kept.bytes
  }

  private specialId(name: string): number {
    const id = this.vocabulary.specials.get(name)
    if (id === undefined) throw lackingSpecial(name)
    return id
  }

  private forgetFar(): void {
    const { machine } = this.automaton
    this.far = new Far(machine, this.vocabulary.longest)
    this.farOf = this.groups.map(({ reach }) => new Far(machine, reach))
    this.farthest = new Far(machine, 0)
  }

  private made(state: number): Int32Array {
    const { automaton, vocabulary, stopIds } = this
    const budget = automaton.steps + automaton.limits.steps
    // Every byte is decided before the budget ends, so that a mask is never empty.
    for (let byteClass = 0; byteClass < automaton.classes.count; byteClass++)
      automaton.machine.goClass(state, byteClass)
    const { most, exact } = contentAfter(automaton.machine, state, budget)
    const { slices, others } = vocabulary
    // Slices that are settled as a whole come first.
    let settled = slices.length
    if (!exact || most > COUNTED) while (settled > 0 && slices[settled - 1]!.longest > most) settled--
    const content = exact && most <= COUNTED ? vocabulary.upTo[most] : slices[settled - 1]?.mask
    const mask = content ? content.slice() : new Int32Array(vocabulary.words)
    for (let i = 0; i < this.groups.length; i++)
      if (i < others.length || i >= others.length + settled) this.addGroup(i, state, mask, budget)
    // Of a vocabulary without a token for each byte, at least one that may come, whatever it takes.
    if (automaton.steps > budget && mask.every((word) => word === 0))
      this.groups.some(({ part }) => this.walkPart(part, state, mask, Infinity, 1))
    for (const [id, name] of this.specialIds) if (automaton.goSpecial(state, name) !== DEAD) addToMask(mask, id)
    for (const id of stopIds)
      if (automaton.accepts(state)) addToMask(mask, id)
      else removeFromMask(mask, id)
    return mask
  }

  /** What a group allows is kept where other states are no different for its tokens. */
  private addGroup(i: number, state: number, mask: Int32Array, budget: number): void {
    const { part } = this.groups[i]!
    const counts = this.farthest.of(state) !== state
    const far = counts ? this.farOf[i]!.of(state) : state
    if (far === state) {
      this.walkPart(part, state, mask, budget)
      return
    }
    const key = keyOf(far, i + 1)
    if (this.kept.addTo(mask, key)) return
    const own = new Int32Array(mask.length)
    this.walkPart(part, far, own, budget)
    if (this.automaton.steps <= budget) this.kept.add(key, own)
    or(mask, own)
  }

  /** @returns whether `most` tokens were found before the end */
  private walkPart(part: Part, state: number, mask: Int32Array, budget: number, most = Infinity): boolean {
    const { machine } = this.automaton
    const trie = part.asTrie
    for (const id of part.ended) addToMask(mask, id)
    if (part.ended.length >= most) return true
    if (trie) return this.walk(trie, part.depth, state, mask, budget, most)
    for (const byte of part.nexts) {
      const byteClass = machine.classes.of[byte]!
      let to = machine.sets.next(state, byteClass)
      if (to === UNKNOWN) to = machine.work.steps > budget ? DEAD : machine.step(state, byteClass)
      if (to !== DEAD && this.walkPart(part.after(byte), to, mask, budget, most)) return true
    }
    return false
  }

  private walk(trie: Trie, from: number, start: number, mask: Int32Array, budget: number, most: number): boolean {
    const { machine } = this.automaton
    const { path } = this
    const { of } = machine.classes
    const { size, byte, depth, skip, token, twins } = trie
    const { sets } = machine
    let found = 0
    path[from] = start
    for (let node = 0; node < size;) {
      const at = depth[node]!
      const state = path[at]!
      const byteClass = of[byte[node]!]!
      let to = sets.next(state, byteClass)
      if (to === UNKNOWN) to = machine.work.steps > budget ? DEAD : machine.step(state, byteClass)
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

export function lackingSpecial(name: string): Error {
  return invalidGrammar(`the grammar asks for the special token ${name}, which the model does not have`)
}

/** Of what is kept for a state: its mask, or the tokens of one group. */
function keyOf(state: number, group = 0): number {
  return state * 16 + group
}

function or(to: Int32Array, from: Int32Array): void {
  for (let i = 0; i < from.length; i++) to[i]! |= from[i]!
}
