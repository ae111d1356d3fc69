/** Sets of characters as states over bytes. */
import type { CodeRanges } from '../syntax/characters.js'
import type { States } from './states.js'
import type { ByteRanges } from '../syntax/utf8.js'

/** The state before one character; those of the characters' later bytes are shared where they continue alike. */
export function characterStates(ranges: readonly ByteRanges[], next: number, states: States): number {
  return statesFrom(ranges, 0, next, states, new Map())
}

function statesFrom(
  ranges: readonly ByteRanges[],
  depth: number,
  next: number,
  states: States,
  known: Map<string, number>,
): number {
  const edges: number[] = []
  // Ranges rise, and those that begin alike stand together.
  for (let from = 0, to = 0; from < ranges.length; from = to) {
    const [low, high] = ranges[from]![depth]!
    while (to < ranges.length && ranges[to]![depth]![0] === low && ranges[to]![depth]![1] === high) to++
    const ended = ranges[from]!.length === depth + 1
    edges.push(low, high, ended ? next : shared(ranges.slice(from, to), depth + 1))
  }
  return states.addBytes(edges)

  function shared(rest: readonly ByteRanges[], at: number): number {
    const key = rest.map((range) => range.slice(at).join()).join(';')
    let state = known.get(key)
    if (state === undefined) known.set(key, (state = statesFrom(rest, at, next, states, known)))
    return state
  }
}

/** Whether all of `wanted` are among the characters. Both rise. */
export function covers(ranges: CodeRanges, wanted: CodeRanges): boolean {
  let at = 0
  return wanted.every(([from, to]) => {
    while (at < ranges.length && ranges[at]![1] < from) at++
    const range = ranges[at]
    return range !== undefined && range[0] <= from && range[1] >= to
  })
}
