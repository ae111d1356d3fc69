/**
 * A tree as a network of states over bytes. States are made when something asks for what is after them: a part that no token
 * reaches costs one state.
 */
import type { ChoiceNode, Language, MembersNode, Node, Rule } from '../syntax/nodes.js'
import { CONTENT_RANGES } from '../vocabulary/content.js'
import { characterStates, covers } from './characters.js'
import type { Facts, LanguageOf, RegularNode } from './facts.js'
import { UsedSets } from './members.js'
import { flatRepeat } from './rewrites.js'
import * as ops from './states.js'
import { States } from './states.js'
import { commonLength, compareEntries, divided, Entry, entryOf, type Texts } from './texts.js'
import { byteRangesOf, type ByteRanges } from '../syntax/utf8.js'

export interface Loop {
  readonly min: number
  readonly max: number
  body: number
  /** The body may be nothing: another round of nothing is no other text. */
  readonly idle: boolean
}

/** Members of a list: those that begin with text share a state, the others have one each. */
export interface Members {
  readonly node: MembersNode
  readonly sets: UsedSets
  readonly texts: number
  readonly others: readonly number[]
  readonly bodies: Map<number, number>
  readonly rest: number
  readonly separator: number
}

/** Beginnings of members: which they are, and once they are made, the states of those that end here and the bytes of the others. */
export interface MemberTexts extends Texts {
  readonly indices: readonly number[]
  made:
    | { readonly ends: readonly (readonly [index: number, state: number])[]; readonly edges: readonly number[] }
    | undefined
}

/** A set of characters with more ranges than this is made once, as a rule. */
const LARGE_SET = 24

