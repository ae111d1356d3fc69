/** Rules that begin with themselves, which the automaton cannot run as they are written. */
import { choice, repeat, sequence, type Node, type Rule } from '../syntax/nodes.js'

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
