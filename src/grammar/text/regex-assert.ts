/**
 * The tree of a regular expression to nodes. What asserts nothing becomes a node by itself. An assertion is about what comes
 * before or after, so what has assertions is translated with its continuation: the node of all that follows, up to the end of
 * the text, for each kind of character that may stand before (the start of the text is one kind). A look-ahead is then an
 * intersection with the continuation, `$` asks whether that may be empty, and `^` and `\b` ask the kind.
 */
import type { AST } from '@eslint-community/regexpp'
import type { Steps } from '../pauses.js'
import { complement, type CodeRanges } from '../syntax/characters.js'
import { choice, EMPTY, NEVER, repeat, rule, sequence, type Node } from '../syntax/nodes.js'
import { anything, quotedChar } from './quoting.js'
import { lineEnds, wordCharacters } from './regex-classes.js'
import { beginningIn, conditionDepth, conditionsOf } from './regex-beginnings.js'
import { decidesAlone } from './regex-lengths.js'
import { askedBefore, Assertions, START } from './regex-kinds.js'
import * as plain from './regex-plain.js'
import { countsOf, endingIn, intersected, isSet, matchesEmpty, subtracted } from './regex-plain.js'
import type { Refusals, RegexMode } from './regex-plain.js'

/** What may follow, for each kind of character before. `uniform`: the same for all kinds. */
interface Rest {
  readonly uniform: boolean
  at(kind: number): Node
}

/** A repetition with assertions is written out so often. */
const MOST_COPIES = 64
/** Intersections and differences, each for every way that leads to it. */
const MOST_CONDITIONS = 1000
/** Intersections within intersections. */
const MOST_DEPTH = 6
/** Parts with assertions in all, which repetitions multiply. */
const MOST_PARTS = 1000

/** @param whole whether nothing may come before and after */
export function* translate(
  alternatives: readonly AST.Alternative[],
  mode: RegexMode,
  whole: boolean,
  refuse: Refusals,
): Steps<Node> {
  const assertions = new Assertions(alternatives, mode, refuse)
  yield
  return new Translator(assertions, mode, refuse).all(alternatives, whole)
}

class Translator {
  private readonly plain: plain.Plain
  private parts = 0

  constructor(
    private readonly assertions: Assertions,
    private readonly outer: RegexMode,
    private readonly refuse: Refusals,
  ) {
    this.plain = new plain.Plain(refuse)
  }

  all(alternatives: readonly AST.Alternative[], whole: boolean): Node {
    const around = whole ? EMPTY : anything(this.outer.quoting)
    const end = uniform(around)
    const far = alternatives.filter(({ elements }) => elements.some((element) => this.isFarBehind(element)))
    const near = alternatives.filter((alternative) => !far.includes(alternative))
    const made = choice([
      this.after(around, this.choice(near, this.outer, end)).at(START),
      ...far.map((alternative) => this.farBehind(alternative.elements, around, end)),
    ])
    if (conditionsOf(made) > MOST_CONDITIONS || conditionDepth(made) > MOST_DEPTH)
      this.refuse.complex('its assertions depend on each other in too many ways; use fewer, or repeat them less often')
    return made
  }

  /** `node`, and then `rest`. */
  private after(node: Node, rest: Rest, elements: readonly AST.Element[] = [], mode = this.outer): Rest {
    if (rest.uniform) return uniform(sequence(node, rest.at(START)))
    const split = (kind: number): Node => this.split(node, rest, kind, elements, mode)
    return matchesEmpty(node) ? byKind(split) : uniform(split(START))
  }

  /** Continues by the kind of the last character of `node`, or by `kind` where it is empty. */
  private split(node: Node, rest: Rest, kind: number, elements: readonly AST.Element[], mode: RegexMode): Node {
    const kindsOf = new Map<Node, number[]>()
    this.assertions.kinds.all.forEach((_, i) => {
      const next = rest.at(i + 1)
      if (next !== NEVER) kindsOf.set(next, [...(kindsOf.get(next) ?? []), i + 1])
    })
    const empty = matchesEmpty(node)
    const [first] = kindsOf.keys()
    const all = first !== undefined && kindsOf.get(first)!.length === this.assertions.kinds.all.length
    if (all && (!empty || rest.at(kind) === first)) return sequence(node, first)
    const ways = [...kindsOf].map(([next, kinds]) => sequence(this.ending(node, kinds, elements, mode), next))
    return choice([...(empty ? [rest.at(kind)] : []), ...ways])
  }

