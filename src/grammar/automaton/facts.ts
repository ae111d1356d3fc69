/** What is known of a tree before it runs: which parts have an end, which match nothing being there, which begin with themselves. */
import { atOnce, type Pauses, type Steps } from '../pauses.js'
import type { ChoiceNode, Language, MembersNode, Node, Rule } from '../syntax/nodes.js'
import { Alike } from './alike.js'
import { invalidGrammar, tooComplex, type GrammarLimits } from './limits.js'
import { bodyOf } from './rewrites.js'
import type { Entry } from './texts.js'

export type RegularNode = Extract<Node, { kind: 'both' | 'without' | 'until' | 'language' }>
/** Parts that are done in one go. */
const PIECE = 512
/** What parts were measured to take, with all that is known of them. */
const BYTES = { part: 450, child: 60, leaf: 130 }

/** The languages of one grammar. */
export interface LanguageOf {
  (node: RegularNode): Language
  /** Works one out in steps. @throws UserError grammar_too_complex */
  prepare(node: RegularNode): Steps
}

/** A part other than a text or a set of characters. Rules are known by themselves, whatever refers to them. */
interface Part {
  readonly node: Node
  uses: number
  height: number
  empty: boolean
  /** Those that depend on it, until all is known. */
  parents: Bonded[]
}

/** How a part depends on another: it needs all of these, any of them, one that may stand for any number, or it does not. */
type Bond = 'all' | 'any' | 'rest' | 'none'
interface Bonded {
  readonly part: Part
  readonly bond: Bond
}

/** Leaves are no parts: there may be many, and all is seen at once. */
function isLeaf(node: Node): boolean {
  return node.kind === 'text' || node.kind === 'chars' || node.kind === 'special'
}

function isRegular(node: Node): node is RegularNode {
  return node.kind === 'both' || node.kind === 'without' || node.kind === 'until' || node.kind === 'language'
}

function leafEnds(node: Node): boolean {
  return node.kind !== 'chars' || node.ranges.length > 0
}

function leafIsEmpty(node: Node): boolean {
  return node.kind === 'text' && node.text === ''
}

export class Facts {
  /** Names of special tokens. */
  readonly specials = new Set<string>()
  /** An estimate of the memory that the tree takes. */
  bytes = 0
  private readonly parts = new Map<Node | Rule, Part>()
  private readonly bodies = new Map<Rule, Node>()
  private readonly choices = new Map<ChoiceNode, readonly Node[]>()
  private readonly alike = new Alike((rule) => this.bodyOf(rule))

  constructor(
    readonly root: Node,
    readonly languageOf: LanguageOf,
    private readonly limits: GrammarLimits,
  ) {}

  /** All at once. @throws UserError grammar_too_complex, invalid_grammar (left recursion) */
  static of(root: Node, languageOf: LanguageOf, limits: GrammarLimits): Facts {
    const facts = new Facts(root, languageOf, limits)
    atOnce(facts.learn())
    return facts
  }

  /** In slices that let others run. @throws UserError as {@link of} does */
  static async inSlices(
    root: Node,
    languageOf: LanguageOf,
    limits: GrammarLimits,
    pauses: Pick<Pauses, 'breathe'>,
  ): Promise<Facts> {
    const facts = new Facts(root, languageOf, limits)
    const steps = facts.learn()
    while (!steps.next().done) await pauses.breathe()
    return facts
  }

  /** Continues after each piece of work. @throws UserError as {@link of} does */
  *learn(): Steps {
    const order: Part[] = []
    yield* this.index(order)
    for (const { node } of order) {
      if (isRegular(node)) yield* this.languageOf.prepare(node)
      yield
    }
    yield* settle(order, endsWith(this), (part, height) => (part.height = height))
    yield* settle(order, emptyWith(this), (part) => (part.empty = true))
    yield* this.refuseLeftRecursion(order)
    for (const part of order) part.parents = []
  }

  /** Whether any text at all matches. */
  ends(node: Node): boolean {
    return isLeaf(node) ? leafEnds(node) : this.partOf(node).height < Infinity
  }

  /** Whether nothing being there matches. */
  matchesEmpty(node: Node): boolean {
    return isLeaf(node) ? leafIsEmpty(node) : this.partOf(node).empty
  }

  /** Frames that the text of least nesting needs. */
  heightOf(node: Node): number {
    return isLeaf(node) ? 0 : this.partOf(node).height
  }

  /** @throws UserError grammar_too_complex where every text nests too deep */
  checkDepth(node: Node): void {
    if (this.heightOf(node) > this.limits.depth)
      throw tooComplex(`its parts nest more than ${this.limits.depth} deep`, 'a flatter schema or grammar')
  }

