/**
 * What a grammar is: a tree of nodes over characters, which every front end makes and the automaton runs. Nodes are plain
 * data, never changed once made, and shared freely: the same node may stand in many places.
 */
import type { CodeRanges } from './characters.js'
import { normalized } from './characters.js'

export type Node =
  | TextNode
  | CharsNode
  | SequenceNode
  | ChoiceNode
  | RepeatNode
  | RuleNode
  | BothNode
  | WithoutNode
  | UntilNode
  | LanguageNode
  | MembersNode
  | SpecialNode

/** Exactly this text, as UTF-8. An empty one matches nothing being there. */
export interface TextNode {
  readonly kind: 'text'
  readonly text: string
}

/** One character of a set. No ranges: nothing matches. */
export interface CharsNode {
  readonly kind: 'chars'
  readonly ranges: CodeRanges
}

export interface SequenceNode {
  readonly kind: 'sequence'
  readonly items: readonly Node[]
}

/** One of the items; of no items, nothing matches. */
export interface ChoiceNode {
  readonly kind: 'choice'
  readonly items: readonly Node[]
}

/** The item from `min` to `max` times, in a row; `max` may be Infinity. Counts cost nothing, however large they are. */
export interface RepeatNode {
  readonly kind: 'repeat'
  readonly item: Node
  readonly min: number
  readonly max: number
}

/** A named part, which may refer to itself. */
export interface RuleNode {
  readonly kind: 'rule'
  readonly rule: Rule
}

/** What both match. Each must be regular: no rule of it refers to itself. */
export interface BothNode {
  readonly kind: 'both'
  readonly left: Node
  readonly right: Node
}

/** What `left` matches and `right` does not. Each must be regular. */
export interface WithoutNode {
  readonly kind: 'without'
  readonly left: Node
  readonly right: Node
}

/**
 * Any text up to and with the first occurrence of one of `ends`. With `orEnd`, the text may also end without one.
 */
export interface UntilNode {
  readonly kind: 'until'
  readonly ends: readonly string[]
  readonly orEnd: boolean
}

/** A regular language that says itself how it continues. */
export interface LanguageNode {
  readonly kind: 'language'
  readonly language: Language
}

/**
 * A deterministic automaton over bytes, worked out as it is asked. State 0 is dead; from every other state an accepting one
 * can be reached.
 */
export interface Language {
  readonly start: number
  next(state: number, byte: number): number
  accepts(state: number): boolean
  /** Bytes b for which b - 1 and b may lead elsewhere. */
  readonly cuts: readonly number[]
}

/**
 * Members of a JSON object or the like, each named one at most once: `member (separator member)*`, or nothing where no member is
 * required. Which of them were written is part of the state: a thousand cost as little as ten. Where all members begin with texts
 * (`"name":`), their beginnings are shared.
 */
export interface MembersNode {
  readonly kind: 'members'
  readonly members: readonly { readonly node: Node; readonly required: boolean }[]
  /** Named members come in the order of the list, and further ones after them; otherwise in any order. */
  readonly ordered: boolean
  /** Further members, each any number of times. */
  readonly rest: Node | undefined
  readonly separator: Node
  /** Members in all, at least and at most. */
  readonly min: number
  readonly max: number
}

/** A special token of the model by its name, which no text can spell. */
export interface SpecialNode {
  readonly kind: 'special'
  readonly name: string
}

/** A rule gets its body once, after it was made, so that the body can refer to it. */
export class Rule {
  private node: Node | undefined

  constructor(readonly name: string) {}

  get body(): Node {
    if (!this.node) throw new Error(`internal error: rule ${this.name} has no body`)
    return this.node
  }

  define(body: Node): void {
    this.node = body
  }
}

/** Nothing: the empty text. */
export const EMPTY: Node = { kind: 'text', text: '' }
/** What no text matches. */
export const NEVER: Node = { kind: 'choice', items: [] }

/** Exactly `content`. */
export function text(content: string): Node {
  return content === '' ? EMPTY : { kind: 'text', text: content }
}

/** One character of `ranges`, which need not be in order. */
export function chars(ranges: CodeRanges): Node {
  return { kind: 'chars', ranges: normalized(ranges) }
}

/** One after the other. */
export function sequence(...items: readonly Node[]): Node {
  const kept = items.filter((item) => item !== EMPTY)
  if (kept.includes(NEVER)) return NEVER
  return kept.length === 0 ? EMPTY : kept.length === 1 ? kept[0]! : { kind: 'sequence', items: kept }
}

/** One of `items`. */
export function choice(items: readonly Node[]): Node {
  const kept = items.includes(NEVER) ? items.filter((item) => item !== NEVER) : items
  return kept.length === 1 ? kept[0]! : kept.length === 0 ? NEVER : { kind: 'choice', items: kept }
}

/** `item` between `min` and `max` times. */
export function repeat(item: Node, min: number, max = Infinity): Node {
  if (max === 0 || item === EMPTY) return EMPTY
  if (min === 1 && max === 1) return item
  return { kind: 'repeat', item, min, max }
}

export function optional(item: Node): Node {
  return repeat(item, 0, 1)
}

/** A rule whose body is made by `body`, which gets the node that refers to it. */
export function rule(name: string, body: (self: Node) => Node): Node {
  const made = new Rule(name)
  const self: Node = { kind: 'rule', rule: made }
  made.define(body(self))
  return self
}

export function both(left: Node, right: Node): Node {
  return { kind: 'both', left, right }
}

export function without(left: Node, right: Node): Node {
  return { kind: 'without', left, right }
}

/** Any text up to and with the first of `ends`, or, with `orEnd`, any text without them. */
export function until(ends: readonly string[], orEnd = false): Node {
  return { kind: 'until', ends, orEnd }
}

export function special(name: string): Node {
  return { kind: 'special', name }
}
