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
import { atOnce, type Steps } from '../pauses.js'
import { Allowance } from './allowance.js'

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
    return atOnce(this.making(state))
  }

  /** As {@link mask}, in slices. Meanwhile others may use the masks, but not {@link trim} them. */
  *making(state: number): Steps<Int32Array> {
    const far = this.far.of(state)
    return this.kept.get(keyOf(far)) ?? this.kept.add(keyOf(far), yield* this.made(far))
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

  private *made(state: number): Steps<Int32Array> {
    const { automaton, vocabulary, stopIds } = this
    const { machine } = automaton
    const allowance = new Allowance(machine.work, automaton.limits.steps)
    // Every byte is decided before the steps end, so that a mask is never empty.
    for (let byteClass = 0; byteClass < automaton.classes.count; byteClass++) {
      machine.goClass(state, byteClass)
      if (allowance.isDue) yield* allowance.rest()
    }
    const { most, exact } = yield* contentAfter(machine, state, allowance)
    const { slices, others } = vocabulary
    // Slices that are settled as a whole come first.
    let settled = slices.length
    if (!exact || most > COUNTED) while (settled > 0 && slices[settled - 1]!.longest > most) settled--
    const content = exact && most <= COUNTED ? vocabulary.upTo[most] : slices[settled - 1]?.mask
    const mask = content ? content.slice() : new Int32Array(vocabulary.words)
    const path = new Int32Array(vocabulary.longest + 2)
    for (let i = 0; i < this.groups.length; i++)
      if (i < others.length || i >= others.length + settled)
        yield* this.addGroup(i, state, { mask, path, allowance, most: Infinity })
    // Of a vocabulary without a token for each byte, at least one that may come, whatever it takes.
    if (allowance.isOver && mask.every((word) => word === 0)) {
      const one = { mask, path, allowance: new Allowance(machine.work, Infinity), most: 1 }
      for (const { part } of this.groups) if (yield* this.walkPart(part, state, one)) break
    }
    for (const [id, name] of this.specialIds) if (automaton.goSpecial(state, name) !== DEAD) addToMask(mask, id)
    for (const id of stopIds)
      if (automaton.accepts(state)) addToMask(mask, id)
      else removeFromMask(mask, id)
    return mask
  }

  /** What a group allows is kept where other states are no different for its tokens. */
  private *addGroup(i: number, state: number, walk: Walk): Steps {
    const { part } = this.groups[i]!
    const counts = this.farthest.of(state) !== state
    const far = counts ? this.farOf[i]!.of(state) : state
    if (far === state) {
      yield* this.walkPart(part, state, walk)
      return
    }
    const key = keyOf(far, i + 1)
    if (this.kept.addTo(walk.mask, key)) return
    const own = new Int32Array(walk.mask.length)
    yield* this.walkPart(part, far, { ...walk, mask: own })
    if (!walk.allowance.isOver) this.kept.add(key, own)
    or(walk.mask, own)
  }

  /** @returns whether as many tokens were found as are wanted */
  private *walkPart(part: Part, state: number, walk: Walk): Steps<boolean> {
    const { machine } = this.automaton
    const { mask, allowance } = walk
    const trie = part.asTrie
    for (const id of part.ended) addToMask(mask, id)
    if (part.ended.length >= walk.most) return true
    if (trie) {
      walk.path[part.depth] = state
      for (let node = 0; node < trie.size;) {
        node = this.walk(trie, node, walk)
        if (node === FOUND) return true
        if (allowance.isDue) yield* allowance.rest()
      }
      return false
    }
    for (const byte of part.nexts) {
      const byteClass = machine.classes.of[byte]!
      let to = machine.sets.next(state, byteClass)
      if (to === UNKNOWN) to = allowance.isOver ? DEAD : machine.step(state, byteClass)
      if (allowance.isDue) yield* allowance.rest()
      if (to !== DEAD && (yield* this.walkPart(part.after(byte), to, walk))) return true
    }
    return false
  }

  /** From a node on, for a slice. @returns the node after it, or FOUND */
  private walk(trie: Trie, from: number, { mask, path, allowance, most }: Walk): number {
    const { machine } = this.automaton
    const { of } = machine.classes
    const { size, byte, depth, skip, token, twins } = trie
    const { sets, work } = machine
    const { end, due } = allowance
    let found = 0
    let node = from
    while (node < size) {
      const at = depth[node]!
      const state = path[at]!
      const byteClass = of[byte[node]!]!
      let to = sets.next(state, byteClass)
      if (to === UNKNOWN) {
        if (work.steps > due) return node
        to = work.steps > end ? DEAD : machine.step(state, byteClass)
      }
      if (to === DEAD) {
        node = skip[node]!
        continue
      }
      path[at + 1] = to
      const id = token[node]!
      node++
      if (id < 0) continue
      mask[id >> 5]! |= 1 << (id & 31)
      if (twins.size > 0) for (const twin of twins.get(id) ?? []) addToMask(mask, twin)
      if (++found >= most) return FOUND
    }
    return node
  }
}

/** One mask that is being made. */
interface Walk {
  readonly mask: Int32Array
  /** The states along the token that is looked at. */
  readonly path: Int32Array
  readonly allowance: Allowance
  /** Tokens after which it ends. */
  readonly most: number
}

const FOUND = -1

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