export class Network {
  readonly states = new States()
  readonly loops: Loop[] = []
  readonly languages: Language[] = []
  readonly members: Members[] = []
  readonly memberTexts: MemberTexts[] = []
  readonly specials: readonly string[]
  /** States before a character that may be any that is content of a JSON string. */
  readonly content = new Set<number>()
  /** Texts, and the state minus the place in it. */
  private readonly blocks: { readonly bytes: Uint8Array; readonly base: number }[] = []
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
    this.states.add(ops.RETURN, 0, 0, 0)
  }

  /** The state before `node`, after which `next` follows. */
  build(node: Node, next: number): number {
    if (!this.facts.ends(node)) return this.states.addSplit([])
    if (node.kind === 'text') return node.text === '' ? next : this.block(new Entry(node.text), 0, next)
    if (node.kind === 'rule') return this.call(node.rule, this.facts.bodyOf(node.rule), next)
    if (this.facts.isShared(node) || this.isLargeSet(node)) return this.call(node, node, next)
    return this.postpone(node, next)
  }

  ruleStart(id: number): number {
    const rule = this.rules[id]!
    if (rule.start < 0) rule.start = this.postpone(rule.body, ops.RETURN)
    return rule.start
  }

  /** Makes a state of LATER or TEXTS. */
  expand(state: number): void {
    const { states } = this
    const value = states.values[state]!
    const next = states.nexts[state]!
    if (states.ops[state] === ops.LATER) return states.become(state, [this.made(this.later[value]!, next)])
    const { entries, depth } = this.texts[value]!
    // Each text is looked at once for all that they share, however long it is.
    const common = commonLength(this.texts[value]!)
    if (common > 1) return states.become(state, [this.common(entries, depth, depth + common, next)])
    const { ended, byByte } = divided(this.texts[value]!)
    const edges: number[] = []
    for (const [byte, list] of byByte) edges.push(byte, byte, this.textsFrom(list, depth + 1, next))
    states.become(
      state,
      ended.map(({ tail }) => this.sequence(tail, 1, next)),
      edges,
    )
  }

  /** The state after this byte of a TEXT, or -1. */
  textNext(state: number, byte: number): number {
    const { bytes, base } = this.blocks[this.states.values[state]!]!
    const at = state - base
    if (bytes[at] !== byte) return -1
    return at + 1 === bytes.length ? this.states.nexts[state]! : state + 1
  }

  /** The byte that a TEXT waits for. */
  textByte(state: number): number {
    const { bytes, base } = this.blocks[this.states.values[state]!]!
    return bytes[state - base]!
  }

  bodyOfMember(run: Members, index: number): number {
    let body = run.bodies.get(index)
    if (body === undefined)
      run.bodies.set(index, (body = this.build(run.node.members[index]!.node, this.memberEnd(index))))
    return body
  }

  /** Ends and edges of texts that members begin with. */
  memberTextsOf(value: number): NonNullable<MemberTexts['made']> {
    const texts = this.memberTexts[value]!
    if (texts.made) return texts.made
    const [only] = texts.entries
    if (texts.entries.length === 1)
      return (texts.made = {
        ends: [[only!.index, this.entryFrom(only!, texts.depth, this.memberEnd(only!.index))]],
        edges: [],
      })
    const common = commonLength(texts)
    if (common > 1) return (texts.made = this.commonOfMembers(texts, common))
    const { ended, byByte } = divided(texts)
    const edges: number[] = []
    for (const [byte, list] of byByte) edges.push(byte, byte, this.addMemberTexts(list, texts.depth + 1))
    const ends = ended.map(({ tail, index }) => [index, this.sequence(tail, 1, this.memberEnd(index))] as const)
    return (texts.made = { ends, edges })
  }

  /** The state after a character of {@link content}. */
  afterContent(state: number): number {
    return this.states.listOf(state)[2]!
  }

  /** Whether `from` continues as `state` at once, by as few choices as there usually are. */
  reaches(from: number, state: number, choices = 4): boolean {
    if (from === state) return true
    if (choices === 0 || this.states.ops[from] !== ops.SPLIT) return false
    return this.states.listOf(from).some((to) => this.reaches(to, state, choices - 1))
  }

  /** The bytes that stand for a special token: ff, then digits from f8 to fe. No text has them. */
  specialBytes(name: string): Uint8Array {
    const index = this.specials.indexOf(name)
    let digits = 1
    while (7 ** digits < this.specials.length) digits++
    const digit = (i: number) => 0xf8 + (Math.floor(index / 7 ** i) % 7)
    return Uint8Array.from({ length: 1 + digits }, (_, i) => (i === 0 ? 0xff : digit(i - 1)))
  }

  get bytes(): number {
    return (
      this.facts.bytes + this.states.bytes + this.texts.length * 60 + this.later.length * 8 + this.blocks.length * 120
    )
  }

  private call(key: Rule | Node, body: Node, next: number): number {
    let id = this.ruleIds.get(key)
    if (id === undefined) {
      id = this.rules.length
      this.ruleIds.set(key, id)
      this.rules.push({ body, start: -1 })
    }
    const need = this.facts.heightOf(body) + (next === ops.RETURN ? 0 : 1)
    return this.states.add(ops.CALL, id, next, Math.max(need, this.states.needs[next]!))
  }

  private postpone(node: Node, next: number): number {
    this.later.push(node)
    const need = Math.max(this.facts.heightOf(node), this.states.needs[next]!)
    return this.states.add(ops.LATER, this.later.length - 1, next, need)
  }

  private made(node: Node, next: number): number {
    switch (node.kind) {
      case 'special':
        return this.block(new Entry(this.specialBytes(node.name)), 0, next)
      case 'chars':
        return this.characters(node.ranges, next)
      case 'sequence':
        return this.sequence(node.items, 0, next)
      case 'choice':
        return this.choice(node, next)
      case 'repeat':
        return this.repeat(node, next)
      case 'text':
      case 'rule':
        return this.build(node, next)
      case 'members':
        return this.addMembers(node, next)
      default:
        return this.language(node, next)
    }
  }

  private sequence(items: readonly Node[], from: number, next: number): number {
    let state = next
    for (let i = items.length - 1; i >= from; i--) state = this.build(items[i]!, state)
    return state
  }

  private choice(node: ChoiceNode, next: number): number {
    const sorted = this.facts.entriesOf(node)
    const entries: Entry[] = []
    const states: number[] = []
    for (const item of this.facts.itemsOf(node)) {
      if (!this.facts.ends(item) || (sorted && item.kind === 'text')) continue
      const entry = entryOf(item)
      if (entry) entries.push(entry)
      else states.push(this.build(item, next))
    }
    const texts = sorted ?? entries.sort(compareEntries)
    if (texts.length > 0) states.push(this.textsFrom(texts, 0, next))
    return states.length === 1 ? states[0]! : this.states.addSplit(states)
  }

  /** @param entries sorted */
  private textsFrom(entries: readonly Entry[], depth: number, next: number): number {
    const [only] = entries
    if (entries.length === 1) return this.entryFrom(only!, depth, next)
    this.texts.push({ entries, depth, sorted: true })
    const need = Math.max(this.states.needs[next]!, this.leastHeight(entries))
    return this.states.add(ops.TEXTS, this.texts.length - 1, next, need)
  }

  /** The rest of a text from a place in it on, and its tail. */
  private entryFrom(entry: Entry, depth: number, next: number): number {
    const after = this.sequence(entry.tail, 1, next)
    return entry.byteAt(depth) === undefined ? after : this.block(entry, depth, after)
  }

  /** A state for each byte of a text. */
  private block({ bytes }: Entry, from: number, next: number): number {
    const { states } = this
    const first = states.size
    this.blocks.push({ bytes, base: first - from })
    for (let i = from; i < bytes.length; i++) states.add(ops.TEXT, this.blocks.length - 1, next, states.needs[next]!)
    return first
  }

  /** Bytes that all these have, and what comes after them. */
  private common(entries: readonly Entry[], from: number, to: number, next: number): number {
    const bytes = entries[0]!.bytes.subarray(from, to)
    return this.block(new Entry(bytes), 0, this.textsFrom(entries, to, next))
  }

  private leastHeight(entries: readonly Entry[]): number {
    let least = Infinity
    for (const { tail } of entries) {
      if (tail.length < 2) return 0
      least = Math.min(
        least,
        tail.reduce((most, item) => Math.max(most, this.facts.heightOf(item)), 0),
      )
    }
    return least
  }

  private rangesOf(ranges: Extract<Node, { kind: 'chars' }>['ranges']): readonly ByteRanges[] {
    let known = this.byteRanges.get(ranges)
    if (!known) this.byteRanges.set(ranges, (known = byteRangesOf(ranges)))
    return known
  }

  private isLargeSet(node: Node): boolean {
    return node.kind === 'chars' && node.ranges.length > LARGE_SET
  }

  private characters(ranges: Extract<Node, { kind: 'chars' }>['ranges'], next: number): number {
    const state = characterStates(this.rangesOf(ranges), next, this.states)
    if (covers(ranges, CONTENT_RANGES)) this.content.add(state)
    return state
  }

  private repeat(node: Extract<Node, { kind: 'repeat' }>, next: number): number {
    const { item, min: least, max } = flatRepeat(node)
    if (!this.facts.ends(item) || max === 0) return next
    const idle = this.facts.matchesEmpty(item)
    // What matches nothing fills up any count.
    const min = idle ? 0 : least
    const { states } = this
    if (min === 0 && max === 1) return states.addSplit([this.build(item, next), next])
    if (max === Infinity && min <= 1) {
      const split = states.addSplit([next])
      const body = this.build(item, split)
      states.become(split, [body, next])
      return min === 1 ? body : split
    }
    if (min === 1 && max === 1) return this.build(item, next)
    const loop: Loop = { min, max, body: 0, idle }
    this.loops.push(loop)
    loop.body = this.build(item, states.add(ops.LOOP_END, 0, ops.RETURN, 0))
    const need = min === 0 ? 0 : this.facts.heightOf(item) + 1
    return states.add(ops.LOOP, this.loops.length - 1, next, Math.max(need, states.needs[next]!))
  }

  private language(node: RegularNode, next: number): number {
    let id = this.languageIds.get(node)
    if (id === undefined) {
      id = this.languages.length
      this.languageIds.set(node, id)
      this.languages.push(this.languageOf(node))
    }
    const run = this.states.add(ops.LANGUAGE_RUN, id, next, 0)
    return this.states.add(ops.LANGUAGE, id, run, Math.max(1, this.states.needs[next]!))
  }

  private addMembers(node: MembersNode, next: number): number {
    const { facts, states } = this
    const ends = (index: number) => facts.ends(node.members[index]!.node)
    const hasRest = node.rest !== undefined && facts.ends(node.rest)
    const entries: Entry[] = []
    const others: number[] = []
    node.members.forEach((member, index) => {
      const entry = ends(index) ? entryOf(member.node, index) : undefined
      if (entry) entries.push(entry)
      else if (ends(index)) others.push(index)
    })
    this.members.push({
      node,
      sets: new UsedSets(node, ends, hasRest),
      texts: entries.length > 0 ? this.addMemberTexts(entries, 0) : -1,
      others,
      bodies: new Map(),
      rest: hasRest ? this.build(node.rest, this.memberEnd(-1)) : -1,
      separator: this.build(node.separator, states.add(ops.MEMBER_PICK, 0, ops.RETURN, 0)),
    })
    return states.add(
      ops.MEMBERS,
      this.members.length - 1,
      next,
      Math.max(facts.heightOf(node) + 1, states.needs[next]!),
    )
  }

  private addMemberTexts(entries: readonly Entry[], depth: number): number {
    const indices = entries.map(({ index }) => index)
    return this.pushMemberTexts({ entries, depth, sorted: false, indices, made: undefined }, this.leastHeight(entries))
  }

  private pushMemberTexts(texts: MemberTexts, need: number): number {
    this.memberTexts.push(texts)
    return this.states.add(ops.MEMBER_TEXTS, this.memberTexts.length - 1, ops.RETURN, need)
  }

  /** A state for each byte that all have. */
  private commonOfMembers({ entries, depth, indices }: MemberTexts, length: number): NonNullable<MemberTexts['made']> {
    const { bytes } = entries[0]!
    const need = this.leastHeight(entries)
    let made: MemberTexts['made']
    for (let at = length; at > 0; at--) {
      const state = this.pushMemberTexts({ entries, depth: depth + at, sorted: false, indices, made }, need)
      const byte = bytes[depth + at - 1]!
      made = { ends: [], edges: [byte, byte, state] }
    }
    return made!
  }

  private memberEnd(index: number): number {
    return this.states.add(ops.MEMBER_END, index, ops.RETURN, 0)
  }
}
