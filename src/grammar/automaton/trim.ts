/** Numbers of states of languages and of sets of members, which frames hold as counts, when what is not used is freed. */
import type { Language } from '../syntax/nodes.js'
import type { Network } from './network.js'
import type { Stacks } from './stacks.js'
import * as ops from './states.js'

/** What can forget all but some of its numbers; the map has the new ones. */
export interface Trimmable {
  readonly bytes: number
  trim(live: readonly number[]): ReadonlyMap<number, number>
}

/** Trims what the frames of these stacks count with; returns the new count of each frame. */
export function trimmedCounts(net: Network, stacks: Stacks, reached: readonly number[]): (stack: number) => number {
  const live = new Map<Trimmable, number[]>()
  for (const of of trimmables(net)) live.set(of, [])
  // Frames of calls have no count.
  const owned = (stack: number) => (stacks.countOf(stack) < 0 ? undefined : trimmableOf(net, stacks.ownerOf(stack)))
  for (const stack of reached) {
    const of = stacks.isUnion(stack) ? undefined : owned(stack)
    if (of) live.get(of)!.push(stacks.countOf(stack))
  }
  const moved = new Map<Trimmable, ReadonlyMap<number, number>>()
  for (const [of, numbers] of live) moved.set(of, of.trim(numbers))
  return (stack) => {
    const of = owned(stack)
    return of ? moved.get(of)!.get(stacks.countOf(stack))! : stacks.countOf(stack)
  }
}

/** What grows with the texts that were followed. */
export function trimmables(net: Network): Trimmable[] {
  return [...net.languages.filter(isTrimmable), ...net.members.map(({ sets }) => sets)]
}

function trimmableOf(net: Network, owner: number): Trimmable | undefined {
  const value = net.states.values[owner]!
  const op = net.states.ops[owner]
  const language = op === ops.LANGUAGE_RUN ? net.languages[value]! : undefined
  if (language) return isTrimmable(language) ? language : undefined
  return op === ops.MEMBERS ? net.members[value]!.sets : undefined
}

function isTrimmable<L extends Language>(language: L): language is L & Trimmable {
  return 'trim' in language
}
