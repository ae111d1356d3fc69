/**
 * A tree as a network of states over bytes. States are made when something asks for what is after them: a part that no token
 * reaches costs one state.
 */
import type { Language, MembersNode, Node, Rule } from '../syntax/nodes.js'
import { UsedSets } from './members.js'
import type { Facts, LanguageOf, RegularNode } from './facts.js'
import { byteRangesOf, type ByteRanges } from './utf8.js'

/** What a state does. `value` and `next` of the state mean: */
export const RETURN = 0 // back to the frame on top
export const BYTES = 1 // a byte of one of the ranges in `lists`: from, to, state after it, ...
export const SPLIT = 2 // goes on as every state in `lists`
export const CALL = 3 // the rule number `value`, then `next`
export const LOOP = 4 // begins loop number `value`, then `next`
export const LOOP_END = 5 // after the body of the loop on top
export const LANGUAGE = 6 // begins language number `value`, at state LANGUAGE_RUN after it; then `next`
export const LANGUAGE_RUN = 7 // within the language on top
export const MEMBERS = 8 // begins members number `value`, then `next`
export const MEMBER_END = 9 // after a member of the members on top: `value` is its index, -1 for others
export const MEMBER_PICK = 10 // after a separator
export const LATER = 11 // part number `value`, which is not made yet, then `next`
export const TEXTS = 12 // texts number `value`, which begin alike, not made yet, then `next`

export interface Loop {
  readonly min: number
  readonly max: number
  body: number
}

export interface Members {
  readonly node: MembersNode
  readonly bodies: number[]
  rest: number
  separator: number
  readonly sets: UsedSets
}

/** Texts that begin with the same `depth` bytes, and what comes after each. */
interface Texts {
  readonly entries: readonly Entry[]
  readonly depth: number
}

interface Entry {
  bytes: Uint8Array
  readonly tail: readonly Node[]
}

const encoder = new TextEncoder()
const NO_LIST: readonly number[] = []
/** A set of characters with more ranges than this is made once, as a rule. */
const LARGE_SET = 24

export class Network {
  readonly ops: number[] = [RETURN]
  readonly values: number[] = [0]
  readonly nexts: number[] = [0]
  readonly lists: (readonly number[])[] = [NO_LIST]
  readonly loops: Loop[] = []
  readonly languages: Language[] = []
  readonly members: Members[] = []
  readonly specials: readonly string[]
  private readonly later: Node[] = []
  private readonly texts: Texts[] = []
  private readonly rules: { readonly body: Node; start: number }[] = []
  private readonly ruleIds = new Map<Rule | Node, number>()
  private readonly languageIds = new Map<Node, number>()
  private readonly byteRanges = new Map<unknown, readonly ByteRanges[]>()

  constructor(
    private readonly facts: Facts,
    private readonly languageOf: LanguageOf,
  ) {
    this.specials = [...facts.specials]
  }

  /** The state before `node`, after which `next` follows. */
  build(node: Node, next: number): number {
    if (!this.facts.ends(node)) return this.add(SPLIT, 0, 0)
    if (node.kind === 'text' && node.text === '') return next
    if (node.kind === 'rule') return this.add(CALL, this.ruleId(node.rule, this.facts.bodyOf(node.rule)), next)
    if (this.facts.isShared(node) || this.isLargeSet(node)) return this.add(CALL, this.ruleId(node, node), next)
    return this.postpone(node, next)
  }

  ruleStart(id: number): number {
    const rule = this.rules[id]!
    if (rule.start < 0) rule.start = this.postpone(rule.body, 0)
    return rule.start
  }

  /** Makes a state of LATER or TEXTS. */
  expand(state: number): void {
    const value = this.values[state]!
    const next = this.nexts[state]!
    if (this.ops[state] === TEXTS) this.expandTexts(state, this.texts[value]!, next)
    else this.become(state, this.made(this.later[value]!, next))
  }

  bodyOfMember(run: Members, index: number): number {
    const known = run.bodies[index]!
    if (known >= 0) return known
    return (run.bodies[index] = this.build(run.node.members[index]!.node, this.add(MEMBER_END, index, 0)))
  }

  /** The bytes that stand for a special token. */
  specialBytes(name: string): Uint8Array {
    const index = this.specials.indexOf(name)
    const digits = Math.max(1, Math.ceil(Math.log(this.specials.length) / Math.log(7)))
    return Uint8Array.from({ length: 1 + digits }, (_, i) =>
      i === 0 ? 0xff : 0xf8 + (Math.floor(index / 7 ** (i - 1)) % 7),
    )
  }

  private add(op: number, value: number, next: number, list = NO_LIST): number {
    this.ops.push(op)
    this.values.push(value)
    this.nexts.push(next)
    this.lists.push(list)
    return this.ops.length - 1
  }

  /** `state` does from now on what `other` does. */
  private become(state: number, other: number): void {
    this.ops[state] = SPLIT
    this.lists[state] = [other]
  }

  private postpone(node: Node, next: number): number {
    this.later.push(node)
    return this.add(LATER, this.later.length - 1, next)
  }

  private ruleId(key: Rule | Node, body: Node): number {
    let id = this.ruleIds.get(key)
    if (id === undefined) {
      id = this.rules.length
      this.ruleIds.set(key, id)
      this.rules.push({ body, start: -1 })
    }
    return id
  }

