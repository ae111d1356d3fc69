/**
 * Choices whose alternatives begin alike: what they begin with is followed once, and not by each. Thousands of objects all begin
 * with a bracket, thousands of rules with the same words.
 */
import type { Steps } from '../pauses.js'
import { compareEntries, Entry } from './texts.js'
import { choice, EMPTY, sequence, type ChoiceNode, type Node, type Rule } from '../syntax/nodes.js'

/** Branchings within each other that are shared; more would be no gain. */
const MOST_BRANCHES = 200
/** Rules at the beginning of one alternative that are looked into: one may lead to itself. */
const MOST_OPENED = 20
/** Parts of what is compared by what it is made of; what has more, or is nested deeper, is the same only where it is the same node. */
const MOST_COMPARED = 64
const MOST_NESTED = 64
/** Alternatives that are done in one go. */
const PIECE = 1024

/** What is left of an alternative, and how many more rules are opened at its beginning. */
interface Rest {
  readonly items: readonly Node[]
  readonly opened: number
}

export class Alike {
  /** The texts of choices of many, in the order in which a network wants them: to sort them there would take long in one go. */
  readonly entries = new Map<ChoiceNode, readonly Entry[]>()
  private readonly keys = new Map<Node, string>()
  private readonly structures = new Map<string, number>()
  private readonly ids = new Map<Node | Rule, number>()
  /** Choices that this has made. */
  private readonly made = new Set<Node>()

  constructor(private readonly bodyOf: (rule: Rule) => Node) {}

  /** The alternatives of a choice, fewer of which begin alike. Texts alone are told apart by their bytes later. */
  *alternatives(node: ChoiceNode): Steps<readonly Node[]> {
    const { items } = node
    if (this.made.has(node)) return items
    if (items.every((item) => item.kind === 'text' || item.kind === 'chars')) {
      if (items.length > PIECE) this.entries.set(node, yield* sortedEntries(items))
      return items
    }
    const lists = items.map((item) => ({ items: [item], opened: 0 }))
    return yield* this.shared(lists, 0)
  }

  private *shared(lists: readonly Rest[], branches: number): Steps<readonly Node[]> {
    if (branches > MOST_BRANCHES) return lists.map(({ items }) => sequence(...items))
    const groups = new Map<string, Rest[]>()
    for (const [at, list] of lists.entries()) {
      if (at % PIECE === PIECE - 1) yield
      const open = this.opened(list)
      const key = this.keyOf(open.items[0])
      const group = groups.get(key)
      if (group) group.push(open)
      else groups.set(key, [open])
    }
    // Nothing is gained: the alternatives stay as they are.
    if (groups.size === lists.length) return lists.map(({ items }) => sequence(...items))
    const alternatives: Node[] = []
    for (const group of groups.values()) alternatives.push(yield* this.together(group, branches))
    return alternatives
  }

  /** Alternatives that begin alike as one. */
  private *together(group: readonly Rest[], branches: number): Steps<Node> {
    const [first] = group
    if (group.length === 1) return sequence(...first!.items)
    const same: Node[] = []
    let rests = group
    for (let next = first!.items[0]; next; next = rests[0]!.items[0]) {
      same.push(next)
      rests = rests.map(({ items, opened }) => this.opened({ items: items.slice(1), opened }))
      yield
      const key = this.keyOf(rests[0]!.items[0])
      if (!rests.every(({ items }) => this.keyOf(items[0]) === key)) break
    }
    if (rests.every(({ items }) => items.length === 0)) return sequence(...same)
    const rest = choice(yield* this.shared(rests, branches + 1))
    this.made.add(rest)
    return sequence(...same, rest)
  }

  /** Begins with no sequence, and with no rule that is one. */
  private opened({ items, opened }: Rest): Rest {
    for (let first = items[0]; first; first = items[0]) {
      let body = first
      if (first.kind === 'rule') {
        body = this.bodyOf(first.rule)
        if (opened === MOST_OPENED || !(body.kind === 'sequence' || body.kind === 'text' || body.kind === 'rule')) break
        opened++
      } else if (first.kind !== 'sequence' && first !== EMPTY) break
      items = [...(body.kind === 'sequence' ? body.items : body === EMPTY ? [] : [body]), ...items.slice(1)]
    }
    return { items, opened }
  }

  private keyOf(node: Node | undefined, depth = 0): string {
    if (!node) return ''
    if (node.kind === 'text') return `t${JSON.stringify(node.text)}`
    let key = this.keys.get(node)
    if (key === undefined) {
      key = (depth < MOST_NESTED ? this.structure(node, depth + 1) : undefined) ?? this.identity(node)
      this.keys.set(node, key)
    }
    return key
  }

  /** The number of what a part is made of, by the numbers of its own parts; undefined for what is the same only where it is itself. */
  private structure(node: Node, depth: number): string | undefined {
    const made = this.madeOf(node, depth)
    if (made === undefined) return undefined
    let number = this.structures.get(made)
    if (number === undefined) this.structures.set(made, (number = this.structures.size))
    return `=${number}`
  }

  private madeOf(node: Node, depth: number): string | undefined {
    switch (node.kind) {
      case 'chars':
        return node.ranges.length > MOST_COMPARED ? undefined : `[${node.ranges.join()}]`
      case 'repeat':
        return `${this.keyOf(node.item, depth)}{${node.min},${node.max}}`
      case 'sequence':
      case 'choice': {
        if (node.items.length > MOST_COMPARED) return undefined
        return node.items.map((item) => this.keyOf(item, depth)).join(node.kind === 'choice' ? '|' : ' ')
      }
      default:
        return undefined
    }
  }

  private identity(node: Node): string {
    const key = node.kind === 'rule' ? node.rule : node
    let id = this.ids.get(key)
    if (id === undefined) this.ids.set(key, (id = this.ids.size))
    return `#${id}`
  }
}

function* sortedEntries(items: readonly Node[]): Steps<readonly Entry[]> {
  let runs: Entry[][] = []
  for (let at = 0; at < items.length; at += PIECE) {
    yield
    const entries = items.slice(at, at + PIECE).flatMap((item) => (item.kind === 'text' ? new Entry(item.text) : []))
    runs.push(entries.sort(compareEntries))
  }
  while (runs.length > 1) {
    const merged: Entry[][] = []
    for (let i = 0; i < runs.length; i += 2)
      merged.push(i + 1 < runs.length ? yield* merge(runs[i]!, runs[i + 1]!) : runs[i]!)
    runs = merged
  }
  return runs[0]!
}

function* merge(a: readonly Entry[], b: readonly Entry[]): Steps<Entry[]> {
  const all: Entry[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (all.length % PIECE === PIECE - 1) yield
    all.push(j >= b.length || (i < a.length && compareEntries(a[i]!, b[j]!) <= 0) ? a[i++]! : b[j++]!)
  }
  return all
}
