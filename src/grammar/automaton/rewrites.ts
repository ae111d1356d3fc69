/** Parts that the automaton runs in another form: rules that begin with themselves, repetitions whose counts would multiply. */
import { choice, repeat, sequence, type Node, type RepeatNode, type Rule } from '../syntax/nodes.js'

/** The rule's body with direct left recursion made a repetition: `a: a x | y` matches what `y x*` does. */
export function bodyOf(rule: Rule): Node {
  const tails: Node[] = []
  const others: Node[] = []
  for (const item of alternatives(rule.body)) {
    const items = flat(item)
    if (!isItself(items[0], rule)) others.push(item)
    else if (items.length > 1) tails.push(sequence(...items.slice(1)))
  }
  if (others.length > 0 && tails.length === 0) return rule.body
  return tails.length === 0 ? choice(others) : sequence(choice(others), repeat(choice(tails), 0))
}

function alternatives(body: Node): readonly Node[] {
  if (body.kind !== 'choice') return [body]
  return body.items.some((item) => item.kind === 'choice') ? body.items.flatMap(alternatives) : body.items
}

/** The items of a sequence, whose first is none. */
function flat(node: Node): readonly Node[] {
  let items: readonly Node[] = [node]
  while (items[0]?.kind === 'sequence') items = [...items[0].items, ...items.slice(1)]
  return items
}

function isItself(node: Node | undefined, rule: Rule): boolean {
  return node?.kind === 'rule' && node.rule === rule
}

/** The same texts with one count for two, where the counts of both together have no gaps. */
export function flatRepeat(node: RepeatNode): RepeatNode {
  let flat = node
  while (flat.item.kind === 'repeat') {
    const counts = together(flat.item, flat)
    if (!counts) break
    flat = { kind: 'repeat', item: flat.item.item, ...counts }
  }
  return flat
}

/** Of `(x{a,b}){c,d}`: counts from c a to d b, when each number of rounds k leaves no gap to the next, (k + 1) a <= k b + 1. */
function together(inner: RepeatNode, outer: RepeatNode): { min: number; max: number } | undefined {
  const { min: a, max: b } = inner
  const { min: c, max: d } = outer
  if (b === 0 || d === 0) return { min: 0, max: 0 }
  // 0 times Infinity is no number.
  const last = c === 0 ? 0 : c * b
  if (c < d && (c + 1) * a > last + 1) return undefined
  // A fixed number of rounds has no gaps within it.
  return { min: c * a, max: d * b }
}