  private made(node: Node, next: number): number {
    switch (node.kind) {
      case 'text':
        return this.addTexts([{ bytes: encoder.encode(node.text), tail: [] }], 0, next)
      case 'special':
        return this.addTexts([{ bytes: this.specialBytes(node.name), tail: [] }], 0, next)
      case 'chars':
        return this.characters(this.rangesOf(node.ranges), 0, next, new Map())
      case 'sequence':
        return this.sequence(node.items, 0, next)
      case 'choice':
        return this.choice(node.items, next)
      case 'repeat':
        return this.repeat(node.item, node.min, node.max, next)
      case 'rule':
        return this.build(node, next)
      case 'members':
        return this.add(MEMBERS, this.addMembers(node), next)
      default:
        return this.language(node, next)
    }
  }

  private sequence(items: readonly Node[], from: number, next: number): number {
    let state = next
    for (let i = items.length - 1; i >= from; i--) state = this.build(items[i]!, state)
    return state
  }

  /** Alternatives that begin with text share their beginnings. */
  private choice(items: readonly Node[], next: number): number {
    const entries: Entry[] = []
    const states: number[] = []
    for (const item of items) {
      if (!this.facts.ends(item)) continue
      const first = item.kind === 'sequence' ? item.items[0] : item
      if (first?.kind === 'text')
        entries.push({ bytes: encoder.encode(first.text), tail: item.kind === 'sequence' ? item.items : [] })
      else states.push(this.build(item, next))
    }
    if (entries.length > 0) states.push(this.addTexts(entries, 0, next))
    return states.length === 1 ? states[0]! : this.add(SPLIT, 0, 0, states)
  }

  private addTexts(entries: readonly Entry[], depth: number, next: number): number {
    this.texts.push({ entries, depth })
    return this.add(TEXTS, this.texts.length - 1, next)
  }

  private expandTexts(state: number, { entries, depth }: Texts, next: number): void {
    const ends: number[] = []
    const byByte = new Map<number, Entry[]>()
    for (const entry of entries) {
      const byte = entry.bytes[depth]
      if (byte === undefined) ends.push(this.sequence(entry.tail, 1, next))
      else {
        const list = byByte.get(byte)
        if (list) list.push(entry)
        else byByte.set(byte, [entry])
      }
    }
    const edges: number[] = []
    for (const [byte, list] of byByte) edges.push(byte, byte, this.addTexts(list, depth + 1, next))
    if (ends.length === 0) {
      this.ops[state] = BYTES
      this.lists[state] = edges
      return
    }
    if (edges.length > 0) ends.push(this.add(BYTES, 0, 0, edges))
    this.ops[state] = SPLIT
    this.lists[state] = ends
  }

  private rangesOf(ranges: Extract<Node, { kind: 'chars' }>['ranges']): readonly ByteRanges[] {
    let known = this.byteRanges.get(ranges)
    if (!known) this.byteRanges.set(ranges, (known = byteRangesOf(ranges)))
    return known
  }

  private isLargeSet(node: Node): boolean {
    return node.kind === 'chars' && node.ranges.length > LARGE_SET
  }

  /** Sequences that begin with the same range share it, as do those that end alike. */
  private characters(ranges: readonly ByteRanges[], depth: number, next: number, known: Map<string, number>): number {
    const edges: number[] = []
    for (let from = 0, to = 0; from < ranges.length; from = to) {
      const [low, high] = ranges[from]![depth]!
      while (to < ranges.length && ranges[to]![depth]![0] === low && ranges[to]![depth]![1] === high) to++
      const ended = ranges[from]!.length === depth + 1
      edges.push(low, high, ended ? next : this.rest(ranges.slice(from, to), depth + 1, next, known))
    }
    return this.add(BYTES, 0, 0, edges)
  }

  private rest(ranges: readonly ByteRanges[], depth: number, next: number, known: Map<string, number>): number {
    const key = ranges.map((range) => range.slice(depth).join()).join(';')
    let state = known.get(key)
    if (state === undefined) known.set(key, (state = this.characters(ranges, depth, next, known)))
    return state
  }

  private repeat(item: Node, least: number, max: number, next: number): number {
    if (!this.facts.ends(item) || max === 0) return next
    // What matches nothing fills up any count.
    const min = this.facts.matchesEmpty(item) ? 0 : least
    if (min === 0 && max === 1) return this.add(SPLIT, 0, 0, [this.build(item, next), next])
    if (max === Infinity && min <= 1) {
      const split = this.add(SPLIT, 0, 0)
      const body = this.build(item, split)
      this.lists[split] = [body, next]
      return min === 1 ? body : split
    }
    if (min === 1 && max === 1) return this.build(item, next)
    const loop: Loop = { min, max, body: 0 }
    this.loops.push(loop)
    loop.body = this.build(item, this.add(LOOP_END, 0, 0))
    return this.add(LOOP, this.loops.length - 1, next)
  }

  private language(node: RegularNode, next: number): number {
    let id = this.languageIds.get(node)
    if (id === undefined) {
      id = this.languages.length
      this.languageIds.set(node, id)
      this.languages.push(this.languageOf(node))
    }
    const run = this.add(LANGUAGE_RUN, id, next)
    return this.add(LANGUAGE, id, run)
  }

  private addMembers(node: MembersNode): number {
    const ends = node.members.map((member) => this.facts.ends(member.node))
    const run: Members = {
      node,
      bodies: node.members.map(() => -1),
      rest: -1,
      separator: -1,
      sets: new UsedSets(node, ends, node.rest !== undefined && this.facts.ends(node.rest)),
    }
    run.separator = this.build(node.separator, this.add(MEMBER_PICK, 0, 0))
    if (node.rest && run.sets.hasRest) run.rest = this.build(node.rest, this.add(MEMBER_END, -1, 0))
    this.members.push(run)
    return this.members.length - 1
  }
}
