/** Which tokens of a vocabulary may come next: one walk over its tries, kept for each state. */
import type { Trie } from '../vocabulary/trie.js'
import type { Part } from '../vocabulary/part.js'
import { addToMask, COUNTED, removeFromMask, type Vocabulary } from '../vocabulary/vocabulary.js'
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
  private readonly parts: readonly Part[]
  /** For the longest token, for those of each part, and for no token at all. */
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
    this.parts = vocabulary.parts
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
    if (id === undefined)
      throw invalidGrammar(`the grammar asks for the special token ${name}, which the model does not have`)
    return id
  }

  private forgetFar(): void {
    const { machine } = this.automaton
    this.far = new Far(machine, this.vocabulary.longest)
    this.farOf = this.parts.map(({ reach }) => new Far(machine, reach))
    this.farthest = new Far(machine, 0)
  }

  private made(state: number): Int32Array {
    const { automaton, vocabulary, stopIds } = this
    const budget = automaton.steps + automaton.limits.steps
    const live = this.liveBytes(state)
    const { most, exact } = contentAfter(automaton.machine, state, budget)
    const { slices, others } = vocabulary
    // Slices that are settled as a whole come first.
    let settled = slices.length
    if (!exact || most > COUNTED) while (settled > 0 && slices[settled - 1]!.longest > most) settled--
    const content = exact && most <= COUNTED ? vocabulary.upTo[most] : slices[settled - 1]?.mask
    const mask = content ? content.slice() : new Int32Array(vocabulary.words)
    for (let i = 0; i < this.parts.length; i++)
      if (i < others.length || i >= others.length + settled) this.addPart(i, state, live, mask, budget)
    if (automaton.steps > budget && mask.every((word) => word === 0)) this.addOne(state, live, mask)
    for (const [id, name] of this.specialIds) if (automaton.goSpecial(state, name) !== DEAD) addToMask(mask, id)
    for (const id of stopIds)
      if (automaton.accepts(state)) addToMask(mask, id)
      else removeFromMask(mask, id)
    return mask
  }

  /** Bytes that may come next. All are decided before the budget ends, so that a mask is never empty. */
  private liveBytes(state: number): number[] {
    const { machine, classes } = this.automaton
    const bytes: number[] = []
    for (let byteClass = 0; byteClass < classes.count; byteClass++) {
      if (machine.goClass(state, byteClass) === DEAD) continue
      const end = classes.example[byteClass + 1] ?? 256
      for (let byte = classes.example[byteClass]!; byte < end; byte++) bytes.push(byte)
    }
    return bytes
  }

  /** What a part allows is kept where other states are no different for its tokens. */
  private addPart(i: number, state: number, live: readonly number[], mask: Int32Array, budget: number): void {
    const part = this.parts[i]!
    const counts = this.farthest.of(state) !== state
    const far = counts ? this.farOf[i]!.of(state) : state
    if (far === state) return this.walkPart(part, state, live, mask, budget)
    const key = keyOf(far, i + 1)
    if (this.kept.addTo(mask, key)) return
    const own = new Int32Array(mask.length)
    this.walkPart(part, far, live, own, budget)
    if (this.automaton.steps <= budget) this.kept.add(key, own)
    or(mask, own)
  }

  private walkPart(part: Part, state: number, live: readonly number[], mask: Int32Array, budget: number): void {
    for (const byte of live) {
      const trie = part.trieOf(byte)
      if (trie) this.walk(trie, state, mask, budget)
    }
  }

  /** Of a vocabulary without a token for each byte, at least one that may come, whatever it takes. */
  private addOne(state: number, live: readonly number[], mask: Int32Array): void {
    for (const part of this.parts)
      for (const byte of live) {
        const trie = part.trieOf(byte)
        if (trie && this.walk(trie, state, mask, Infinity, 1)) return
      }
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

/** Of what is kept for a state: its mask, or the tokens of one part. */
function keyOf(state: number, part = 0): number {
  return state * 16 + part
}

function or(to: Int32Array, from: Int32Array): void {
  for (let i = 0; i < from.length; i++) to[i]! |= from[i]!
}
