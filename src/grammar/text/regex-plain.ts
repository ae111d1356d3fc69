/** Parts of a regular expression that assert nothing, to nodes. */
import type { AST } from '@eslint-community/regexpp'
import type { CodeRanges } from '../syntax/characters.js'
import { both, choice, EMPTY, NEVER, repeat, sequence, without, type Node } from '../syntax/nodes.js'
import { anything, quotedChar, quotedText, type Quoting } from './quoting.js'
import { classSet, type ClassMode } from './regex-classes.js'

export interface RegexMode extends ClassMode {
  readonly multiline: boolean
  readonly quoting: Quoting
}

export interface Refusals {
  invalid(node: AST.Node, what: string): never
  complex(what: string): never
}

export type SetElement = AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass

/** Counts beyond this are no different from it: no text is as long. */
const MOST_COUNT = 2 ** 31 - 1

export function isSet(node: AST.Element): node is SetElement {
  return ['Character', 'CharacterSet', 'CharacterClass', 'ExpressionCharacterClass'].includes(node.type)
}

/** The mode inside of `(?i-s:…)`. */
export function inside(node: AST.Element | AST.Alternative, mode: RegexMode): RegexMode {
  if (node.type !== 'Group' || !node.modifiers) return mode
  const { add, remove } = node.modifiers
  const flag = (name: 'ignoreCase' | 'multiline' | 'dotAll') => (mode[name] || add[name]) && !remove?.[name]
  return { ...mode, ignoreCase: flag('ignoreCase'), multiline: flag('multiline'), dotAll: flag('dotAll') }
}

/** Makes nodes of what asserts nothing; `^` and `$` that are there all the same never hold. */
export class Plain {
  private readonly sets = new Map<string, Node>()

  constructor(private readonly refuse: Refusals) {}

  alternatives(alternatives: readonly AST.Alternative[], mode: RegexMode): Node {
    return choice(alternatives.map(({ elements }) => this.elements(elements, mode)))
  }

  elements(elements: readonly AST.Element[], mode: RegexMode): Node {
    const items: Node[] = []
    let literal = ''
    const flush = (): void => {
      if (literal !== '') items.push(quotedText(literal, mode.quoting))
      literal = ''
    }
    for (let i = 0; i < elements.length; i++) {
      const pair = mode.unicode === 'none' ? surrogatePair(elements[i]!, elements[i + 1]) : undefined
      const char = pair ?? this.literal(elements[i]!, mode)
      if (pair !== undefined) i++
      if (char !== undefined) literal += char
      else {
        flush()
        items.push(this.element(elements[i]!, mode))
      }
    }
    flush()
    return sequence(...items)
  }

  /** The only character that `node` matches, if it is one. */
  private literal(node: AST.Element, mode: RegexMode): string | undefined {
    if (node.type !== 'Character' || mode.ignoreCase || isSurrogate(node.value)) return undefined
    return String.fromCodePoint(node.value)
  }

  private element(node: AST.Element, mode: RegexMode): Node {
    switch (node.type) {
      case 'Group':
      case 'CapturingGroup':
        return this.alternatives(node.alternatives, inside(node, mode))
      case 'Quantifier':
        return this.repeated(node, mode)
      case 'Backreference':
        return this.refuse.invalid(node, 'a back reference is not regular; write out what may be repeated')
      case 'Assertion':
        return NEVER
      default:
        return this.set(node, mode)
    }
  }

  private repeated(node: AST.Quantifier, mode: RegexMode): Node {
    const { min, max } = countsOf(node, this.refuse)
    return repeat(this.element(node.element, mode), min, max)
  }

  private set(node: SetElement, mode: RegexMode): Node {
    const key = `${node.raw} ${mode.ignoreCase} ${mode.dotAll}`
    let made = node.raw.length > 200 ? undefined : this.sets.get(key)
    if (!made) {
      const { ranges, strings } = this.setOf(node, mode)
      made = choice([quotedChar(ranges, mode.quoting), ...[...strings].map((s) => quotedText(s, mode.quoting))])
      this.sets.set(key, made)
    }
    return made
  }

  setOf(node: SetElement, mode: RegexMode) {
    return classSet(node, mode, (at, what) => this.refuse.invalid(at, what))
  }
}

/** @throws through `refuse` when more are asked for than can be counted */
export function countsOf(node: AST.Quantifier, refuse: Refusals): { min: number; max: number } {
  if (node.min > MOST_COUNT) refuse.invalid(node, `at most ${MOST_COUNT} repetitions can be asked for`)
  return { min: node.min, max: node.max > MOST_COUNT ? Infinity : node.max }
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

/** Without the flag u the parser gives the two halves of a character one after the other. */
function surrogatePair(first: AST.Element, second: AST.Element | undefined): string | undefined {
  if (first.type !== 'Character' || second?.type !== 'Character') return undefined
  const pair = String.fromCharCode(first.value, second.value)
  return first.value <= 0xdbff && isSurrogate(first.value) && pair.codePointAt(0)! > 0xffff ? pair : undefined
}

const emptiness = new WeakMap<Node, boolean>()

/** Whether the empty text is one that `node`, made from a regular expression, matches. */
export function matchesEmpty(node: Node): boolean {
  if (node.kind === 'text') return node.text === ''
  let known = emptiness.get(node)
  if (known === undefined) {
    known = emptyAmong(node)
    emptiness.set(node, known)
  }
  return known
}

function emptyAmong(node: Node): boolean {
  switch (node.kind) {
    case 'sequence':
      return node.items.every(matchesEmpty)
    case 'choice':
      return node.items.some(matchesEmpty)
    case 'repeat':
      return node.min === 0 || matchesEmpty(node.item)
    case 'rule':
      return matchesEmpty(node.rule.body)
    case 'both':
      return matchesEmpty(node.left) && matchesEmpty(node.right)
    case 'without':
      return matchesEmpty(node.left) && !matchesEmpty(node.right)
    default:
      return false
  }
}

/** What both match, decided here where that is easy. */
export function intersected(left: Node, right: Node, quoting: Quoting): Node {
  if (left === NEVER || right === NEVER) return NEVER
  if (left === anything(quoting)) return right
  if (right === anything(quoting)) return left
  if (left === EMPTY || right === EMPTY) return matchesEmpty(left) && matchesEmpty(right) ? EMPTY : NEVER
  return both(left, right)
}

/** What only `left` matches, decided here where that is easy. */
export function subtracted(left: Node, right: Node, quoting: Quoting): Node {
  if (left === NEVER || right === anything(quoting)) return NEVER
  if (right === NEVER) return left
  if (left === EMPTY) return matchesEmpty(right) ? NEVER : EMPTY
  return without(left, right)
}

/** `node`, but only where its last character is one of `ranges`. */
export function endingIn(node: Node, ranges: CodeRanges, quoting: Quoting): Node {
  const last = quotedChar(ranges, quoting)
  const ending = last === NEVER ? NEVER : sequence(anything(quoting), last)
  return intersected(node, ending, quoting)
}
