/** Trees made at random, and a matcher that is too simple to be wrong. */
import * as nodes from '../../src/grammar/syntax/nodes.js'
import type { Node } from '../../src/grammar/syntax/nodes.js'

const TEXTS = ['', 'a', 'b', 'ab', 'ba', 'aab', 'c', 'é', 'aé']
const SETS: readonly (readonly (readonly [number, number])[])[] = [
  [[97, 98]],
  [
    [97, 97],
    [233, 233],
  ],
  [[98, 99]],
  [[97, 99]],
  [],
]

/** @param random from 0 to 1 */
export function randomTree(random: () => number, depth = 4, rules: readonly Node[] = []): Node {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const some = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const inner = (within = rules) => randomTree(random, depth - 1, within)
  if (depth <= 0) return random() < 0.6 ? nodes.text(pick(TEXTS)) : nodes.chars(pick(SETS))
  switch (some(0, 11)) {
    case 0:
    case 1:
      return nodes.sequence(...Array.from({ length: some(1, 3) }, () => inner()))
    case 2:
    case 3:
      return nodes.choice(Array.from({ length: some(1, 4) }, () => inner()))
    case 4:
    case 5: {
      const min = some(0, 3)
      return nodes.repeat(inner(), min, random() < 0.3 ? Infinity : min + some(0, 3))
    }
    case 6:
      return nodes.both(inner([]), inner([]))
    case 7:
      return nodes.without(inner([]), inner([]))
    case 8:
      return nodes.until([pick(TEXTS.slice(1)), pick(TEXTS.slice(1))].slice(0, some(0, 2)), random() < 0.5)
    case 9:
      return randomMembers(random, inner)
    case 10:
      return rules.length > 0 && random() < 0.5
        ? pick(rules)
        : nodes.rule(`r${depth}`, (self) => inner([...rules, self]))
    default:
      return randomTree(random, 0, rules)
  }
}

function randomMembers(random: () => number, inner: () => Node): Node {
  const length = Math.floor(random() * 4)
  const min = Math.floor(random() * 3)
  return {
    kind: 'members',
    members: Array.from({ length }, (_, i) => ({
      node: random() < 0.7 ? nodes.sequence(nodes.text('abc'[i]!), random() < 0.3 ? inner() : nodes.EMPTY) : inner(),
      required: random() < 0.3,
    })),
    ordered: random() < 0.5,
    rest: random() < 0.4 ? inner() : undefined,
    separator: nodes.text(random() < 0.8 ? ',' : ''),
    min,
    max: random() < 0.5 ? Infinity : min + Math.floor(random() * 3),
  }
}

/** Places where a match that begins at `from` may end, for each part and place once; recursion is followed to its least fixed point. */
export class SimpleMatcher {
  private readonly known = new Map<Node, Map<number, Set<number>>>()
  private grew = false

  constructor(private readonly characters: readonly string[]) {}

  matches(root: Node): boolean {
    for (;;) {
      this.grew = false
      this.visited.clear()
      const ends = this.ends(root, 0)
      if (!this.grew) return ends.has(this.characters.length)
    }
  }

  private readonly visited = new Map<Node, Set<number>>()

  private ends(node: Node, from: number): ReadonlySet<number> {
    const key = node.kind === 'rule' ? (node.rule as unknown as Node) : node
    const memo = this.known.get(key) ?? new Map<number, Set<number>>()
    this.known.set(key, memo)
    const known = memo.get(from) ?? new Set<number>()
    memo.set(from, known)
    const visited = this.visited.get(key) ?? new Set<number>()
    this.visited.set(key, visited)
    if (visited.has(from)) return known
    visited.add(from)
    for (const end of this.found(node, from))
      if (!known.has(end)) {
        known.add(end)
        this.grew = true
      }
    return known
  }

  private found(node: Node, from: number): Iterable<number> {
    const { characters } = this
    switch (node.kind) {
      case 'text': {
        const wanted = Array.from(node.text)
        return wanted.every((character, i) => characters[from + i] === character) ? [from + wanted.length] : []
      }
      case 'chars': {
        const code = characters[from]?.codePointAt(0)
        return code !== undefined && node.ranges.some(([a, b]) => code >= a && code <= b) ? [from + 1] : []
      }
      case 'sequence':
        return node.items.reduce<Set<number>>((at, item) => this.all(at, item), new Set([from]))
      case 'choice':
        return new Set(node.items.flatMap((item) => [...this.ends(item, from)]))
      case 'repeat':
        return this.repeated(node, from)
      case 'rule':
        return this.ends(node.rule.body, from)
      case 'both':
        return this.spans(from).filter((end) => this.whole(node.left, from, end) && this.whole(node.right, from, end))
      case 'without':
        return this.spans(from).filter((end) => this.whole(node.left, from, end) && !this.whole(node.right, from, end))
      case 'until':
        return this.spans(from).filter((end) => {
          const content = characters.slice(from, end).join('')
          const first = node.ends.filter((text) => content.includes(text))
          const before = characters.slice(from, end - 1).join('')
          if (first.length === 0) return node.orEnd
          return (
            node.ends.some((text) => content.endsWith(text)) &&
            (end === from || !node.ends.some((text) => before.includes(text)))
          )
        })
      case 'members':
        return this.members(node, from)
      default:
        throw new Error(node.kind)
    }
  }

  /** Of parts that have no recursion, so that a matcher of its own may be asked. */
  private whole(node: Node, from: number, end: number): boolean {
    return new SimpleMatcher(this.characters.slice(from, end)).matches(node)
  }

  private spans(from: number): number[] {
    return Array.from({ length: this.characters.length - from + 1 }, (_, i) => from + i)
  }

  private all(from: ReadonlySet<number>, node: Node): Set<number> {
    return new Set([...from].flatMap((at) => [...this.ends(node, at)]))
  }

  private repeated({ item, min, max }: Extract<Node, { kind: 'repeat' }>, from: number): Set<number> {
    const result = new Set<number>()
    const most = Math.min(max, min + this.characters.length + 1)
    let at = new Set([from])
    for (let count = 0; ; count++) {
      if (count >= min) for (const end of at) result.add(end)
      if (count === most) return result
      at = this.all(at, item)
    }
  }

  private members(node: Extract<Node, { kind: 'members' }>, from: number): Set<number> {
    const result = new Set<number>()
    const seen = new Set<string>()
    const go = (at: number, used: readonly number[], count: number, last: number) => {
      const key = `${at};${[...used].sort().join()};${count};${last}`
      if (seen.has(key)) return
      seen.add(key)
      const missing = node.members.some((member, i) => member.required && !used.includes(i))
      if (!missing && count >= node.min && count <= node.max) result.add(at)
      if (count >= node.max || count > this.characters.length + node.members.length + node.min) return
      for (const start of count === 0 ? [at] : this.ends(node.separator, at)) {
        node.members.forEach((member, i) => {
          if (used.includes(i) || (node.ordered && i < last)) return
          for (const end of this.ends(member.node, start)) go(end, [...used, i], count + 1, i)
        })
        if (node.rest) for (const end of this.ends(node.rest, start)) go(end, used, count + 1, node.members.length)
      }
    }
    go(from, [], 0, -1)
    return result
  }
}
