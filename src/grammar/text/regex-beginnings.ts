/** What can be told about nodes that were made from regular expressions: how they begin, and how much is intersected. */
import { intersection, type CodeRanges } from '../syntax/characters.js'
import { chars, choice, EMPTY, NEVER, repeat, sequence, type Node } from '../syntax/nodes.js'
import { matchesEmpty } from './regex-plain.js'

/**
 * The texts of `node` that begin with one of `ranges`, and the empty one if `orEmpty`. Only where characters are written as they
 * are.
 * @returns undefined where that takes an intersection
 */
export function beginningIn(node: Node, ranges: CodeRanges, orEmpty: boolean): Node | undefined {
  switch (node.kind) {
    case 'text':
      return textBeginningIn(node, ranges, orEmpty)
    case 'chars':
      return charsOf(intersection(node.ranges, ranges))
    case 'choice':
      return choiceBeginningIn(node.items, ranges, orEmpty)
    case 'repeat': {
      if (matchesEmpty(node.item)) return undefined
      const first = beginningIn(node.item, ranges, false)
      const more = first && sequence(first, repeat(node.item, Math.max(0, node.min - 1), node.max - 1))
      return more && choice(orEmpty && node.min === 0 ? [EMPTY, more] : [more])
    }
    case 'sequence':
      return sequenceBeginningIn(node.items, ranges, orEmpty)
    case 'both':
    case 'without': {
      const left = beginningIn(node.left, ranges, orEmpty)
      return left && (left === NEVER ? NEVER : { ...node, left })
    }
    case 'rule':
      return beginningIn(node.rule.body, ranges, orEmpty) === node.rule.body ? node : undefined
    default:
      return undefined
  }
}

function textBeginningIn(node: Node & { kind: 'text' }, ranges: CodeRanges, orEmpty: boolean): Node {
  const code = node.text.codePointAt(0)
  const held = code === undefined ? orEmpty : ranges.some(([from, to]) => code >= from && code <= to)
  return held ? node : NEVER
}

function charsOf(ranges: CodeRanges): Node {
  return ranges.length === 0 ? NEVER : chars(ranges)
}

function choiceBeginningIn(items: readonly Node[], ranges: CodeRanges, orEmpty: boolean): Node | undefined {
  const kept = items.map((item) => beginningIn(item, ranges, orEmpty)).filter((item) => item !== undefined)
  return kept.length < items.length ? undefined : choice(kept)
}

/** The first item that is something begins the text; where it may be nothing, so does what follows. */
function sequenceBeginningIn(items: readonly Node[], ranges: CodeRanges, orEmpty: boolean): Node | undefined {
  const [head, ...tail] = items
  if (!head) return orEmpty ? EMPTY : NEVER
  const begun = beginningIn(head, ranges, false)
  if (!begun) return undefined
  const first = sequence(begun, ...tail)
  if (!matchesEmpty(head)) return first
  const rest = sequenceBeginningIn(tail, ranges, orEmpty)
  return rest && choice([first, rest])
}

const counts = new WeakMap<Node, number>()
const depths = new WeakMap<Node, number>()

/** Conditions within conditions. */
export function conditionDepth(node: Node): number {
  if (isLeaf(node)) return 0
  let depth = depths.get(node)
  if (depth === undefined) {
    depth = partsOf(node).reduce((most, part) => Math.max(most, conditionDepth(part)), 0)
    if (node.kind === 'both' || node.kind === 'without') depth++
    depths.set(node, depth)
  }
  return depth
}

/** Intersections and differences of a node, each counted as often as it is reached: so often an automaton makes it. */
export function conditionsOf(node: Node): number {
  if (isLeaf(node)) return 0
  let count = counts.get(node)
  if (count === undefined) {
    count = node.kind === 'both' || node.kind === 'without' ? 1 : 0
    for (const part of partsOf(node)) count += conditionsOf(part)
    counts.set(node, count)
  }
  return count
}

/** Of these there may be very many. */
function isLeaf(node: Node): boolean {
  return node.kind === 'text' || node.kind === 'chars'
}

function partsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return node.items
    case 'repeat':
      return [node.item]
    case 'rule':
      return [node.rule.body]
    case 'both':
    case 'without':
      return [node.left, node.right]
    default:
      return []
  }
}
