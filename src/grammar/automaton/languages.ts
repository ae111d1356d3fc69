/** Regular languages made of others, with dead ends cut: from each state that is not 0 an accepting one can be reached. */
import { atOnce, type Steps } from '../pauses.js'
import type { Language, Node, UntilNode } from '../syntax/nodes.js'
import { Facts, type LanguageOf, type RegularNode } from './facts.js'
import { tooComplex, type GrammarLimits, type Work } from './limits.js'
import { Machine } from './machine.js'
import { DEAD } from './sets.js'
import { Table } from './table.js'
import type { Trimmable } from './trim.js'
import { UTF8, UTF8_CUTS } from '../syntax/utf8.js'

const NOTHING: Language = { start: 0, next: () => 0, accepts: () => false, cuts: [] }

/** Languages within languages, at most. */
const MOST_NESTED = 200
/** Steps of a search in the middle of an answer, which rather leaves out what it cannot tell. */
const SHORT_SEARCH = 20_000
/** States of a search that are done in one go. */
const PIECE = 64

/**
 * Makes the languages of one grammar, each part's once.
 * @throws UserError grammar_too_complex where it cannot be told in time whether anything matches
 */
export function languages(limits: GrammarLimits, work: Work, nested = 0): LanguageOf {
  const known = new Map<Node, Language>()
  if (nested > MOST_NESTED)
    throw tooComplex(`conditions are nested more than ${MOST_NESTED} deep`, 'fewer conditions on the same text')
  function* prepare(node: RegularNode): Steps {
    if (!known.has(node)) known.set(node, yield* languageOf(node, limits, work, nested + 1))
  }
  const of = (node: RegularNode): Language => {
    if (!known.has(node)) atOnce(prepare(node))
    return known.get(node)!
  }
  return Object.assign(of, { prepare })
}

function* languageOf(node: RegularNode, limits: GrammarLimits, work: Work, nested: number): Steps<Language> {
  switch (node.kind) {
    case 'language':
      return node.language
    case 'until':
      return node.ends.length === 0 && !node.orEnd ? NOTHING : new UntilLanguage(node)
    default: {
      const left = yield* machineOf(node.left, limits, work, nested)
      const right = yield* machineOf(node.right, limits, work, nested)
      const made = new PairLanguage(left, right, node.kind === 'both')
      yield* made.begin()
      return made
    }
  }
}

function* machineOf(part: Node, limits: GrammarLimits, work: Work, nested: number): Steps<Machine> {
  const inner = languages(limits, work, nested)
  const facts = new Facts(part, inner, limits)
  yield* facts.learn()
  return new Machine(facts, inner, limits, work)
}

const LIVE = 1
const HOPELESS = 2

/** Two automata in step: texts of both, or of the first and not of the second. */
class PairLanguage implements Language, Trimmable {
  /** 0 until {@link begin} has found an end. */
  start = 0
  readonly cuts: readonly number[]
  private pairs = new Table()
  private verdicts: number[] = []
  /** Of a live state, the next on a way to an end; 0 at the end. */
  private onward: number[] = []
  private readonly examples: readonly number[]

  constructor(
    private readonly left: Machine,
    private readonly right: Machine,
    private readonly both: boolean,
  ) {
    this.cuts = [...new Set([...left.classes.cuts, ...right.classes.cuts])].sort((x, y) => x - y)
    this.examples = [0, ...this.cuts]
    this.clear()
  }

  *begin(): Steps {
    const { left, right } = this
    const start = this.pair(left.initial, right.initial)
    this.start = (yield* this.search(start, left.limits.search)) ? start : 0
  }

  next(state: number, byte: number): number {
    const to = this.step(state, byte)
    return to !== 0 && this.lives(to) ? to : 0
  }

  accepts(state: number): boolean {
    const { a, b } = this.pairs
    return this.left.accepts(a[state]!) && this.right.accepts(b[state]!) === this.both
  }

  /** The first state keeps its number. Ways to an end are kept: they may be longer than a search in the middle of an answer. */
  trim(live: readonly number[]): Map<number, number> {
    const { pairs, onward } = this
    const kept = this.withWays(this.start === 0 ? live : [this.start, ...live])
    const lefts = this.left.trim(kept.map((state) => pairs.a[state]!))
    const rights = this.right.trim(kept.map((state) => pairs.b[state]!))
    this.clear()
    const moved = new Map(kept.map((state, i) => [state, this.pair(lefts[i]!, rights[i]!)]))
    for (const [state, again] of moved) {
      this.verdicts[again] = LIVE
      this.onward[again] = onward[state] === 0 ? 0 : moved.get(onward[state]!)!
    }
    return moved
  }

  /** States of frames are live. */
  private withWays(live: readonly number[]): number[] {
    const kept = new Set<number>()
    for (const start of live)
      for (let state = start; state !== 0 && !kept.has(state); state = this.onward[state]!) kept.add(state)
    return [...kept]
  }

  get bytes(): number {
    return this.left.bytes + this.right.bytes + this.pairs.bytes + this.verdicts.length * 16
  }