  /** Whether this very part stands in several places. */
  isShared(node: Node): boolean {
    return !isLeaf(node) && this.partOf(node).uses > 1
  }

  bodyOf(rule: Rule): Node {
    let body = this.bodies.get(rule)
    if (!body) this.bodies.set(rule, (body = bodyOf(rule)))
    return body
  }

  /** What a choice is between, as it runs. */
  itemsOf(node: ChoiceNode): readonly Node[] {
    return this.choices.get(node) ?? node.items
  }

  /** Of a choice between many texts, these in order. */
  entriesOf(node: ChoiceNode): readonly Entry[] | undefined {
    return this.alike.entries.get(node)
  }

  /** All parts, once each. */
  *nodes(): Iterable<Node> {
    for (const { node } of this.parts.values()) yield node
  }

  private partOf(node: Node): Part {
    const part = this.parts.get(node.kind === 'rule' ? node.rule : node)
    if (!part) throw new Error(`internal error: a ${node.kind} that is no part of the grammar`)
    return part
  }

  /** Without recursion: trees may be deep. */
  private *index(order: Part[]): Steps {
    const enter = (node: Node): Part => {
      const key = node.kind === 'rule' ? node.rule : node
      let part = this.parts.get(key)
      if (part) part.uses++
      else {
        part = { node, uses: 1, height: Infinity, empty: false, parents: [] }
        this.parts.set(key, part)
        this.bytes += BYTES.part
        order.push(part)
        if (order.length > this.limits.nodes)
          throw tooComplex(`more than ${this.limits.nodes} parts`, 'a smaller schema or grammar')
      }
      return part
    }
    if (isLeaf(this.root)) this.addLeaf(this.root)
    else enter(this.root)
    for (let at = 0; at < order.length; at++) {
      if (at % PIECE === PIECE - 1) yield
      const part = order[at]!
      const { node } = part
      if (node.kind === 'choice') this.choices.set(node, yield* this.alike.alternatives(node))
      this.eachChild(node, (child, bond) => {
        this.bytes += BYTES.child
        if (isLeaf(child)) this.addLeaf(child)
        else enter(child).parents.push({ part, bond })
      })
    }
  }

  private addLeaf(leaf: Node): void {
    this.bytes += BYTES.leaf + (leaf.kind === 'text' ? leaf.text.length : 0)
    if (leaf.kind === 'special') this.specials.add(leaf.name)
  }

  eachChild(node: Node, found: (child: Node, bond: Bond) => void): void {
    switch (node.kind) {
      case 'sequence':
        return node.items.forEach((item) => found(item, 'all'))
      case 'choice':
        return this.itemsOf(node).forEach((item) => found(item, 'any'))
      case 'repeat':
        return found(node.item, 'all')
      case 'rule':
        return found(this.bodyOf(node.rule), 'all')
      case 'members':
        return eachOfMembers(node, found)
    }
  }

  private *refuseLeftRecursion(order: readonly Part[]): Steps {
    const open = new Set<Part>()
    const done = new Set<Part>()
    let steps = 0
    for (const start of order) {
      if (++steps % PIECE === 0) yield
      if (done.has(start)) continue
      const path: { part: Part; firsts: Part[]; at: number }[] = []
      const push = (part: Part) => {
        open.add(part)
        path.push({ part, firsts: this.firstsOf(part), at: 0 })
      }
      push(start)
      for (let top = path.at(-1); top; top = path.at(-1)) {
        const next = top.firsts[top.at++]
        if (++steps % PIECE === 0) yield
        if (!next) {
          path.pop()
          open.delete(top.part)
          done.add(top.part)
        } else if (open.has(next))
          throw leftRecursion(
            path.map(({ part }) => part.node),
            next.node,
          )
        else if (!done.has(next)) push(next)
      }
    }
  }

  /** The parts that a text of this part may begin with. */
  private firstsOf({ node, height }: Part): Part[] {
    const firsts: Part[] = []
    if (height === Infinity) return firsts
    if (node.kind !== 'sequence') {
      this.eachChild(node, (child) => {
        if (!isLeaf(child)) firsts.push(this.partOf(child))
      })
      return firsts
    }
    for (const item of node.items) {
      if (!isLeaf(item)) firsts.push(this.partOf(item))
      if (!this.matchesEmpty(item)) break
    }
    return firsts
  }
}

function eachOfMembers(node: MembersNode, found: (child: Node, bond: Bond) => void): void {
  for (const member of node.members) found(member.node, member.required ? 'all' : 'any')
  if (node.rest) found(node.rest, 'rest')
  found(node.separator, leastMembers(node) > 1 ? 'all' : 'none')
}