  private ending(node: Node, kinds: readonly number[], elements: readonly AST.Element[], mode: RegexMode): Node {
    const { quoting } = mode
    const ranges = this.assertions.kinds.rangesOf(kinds)
    if (node === anything(quoting)) return sequence(node, quotedChar(ranges, quoting))
    const last = elements.at(-1)
    const repeated = last?.type === 'Quantifier' ? last : undefined
    const single = repeated ? repeated.element : last
    const sure = repeated ? repeated.min > 0 || elements.length === 1 : true
    if (!single || !isSet(single) || !sure || repeated?.max === 0) return endingIn(node, ranges, quoting)
    const set = this.plain.setOf(single, mode)
    if (set.strings.size > 0 || mode.unicode === 'none') return endingIn(node, ranges, quoting)
    const end = quotedChar(complement([...complement(set.ranges), ...complement(ranges)]), quoting)
    const before = this.plain.elements(elements.slice(0, -1), mode)
    if (!repeated) return sequence(before, end)
    const { min, max } = countsOf(repeated, this.refuse)
    const others = quotedChar(set.ranges, quoting)
    return sequence(before, repeat(others, Math.max(0, min - 1), max - 1), end)
  }

  private choice(alternatives: readonly AST.Alternative[], mode: RegexMode, rest: Rest): Rest {
    const asserting = alternatives.filter((alternative) => !this.assertions.in(alternative).none)
    const others = alternatives.filter((alternative) => !asserting.includes(alternative))
    const after = asserting.length > 0 && alternatives.length > 1 ? shared(rest) : rest
    const only = others.length === 1 ? others[0]!.elements : []
    return oneOf([
      ...(others.length > 0 ? [this.after(this.plain.alternatives(others, mode), after, only, mode)] : []),
      ...asserting.map(({ elements }) => this.elements(elements, mode, after)),
    ])
  }

  private elements(elements: readonly AST.Element[], mode: RegexMode, rest: Rest): Rest {
    let after = rest
    for (let end = elements.length; end > 0;) {
      let begin = end
      while (begin > 0 && this.assertions.in(elements[begin - 1]!).none) begin--
      if (begin < end) {
        const run = elements.slice(begin, end)
        after = this.after(this.plain.elements(run, mode), after, run, mode)
        end = begin
      } else after = this.asserting(elements[--end]!, mode, after)
    }
    return after
  }

  private asserting(node: AST.Element, mode: RegexMode, rest: Rest): Rest {
    if (++this.parts > MOST_PARTS)
      this.refuse.complex(`more than ${MOST_PARTS} assertions when repetitions are written out`)
    if (node.type === 'Assertion') return this.assertion(node, mode, rest)
    if (node.type === 'Quantifier') return this.loop(node, mode, rest)
    if (node.type === 'Group' || node.type === 'CapturingGroup')
      return this.choice(node.alternatives, plain.inside(node, mode), rest)
    throw new Error(`internal error: ${node.type} asserts nothing`)
  }

  private assertion(node: AST.Assertion, mode: RegexMode, rest: Rest): Rest {
    switch (node.kind) {
      case 'end':
        return this.end(mode, rest)
      case 'lookahead':
        return this.lookahead(node, mode, rest)
      case 'word':
        return this.boundary(node, mode, rest)
      default:
        return this.behind(node, mode, rest)
    }
  }

  private end(mode: RegexMode, rest: Rest): Rest {
    const { multiline, quoting } = mode
    const lines = choice([EMPTY, sequence(quotedChar(lineEnds(mode), quoting), anything(quoting))])
    return mapped(rest, (next) => (multiline ? intersected(next, lines, quoting) : matchesEmpty(next) ? EMPTY : NEVER))
  }

  private lookahead(node: AST.LookaheadAssertion, mode: RegexMode, rest: Rest): Rest {
    const { quoting } = mode
    const seen = this.choice(node.alternatives, mode, uniform(anything(quoting)))
    const held = (kind: number): Node =>
      node.negate
        ? subtracted(rest.at(kind), seen.at(kind), quoting)
        : intersected(rest.at(kind), seen.at(kind), quoting)
    return rest.uniform && seen.uniform ? uniform(held(START)) : byKind(held)
  }

  private boundary(node: AST.WordBoundaryAssertion, mode: RegexMode, rest: Rest): Rest {
    const { quoting } = mode
    const word = wordCharacters(mode)
    return byKind((kind) => {
      const before = this.assertions.kinds.isAmong(kind, { start: false, ranges: word })
      const inWord = before === node.negate
      return this.beginning(rest.at(kind), inWord ? word : complement(word), !inWord, quoting)
    })
  }

  /** What of `node` begins with one of `ranges`, or is empty, if `orEmpty`. */
  private beginning(node: Node, ranges: CodeRanges, orEmpty: boolean, quoting: RegexMode['quoting']): Node {
    const decided = quoting === 'plain' ? beginningIn(node, ranges, orEmpty) : undefined
    if (decided) return decided
    const begun = sequence(quotedChar(ranges, quoting), anything(quoting))
    return intersected(node, orEmpty ? choice([EMPTY, begun]) : begun, quoting)
  }

  /** `^`, or a look-behind of one character. */
  private behind(node: AST.EdgeAssertion | AST.LookbehindAssertion, mode: RegexMode, rest: Rest): Rest {
    const before = askedBefore(node, mode, this.refuse)
    const negate = node.kind === 'lookbehind' && node.negate
    if (!before)
      return this.refuse.invalid(
        node,
        'look-behind of more than one character is only supported outside of brackets and after parts without look-ahead',
      )
    return byKind((kind) => (this.assertions.kinds.isAmong(kind, before) === negate ? NEVER : rest.at(kind)))
  }

