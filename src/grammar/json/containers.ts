/** Arrays as nodes. */
import { choice, EMPTY, NEVER, repeat, rule, Rule, sequence, text, type Node } from '../syntax/nodes.js'
import type { CountedItems } from './counted.js'
import type { ArrayShape } from './elements.js'
import type { Layout } from './style/white-space.js'

/** What a container has between its brackets, which is not empty, and whether there may be nothing. */
export interface Content {
  readonly filled: Node
  readonly mayBeEmpty: boolean
}

export function bracketed(
  open: string,
  { filled, mayBeEmpty }: Content,
  close: string,
  layout: Layout,
  level: number,
): Node {
  const full = filled === NEVER ? NEVER : sequence(layout.open(level), filled, layout.close(level))
  return sequence(text(open), mayBeEmpty ? choice([full, layout.empty]) : full, text(close))
}

/** `item`: the node of the item at a place, or NEVER. */
export function arrayContent(
  { prefix, min, max }: ArrayShape,
  item: (index: number) => Node,
  separator: Node,
): Content {
  const mayBeEmpty = min === 0
  if (max === 0) return { filled: NEVER, mayBeEmpty }
  const size = prefix.length
  const rest = max > size ? item(size) : NEVER
  const next = sequence(separator, rest)
  if (size === 0) return { filled: sequence(rest, repeated(next, Math.max(0, min - 1), max - 1)), mayBeEmpty }
  let after = repeated(next, Math.max(0, min - size), max - size)
  for (let i = size - 1; i >= 1; i--) {
    const node = item(i)
    // Those that must be there and are alike are counted: the n ways to differ from n items have n * n / 2 of them.
    let alike = 1
    for (; i < min && i > 1 && item(i - 1) === node; i--) alike++
    const more = sequence(repeated(sequence(separator, node), alike, alike), after)
    const body = i < min ? more : choice([more, EMPTY])
    after = body === NEVER || body === EMPTY ? body : rule('items', () => body)
  }
  return { filled: sequence(item(0), after), mayBeEmpty }
}

function repeated(node: Node, min: number, max: number): Node {
  if (node === NEVER) return min > 0 ? NEVER : EMPTY
  return repeat(node, min, max)
}

/** Items of which some count, state by state. */
export function countedContent(
  { states }: CountedItems,
  item: (goal: CountedItems['states'][number]['moves'][number]['goal']) => Node,
  separator: Node,
): Content {
  const rules = states.map((_, i) => new Rule(`items ${i}`))
  const after = (state: number): Node => ({ kind: 'rule', rule: rules[state]! })
  const moves = (state: number, before: Node): Node =>
    choice(states[state]!.moves.map(({ goal, to }) => sequence(before, item(goal), after(to))))
  for (const [i, { ends }] of states.entries()) {
    const more = moves(i, separator)
    rules[i]!.define(ends ? choice([more, EMPTY]) : more)
  }
  return { filled: moves(0, EMPTY), mayBeEmpty: states[0]!.ends }
}
