/** How many characters of any JSON string content may follow a state: where it is known, most tokens need no walk. */
import { CONTENT } from '../vocabulary/content.js'
import type { Machine } from '../automaton/machine.js'
import { DEAD } from '../automaton/sets.js'
import type { Steps } from '../pauses.js'
import * as ops from '../automaton/states.js'
import { Allowance } from './allowance.js'

/** Characters up to which is searched. */
export const MOST_SEARCHED = 16
/** Steps of one search. */
const MOST_STEPS = 60_000
/** Configurations of a set that are looked at one by one. */
const MOST_ALONE = 64

export interface Content {
  /** Characters of any content that may follow at least. */
  readonly most: number
  /** And content of more may not. */
  readonly exact: boolean
}

const ANY: Content = { most: Infinity, exact: false }

/** @param allowance of the whole mask */
export function* contentAfter(machine: Machine, set: number, allowance: Allowance): Steps<Content> {
  const alone = contentOfOne(machine, set)
  if (alone === Infinity) return ANY
  const { most, exact } =
    alone >= MOST_SEARCHED
      ? { most: 0, exact: false }
      : yield* search(machine, set, new Allowance(machine.work, MOST_STEPS, allowance))
  if (alone > most) return { most: alone, exact: false }
  const length = machine.sets.lengthOf(set)
  if (most === Infinity || exact || length === 1) return { most, exact }
  // What one configuration allows, its set allows: a pattern's leading `.*` settles all content.
  for (let i = 0; i < Math.min(length, MOST_ALONE) && !allowance.isOver; i++) {
    const part = machine.alone(set, i)
    if (part === set) continue
    const found = yield* search(machine, part, new Allowance(machine.work, MOST_STEPS / 4, allowance))
    if (found.most === Infinity) return ANY
  }
  return { most, exact }
}

/** As one configuration by itself says: before a character of a repetition, all rounds that are left are content. */
function contentOfOne(machine: Machine, set: number): number {
  const { net, stacks } = machine
  let most = 0
  const list = machine.configurationsOf(set)
  for (let i = 0; i < list.length; i += 2) {
    const state = list[i]!
    if (!net.content.has(state)) continue
    const next = net.afterContent(state)
    if (net.reaches(next, state)) return Infinity
    if (net.states.ops[next] !== ops.LOOP_END) continue
    const stack = list[i + 1]!
    for (const frame of stacks.isUnion(stack) ? stacks.partsOf(stack) : [stack]) {
      const { max, body } = net.loops[net.states.values[stacks.ownerOf(frame)]!]!
      if (net.reaches(body, state)) most = Math.max(most, max - stacks.countOf(frame) + 1)
    }
  }
  return most
}

/** A search over pairs of a state of content's UTF-8 and a set, in breadth by characters. */
function* search(machine: Machine, set: number, allowance: Allowance): Steps<Content> {
  const { count, example } = machine.classes
  /** The characters before each pair, where it is met first. */
  const seen = new Map([[set * 8, 0]])
  let again = false
  let level = [0, set]
  for (let most = 0; most < MOST_SEARCHED; most++) {
    const next: number[] = []
    let dead = false
    let live = false
    for (let i = 0; i < level.length; i += 2) {
      const moves = CONTENT[level[i]!]!
      const from = level[i + 1]!
      for (let byteClass = 0; byteClass < count; byteClass++) {
        const within = moves[example[byteClass]!]!
        if (within < 0) continue
        const to = machine.goClass(from, byteClass)
        if (to === DEAD) dead = true
        else live = true
        if ((dead && live) || allowance.isOver) return { most, exact: false }
        if (allowance.isDue) yield* allowance.rest()
        if (to === DEAD) continue
        const length = within === 0 ? most + 1 : most
        const met = seen.get(to * 8 + within)
        if (met !== undefined) {
          // Content that comes back to where it was may be of any length.
          if (met < length) again = true
          continue
        }
        seen.set(to * 8 + within, length)
        ;(within === 0 ? next : level).push(within, to)
      }
    }
    if (!live) return { most, exact: !again }
    if (next.length === 0) return ANY
    level = next
  }
  return { most: MOST_SEARCHED, exact: false }
}