/** Members that there have to be. */
function leastMembers(node: MembersNode): number {
  return Math.max(node.min, node.members.filter((member) => member.required).length)
}

/** How many children a part waits for: all of `all`, and this many of `any`. */
interface Wait {
  all: number
  any: number
}
type WaitOf = (node: Node) => Wait

const NEVER: Wait = { all: Infinity, any: 0 }

function endsWith(facts: Facts): WaitOf {
  return (node) => waitOf(node, facts, leafEnds, (regular) => facts.languageOf(regular).start !== 0)
}

function emptyWith(facts: Facts): WaitOf {
  const empty = (regular: RegularNode) => {
    const language = facts.languageOf(regular)
    return language.start !== 0 && language.accepts(language.start)
  }
  return (node) => waitOf(node, facts, leafIsEmpty, empty)
}

type Test<N> = (node: N) => boolean

function waitOf(node: Node, facts: Facts, leaf: Test<Node>, regular: Test<RegularNode>): Wait {
  const missing = (item: Node) => isLeaf(item) && !leaf(item)
  switch (node.kind) {
    case 'sequence':
      return node.items.some(missing) ? NEVER : { all: countParts(node.items), any: 0 }
    case 'choice':
      return { all: 0, any: facts.itemsOf(node).some((item) => isLeaf(item) && leaf(item)) ? 0 : 1 }
    case 'repeat':
      return node.min > 0 && missing(node.item) ? NEVER : { all: node.min > 0 && !isLeaf(node.item) ? 1 : 0, any: 0 }
    case 'rule': {
      const body = facts.bodyOf(node.rule)
      return missing(body) ? NEVER : { all: countParts([body]), any: 0 }
    }
    case 'members':
      return membersWait(node, leaf)
    case 'both':
    case 'without':
    case 'until':
    case 'language':
      return regular(node) ? { all: 0, any: 0 } : NEVER
    default:
      return NEVER
  }
}

function countParts(items: readonly Node[]): number {
  let count = 0
  for (const item of items) if (!isLeaf(item)) count++
  return count
}

function membersWait(node: MembersNode, leaf: (node: Node) => boolean): Wait {
  const required = node.members.filter((member) => member.required).map((member) => member.node)
  const least = Math.max(node.min, required.length)
  if (required.length > node.max || node.min > node.max) return NEVER
  if (least === 0) return { all: 0, any: 0 }
  const needed = least > 1 ? [...required, node.separator] : required
  if (needed.some((item) => isLeaf(item) && !leaf(item))) return NEVER
  const others = node.members.filter((member) => !member.required && isLeaf(member.node) && leaf(member.node)).length
  const rest = node.rest && isLeaf(node.rest) && leaf(node.rest)
  return { all: countParts(needed), any: rest ? 0 : Math.max(0, least - required.length - others) }
}

/** Follows what depends on what, the parts of least height first. */
function* settle(order: readonly Part[], waitOf: WaitOf, settled: (part: Part, height: number) => void): Steps {
  const waits = new Map<Part, Wait>()
  let level: Part[] = []
  for (const [at, part] of order.entries()) {
    if (at % PIECE === 0) yield
    const wait = waitOf(part.node)
    if (wait.all === 0 && wait.any === 0) level.push(part)
    else if (wait !== NEVER) waits.set(part, wait)
  }
  for (let height = 0; level.length > 0; height++) {
    const next: Part[] = []
    // Parts that push no frame are as high as what they are made of.
    for (let at = 0; at < level.length; at++) {
      if (at % PIECE === PIECE - 1) yield
      const child = level[at]!
      settled(child, height)
      for (const { part, bond } of child.parents) {
        const wait = waits.get(part)
        if (!wait) continue
        if (bond === 'all') wait.all--
        else if (bond !== 'none') wait.any = bond === 'rest' ? 0 : wait.any - 1
        if (wait.all > 0 || wait.any > 0) continue
        waits.delete(part)
        if (part.node.kind === 'sequence' || part.node.kind === 'choice') level.push(part)
        else next.push(part)
      }
    }
    level = next
  }
}

function leftRecursion(path: readonly Node[], again: Node): Error {
  const rules = [...path, again].filter((node) => node.kind === 'rule').map((node) => node.rule.name)
  const name = rules.at(-1) ?? 'root'
  return invalidGrammar(
    `the rule ${name} begins with itself by way of others (left recursion): ${[...new Set(rules)].join(' → ')}`,
    'a rule that begins with something else',
  )
}