  private loop(node: AST.Quantifier, mode: RegexMode, rest: Rest): Rest {
    const { min, max } = countsOf(node, this.refuse)
    if (max === 0) return rest
    // A look-ahead that need not hold asks nothing.
    if (node.element.type === 'Assertion') return min === 0 ? rest : this.asserting(node.element, mode, rest)
    const alone = this.alone(node.element, mode)
    if (alone) return this.after(repeat(alone, min, max), rest)
    const copies = max === Infinity ? min : max
    if (copies > MOST_COPIES)
      this.refuse.invalid(node, `a part with assertions can be repeated at most ${MOST_COPIES} times`)
    let after = max === Infinity ? this.star(node, mode, rest) : rest
    for (let i = copies; i > 0; i--) {
      const once = this.asserting(node.element, mode, i > min ? shared(after) : after)
      after = i > min ? oneOf([shared(rest), once]) : once
    }
    return after
  }

  /** The node of a part whose assertions ask about that part only. */
  private alone(node: AST.Element, mode: RegexMode): Node | undefined {
    const asksBefore = (asked: AST.Assertion): boolean => askedBefore(asked, mode, this.refuse) !== undefined
    if (!decidesAlone(node, asksBefore)) return undefined
    const made = this.asserting(node, mode, uniform(EMPTY))
    return made.uniform ? made.at(START) : undefined
  }

  /**
   * Any number of times. `^` can only hold the first time and `$` only the last, so that in between neither does.
   */
  private star(node: AST.Quantifier, mode: RegexMode, rest: Rest): Rest {
    if (!this.assertions.in(node).onlyEdges)
      return this.refuse.invalid(
        node,
        'look-around and \\b in a part that is repeated without end may ask about that part only; put them before or after it',
      )
    const between = repeat(this.plain.elements([node.element], mode), 0)
    const last = shared(oneOf([rest, this.asserting(node.element, mode, rest)]))
    const later = shared(this.after(between, last))
    const first = this.asserting(node.element, mode, later)
    return byKind((kind) => (kind === START ? choice([first.at(kind), later.at(kind)]) : later.at(kind)))
  }

  /** Whether it is a look-behind that looks back further than a character. */
  private isFarBehind(node: AST.Element): node is AST.LookbehindAssertion {
    return node.type === 'Assertion' && node.kind === 'lookbehind' && !askedBefore(node, this.outer, this.refuse)
  }

  /** From the left: all text up to the look-behind, of which that keeps a part; and then what follows. */
  private farBehind(elements: readonly AST.Element[], before: Node, rest: Rest): Node {
    const { quoting } = this.outer
    const at = elements.findIndex((element) => this.isFarBehind(element))
    const node = elements[at]
    if (!node || !this.isFarBehind(node)) return this.after(before, this.elements(elements, this.outer, rest)).at(START)
    const left = elements.slice(0, at)
    const ahead = left.find((element) => !this.assertions.in(element).none && !isStart(element))
    if (ahead)
      this.refuse.invalid(ahead, 'an assertion before a look-behind of more than one character is not supported')
    const text = this.after(before, this.elements(left, this.outer, uniform(EMPTY))).at(START)
    const seen = this.after(anything(quoting), this.choice(node.alternatives, this.outer, uniform(EMPTY))).at(START)
    const kept = node.negate ? subtracted(text, seen, quoting) : intersected(text, seen, quoting)
    return this.farBehind(elements.slice(at + 1), kept, rest)
  }
}

function isStart(node: AST.Element): boolean {
  return node.type === 'Assertion' && (node.kind === 'start' || node.kind === 'lookbehind')
}

function uniform(node: Node): Rest {
  return { uniform: true, at: () => node }
}

function byKind(make: (kind: number) => Node): Rest {
  const made = new Map<number, Node>()
  return {
    uniform: false,
    at(kind) {
      let node = made.get(kind)
      if (!node) {
        node = make(kind)
        made.set(kind, node)
      }
      return node
    },
  }
}

function mapped(rest: Rest, change: (node: Node) => Node): Rest {
  return rest.uniform ? uniform(change(rest.at(START))) : byKind((kind) => change(rest.at(kind)))
}

function oneOf(ways: readonly Rest[]): Rest {
  if (ways.length === 1) return ways[0]!
  const at = (kind: number): Node => choice(ways.map((way) => way.at(kind)))
  return ways.every((way) => way.uniform) ? uniform(at(START)) : byKind(at)
}

/** The same as named parts, so that several places can continue with it without its being built for each. */
function shared(rest: Rest): Rest {
  return mapped(rest, (node) => (isSmall(node) ? node : rule('rest', () => node)))
}

function isSmall(node: Node): boolean {
  return ['text', 'rule'].includes(node.kind) || [NEVER, anything('plain'), anything('json')].includes(node)
}
