/** Regular languages made of others, with dead ends cut: from each state that is not 0 an accepting one can be reached. */
import type { Language, Node, UntilNode } from '../syntax/nodes.js'
import type { RegularNode } from './facts.js'
import { DEFAULT_LIMITS, tooComplex } from './limits.js'
import { DEAD, Machine } from './machine.js'
import { Table } from './table.js'
import { UTF8, UTF8_CUTS } from './utf8.js'

const NOTHING: Language = { start: 0, next: () => 0, accepts: () => false, cuts: [] }

/** @throws UserError grammar_too_complex where it cannot be told in time whether anything matches */
export function languageOf(node: RegularNode): Language {
  switch (node.kind) {
    case 'language':
      return node.language
    case 'until':
      return node.ends.length === 0 && !node.orEnd ? NOTHING : new UntilLanguage(node)
    default:
      return new PairLanguage(node.left, node.right, node.kind === 'both')
  }
}

/** Remembers what it made. */
export function languages(): (node: RegularNode) => Language {
  const known = new Map<Node, Language>()
  return (node) => {
    let language = known.get(node)
    if (!language) known.set(node, (language = languageOf(node)))
    return language
  }
}

const LIVE = 1
const HOPELESS = 2

/** Two automata in step: texts of both, or of the first and not of the second. */
class PairLanguage implements Language {
  readonly start: number
  readonly cuts: readonly number[]
  private readonly left: Machine
  private readonly right: Machine
  private readonly pairs = new Table()
  private readonly verdicts: number[] = [HOPELESS]

  constructor(
    left: Node,
    right: Node,
    private readonly both: boolean,
  ) {
    this.left = new Machine(left, languages(), DEFAULT_LIMITS)
    this.right = new Machine(right, languages(), DEFAULT_LIMITS)
    this.cuts = [...new Set([...this.left.classes.cuts, ...this.right.classes.cuts])].sort((x, y) => x - y)
    this.pairs.idOf(DEAD, DEAD, 0)
    const start = this.pair(this.left.initial, this.right.initial)
    this.start = this.lives(start, true) ? start : 0
  }

  next(state: number, byte: number): number {
    const to = this.step(state, byte)
    return to !== 0 && this.lives(to, false) ? to : 0
  }

  accepts(state: number): boolean {
    const { a, b } = this.pairs
    return this.left.accepts(a[state]!) && this.right.accepts(b[state]!) === this.both
  }

  private step(state: number, byte: number): number {
    const { a, b } = this.pairs
    return this.pair(this.left.go(a[state]!, byte), this.right.go(b[state]!, byte))
  }

  private pair(left: number, right: number): number {
    return left === DEAD || (this.both && right === DEAD) ? 0 : this.pairs.idOf(left, right, 0)
  }

  /** Whether an accepting state can be reached: a search in breadth, which ends at what is known. */
  private lives(state: number, mustKnow: boolean): boolean {
    const known = this.verdicts[state]
    if (known !== undefined) return known === LIVE
    const from = new Map<number, number>([[state, 0]])
    const queue = [state]
    const bytes = [0, ...this.cuts]
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at]!
      if (this.verdicts[here] === LIVE || this.accepts(here)) return this.markLive(here, from)
      if (at * bytes.length > DEFAULT_LIMITS.search) {
        if (mustKnow)
          throw tooComplex('it cannot be told in time whether two patterns have a text', 'a simpler pattern')
        break
      }
      for (const byte of bytes) {
        const to = this.step(here, byte)
        if (to === 0 || from.has(to) || this.verdicts[to] === HOPELESS) continue
        from.set(to, here)
        queue.push(to)
      }
    }
    for (const seen of queue) this.verdicts[seen] = HOPELESS
    return false
  }

  private markLive(reached: number, from: ReadonlyMap<number, number>): true {
    for (let state = reached; state !== 0; state = from.get(state)!) this.verdicts[state] = LIVE
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
