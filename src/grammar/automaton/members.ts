/** Which members of a list were written, and which may come next. */
import type { MembersNode } from '../syntax/nodes.js'

interface UsedSet {
  /** A bit for each member. In order, only the last matters. */
  readonly used: Int32Array
  readonly last: number
  readonly count: number
  /** Required members that were not written. */
  readonly missing: number
}

/** Sets of members by numbers: 0 is none. */
export class UsedSets {
  readonly hasRest: boolean
  private sets: UsedSet[] = []
  private ids = new Map<string, number>()
  private after = new Map<number, number>()
  /** For each index, the next required one from there on; and members with an end from there on. */
  private readonly nextRequired: Int32Array
  private readonly following: Int32Array

  /** @param ends whether a part has an end */
  constructor(
    private readonly node: MembersNode,
    ends: (index: number) => boolean,
    restEnds: boolean,
  ) {
    const { members } = node
    this.hasRest = restEnds
    this.nextRequired = new Int32Array(members.length + 1).fill(members.length)
    this.following = new Int32Array(members.length + 1)
    for (let index = members.length - 1; index >= 0; index--) {
      this.nextRequired[index] = members[index]!.required ? index : this.nextRequired[index + 1]!
      this.following[index] = this.following[index + 1]! + (ends(index) ? 1 : 0)
    }
    this.begin()
  }

  /** The set after one more member; the index of those that are not named is -1. */
  with(id: number, index: number): number {
    const width = this.node.members.length + 1
    const known = this.after.get(id * width + index + 1)
    if (known !== undefined) return known
    const made = this.made(this.sets[id]!, index)
    this.after.set(id * width + index + 1, made)
    return made
  }

  mayEnd(id: number): boolean {
    const { count, missing } = this.sets[id]!
    return missing === 0 && count >= this.node.min
  }

  /** Whether a named member may come next. */
  isOpen(id: number, index: number): boolean {
    const { used, last, count, missing } = this.sets[id]!
    const { ordered, members, min, max } = this.node
    if (this.following[index] === this.following[index + 1]) return false
    if (count + 1 + missing - (members[index]!.required ? 1 : 0) > max) return false
    if (!ordered) return (used[index >> 5]! & (1 << (index & 31))) === 0
    // As many have to follow as there must be at least.
    if (!this.hasRest && count + 1 + this.following[index + 1]! < min) return false
    return index > last && index <= this.nextRequired[last + 1]!
  }

  /** The first of these, which rise, that may come next; -1 for none. */
  firstOpen(id: number, indices: ArrayLike<number>): number {
    for (let i = this.node.ordered ? firstAbove(indices, this.sets[id]!.last) : 0; i < indices.length; i++) {
      if (this.isOpen(id, indices[i]!)) return i
      if (this.node.ordered && indices[i]! > this.nextRequired[this.sets[id]!.last + 1]!) return -1
    }
    return -1
  }

  restIsOpen(id: number): boolean {
    const { count, missing } = this.sets[id]!
    if (!this.hasRest || count + 1 + missing > this.node.max) return false
    return !this.node.ordered || missing === 0
  }

  mayGoOn(id: number): boolean {
    if (this.restIsOpen(id)) return true
    const { length } = this.node.members
    for (let index = this.node.ordered ? this.sets[id]!.last + 1 : 0; index < length; index++)
      if (this.isOpen(id, index)) return true
    return false
  }

  /** Forgets all but these; returns their new numbers. */
  trim(live: readonly number[]): Map<number, number> {
    const kept = live.map((id) => [id, this.sets[id]!] as const)
    this.begin()
    return new Map(kept.map(([id, set]) => [id, this.idOf(set)]))
  }

  get bytes(): number {
    return this.sets.length * (200 + this.node.members.length / 4) + this.after.size * 40
  }

  private begin(): void {
    const { members } = this.node
    this.sets = []
    this.ids = new Map()
    this.after = new Map()
    const missing = members.filter((member) => member.required).length
    this.idOf({ used: new Int32Array(this.node.ordered ? 0 : (members.length + 31) >> 5), last: -1, count: 0, missing })
  }

  private made({ used, last, count, missing }: UsedSet, index: number): number {
    const { ordered, members, max, min } = this.node
    const counted = max === Infinity ? Math.min(count + 1, min) : count + 1
    if (index < 0) return this.idOf({ used, last: ordered ? members.length - 1 : last, count: counted, missing })
    const bits = used.slice()
    if (!ordered) bits[index >> 5]! |= 1 << (index & 31)
    return this.idOf({
      used: bits,
      last: ordered ? index : -1,
      count: counted,
      missing: missing - (members[index]!.required ? 1 : 0),
    })
  }

  private idOf(set: UsedSet): number {
    const key = `${set.used.join()};${set.last};${set.count}`
    let id = this.ids.get(key)
    if (id === undefined) {
      id = this.sets.length
      this.ids.set(key, id)
      this.sets.push(set)
    }
    return id
  }
}

function firstAbove(indices: ArrayLike<number>, least: number): number {
  let from = 0
  for (let to = indices.length; from < to;) {
    const middle = (from + to) >> 1
    if (indices[middle]! > least) to = middle
    else from = middle + 1
  }
  return from
}
