/** Kinds of characters that a regular expression's assertions tell apart by what stands before. */
import type { AST } from '@eslint-community/regexpp'
import { includesCode, intersection, LAST_CODE, normalized, type CodeRanges } from '../syntax/characters.js'
import { classSet, lineEnds, wordCharacters } from './regex-classes.js'
import { inside, isSet, type Refusals, type RegexMode } from './regex-plain.js'
import { difference } from './unicode.js'

/** The kind of nothing being before: the start of the text. The others are numbers from 1. */
export const START = 0
const MOST_KINDS = 12
/** Assertions of one expression. */
const MOST_ASSERTIONS = 200

/** What may stand before, as an assertion asks it. */
export interface Before {
  readonly start: boolean
  readonly ranges: CodeRanges
}

const ANY_BEFORE: Before = { start: true, ranges: [[0, LAST_CODE]] }

/** Sets without overlaps, of which every asked set is a union. The first kind, the start, is not among them. */
export class Kinds {
  private sets: CodeRanges[] = [[[0, LAST_CODE]]]

  get all(): readonly CodeRanges[] {
    return this.sets
  }

  /** @returns false when there are too many kinds */
  add(asked: CodeRanges): boolean {
    this.sets = this.sets.flatMap((set) =>
      [intersection(set, asked), difference(set, asked)].filter((part) => part.length > 0),
    )
    return this.sets.length <= MOST_KINDS
  }

  isAmong(kind: number, { start, ranges }: Before): boolean {
    return kind === START ? start : includesCode(ranges, this.sets[kind - 1]![0]![0])
  }

  rangesOf(kinds: readonly number[]): CodeRanges {
    return normalized(kinds.flatMap((kind) => this.sets[kind - 1]!))
  }
}

/** What an assertion asks to stand before; undefined for one that asks nothing of it, or that looks back further. */
export function askedBefore(node: AST.Assertion, mode: RegexMode, refuse: Refusals): Before | undefined {
  if (node.kind === 'word') return { start: false, ranges: wordCharacters(mode) }
  if (node.kind === 'start') return { start: true, ranges: mode.multiline ? lineEnds(mode) : [] }
  return node.kind === 'lookbehind' ? alternativesBefore(node.alternatives, mode, refuse) : undefined
}

function alternativesBefore(
  alternatives: readonly AST.Alternative[],
  mode: RegexMode,
  refuse: Refusals,
): Before | undefined {
  const each = alternatives.map(({ elements }) => elementsBefore(elements, mode, refuse))
  const known = each.filter((before) => before !== undefined)
  if (known.length < each.length) return undefined
  return { start: known.some(({ start }) => start), ranges: normalized(known.flatMap(({ ranges }) => ranges)) }
}

/** Nothing, one `^`, or one character. */
function elementsBefore(elements: readonly AST.Element[], mode: RegexMode, refuse: Refusals): Before | undefined {
  const [only, ...more] = elements
  if (!only) return ANY_BEFORE
  if (more.length > 0) return undefined
  if (only.type === 'Group' || only.type === 'CapturingGroup')
    return alternativesBefore(only.alternatives, inside(only, mode), refuse)
  if (only.type === 'Assertion' && only.kind === 'start') return askedBefore(only, mode, refuse)
  if (!isSet(only)) return undefined
  const { ranges, strings } = classSet(only, mode, (at, what) => refuse.invalid(at, what))
  return strings.size > 0 ? undefined : { start: false, ranges }
}

/** Which assertions are in a part of an expression. */
export interface Asserted {
  /** None. */
  readonly none: boolean
  /** At most the start and the end of the whole text. */
  readonly onlyEdges: boolean
}

const NOTHING: Asserted = { none: true, onlyEdges: true }

/** What is asserted where; and the kinds for all of it. */
export class Assertions {
  readonly kinds = new Kinds()
  private readonly known = new WeakMap<AST.Node, Asserted>()
  private count = 0

  constructor(
    alternatives: readonly AST.Alternative[],
    mode: RegexMode,
    private readonly refuse: Refusals,
  ) {
    for (const alternative of alternatives) this.visit(alternative, mode)
  }

  in(node: AST.Element | AST.Alternative): Asserted {
    return this.known.get(node) ?? NOTHING
  }

  private visit(node: AST.Element | AST.Alternative, mode: RegexMode): Asserted {
    if (node.type === 'Character') return NOTHING
    const parts = partsOf(node).map((part) => this.visit(part, inside(node, mode)))
    // Most parts assert nothing, and are not kept.
    if (node.type !== 'Assertion' && parts.every((part) => part === NOTHING)) return NOTHING
    const asserted =
      node.type === 'Assertion'
        ? this.assertion(node, mode)
        : {
            none: parts.every(({ none }) => none),
            onlyEdges: parts.every(({ onlyEdges }) => onlyEdges),
          }
    this.known.set(node, asserted)
    return asserted
  }

  private assertion(node: AST.Assertion, mode: RegexMode): Asserted {
    if (++this.count > MOST_ASSERTIONS) this.refuse.complex(`at most ${MOST_ASSERTIONS} assertions are allowed`)
    const before = askedBefore(node, mode, this.refuse)
    if (before && !this.kinds.add(before.ranges))
      this.refuse.complex('its assertions tell too many kinds of characters apart')
    return { none: false, onlyEdges: (node.kind === 'start' || node.kind === 'end') && !mode.multiline }
  }
}

function partsOf(node: AST.Element | AST.Alternative): readonly (AST.Element | AST.Alternative)[] {
  if (node.type === 'Alternative') return node.elements
  if (node.type === 'Quantifier') return [node.element]
  return 'alternatives' in node ? node.alternatives : []
}