  private clear(): void {
    this.pairs = new Table()
    this.pairs.idOf(DEAD, DEAD, 0)
    this.verdicts = [HOPELESS]
    this.onward = [0]
  }

  private step(state: number, byte: number): number {
    const { a, b } = this.pairs
    this.left.work.steps++
    return this.pair(this.left.go(a[state]!, byte), this.right.go(b[state]!, byte))
  }

  private pair(left: number, right: number): number {
    return left === DEAD || (this.both && right === DEAD) ? 0 : this.pairs.idOf(left, right, 0)
  }

  private lives(state: number): boolean {
    const known = this.verdicts[state]
    return known === undefined ? atOnce(this.search(state, SHORT_SEARCH)) : known === LIVE
  }

  /** Whether an accepting state can be reached: a search in breadth, which ends at what is known. */
  private *search(state: number, most: number): Steps<boolean> {
    const known = this.verdicts[state]
    if (known !== undefined) return known === LIVE
    const { examples, left } = this
    const from = new Map<number, number>([[state, 0]])
    const queue = [state]
    for (let at = 0; at < queue.length; at++) {
      if (at % PIECE === PIECE - 1) yield
      const here = queue[at]!
      if (this.verdicts[here] === LIVE || this.accepts(here)) return this.markLive(here, from)
      if (at * examples.length > most) return this.giveUp(state, most === left.limits.search)
      if (most === left.limits.search) this.checkSearches()
      for (let i = 0, before = 0; i < examples.length; i++) {
        const to = this.step(here, examples[i]!)
        // Neighbours mostly lead to the same.
        if (to === before) continue
        before = to
        if (to === 0 || from.has(to) || this.verdicts[to] === HOPELESS) continue
        from.set(to, here)
        queue.push(to)
      }
    }
    for (const seen of queue) this.verdicts[seen] = HOPELESS
    return false
  }

  /** In the middle of an answer another way is known: the one by which the state before this was found to be live. */
  private giveUp(state: number, atStart: boolean): false {
    if (atStart)
      throw tooComplex('it cannot be told in time whether a text meets two conditions', 'simpler patterns or lengths')
    this.verdicts[state] = HOPELESS
    return false
  }

  private checkSearches(): void {
    const { work, limits } = this.left
    if (work.steps > limits.searches)
      throw tooComplex(
        `it takes more than ${limits.searches} steps to tell whether texts meet its conditions`,
        'fewer or simpler patterns with lengths',
      )
  }

  private markLive(reached: number, from: ReadonlyMap<number, number>): true {
    // What is reached is an end, or has a way of its own.
    if (this.verdicts[reached] !== LIVE) this.onward[reached] = 0
    for (let state = reached, next = 0; state !== 0; next = state, state = from.get(state)!) {
      this.verdicts[state] = LIVE
      if (next !== 0) this.onward[state] = next
    }
    return true
  }
}

/** Any text up to one of some ends: Aho and Corasick's automaton (1975) in step with that of UTF-8. */
class UntilLanguage implements Language {
  readonly start: number
  readonly cuts: readonly number[]
  private readonly children = [new Map<number, number>()]
  private readonly ended: boolean[] = [false]
  private readonly fallback: number[] = [0]

  constructor(private readonly node: UntilNode) {
    const cuts = new Set(UTF8_CUTS)
    for (const end of node.ends) for (const byte of this.insert(end)) cuts.add(byte).add(byte + 1)
    this.link()
    this.cuts = [...cuts].sort((x, y) => x - y)
    this.start = 1
  }

  next(state: number, byte: number): number {
    const within = (state - 1) & 7
    const node = (state - 1) >> 3
    const to = UTF8[within]![byte]!
    if (to < 0 || this.ended[node]) return 0
    return ((this.follow(node, byte) << 3) | to) + 1
  }

  accepts(state: number): boolean {
    return this.ended[(state - 1) >> 3]! || (this.node.orEnd && ((state - 1) & 7) === 0)
  }

  private insert(end: string): Uint8Array {
    const bytes = new TextEncoder().encode(end)
    let node = 0
    for (const byte of bytes) {
      let child = this.children[node]!.get(byte)
      if (child === undefined) {
        child = this.children.length
        this.children.push(new Map())
        this.ended.push(false)
        this.fallback.push(0)
        this.children[node]!.set(byte, child)
      }
      node = child
    }
    this.ended[node] = true
    return bytes
  }

  /** In breadth: what a node falls back to is nearer to the root. */
  private link(): void {
    const queue = [...this.children[0]!.values()]
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at]!
      for (const [byte, child] of this.children[node]!) {
        this.fallback[child] = this.follow(this.fallback[node]!, byte)
        queue.push(child)
      }
      if (this.ended[this.fallback[node]!]) this.ended[node] = true
    }
  }

  private follow(node: number, byte: number): number {
    for (let at = node; ; at = this.fallback[at]!) {
      const child = this.children[at]!.get(byte)
      if (child !== undefined) return child
      if (at === 0) return 0
    }
  }
}
