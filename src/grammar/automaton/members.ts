/** Which members of a list were written, and which may come next. */
import type { MembersNode } from '../syntax/nodes.js'

interface UsedSet {
  /** Indices, rising. In order, only the last matters. */
  readonly used: readonly number[]
  readonly last: number
  readonly count: number
  /** Required members that were not written. */
  readonly missing: number
}

/** Sets of members by numbers: 0 is none. */
export class UsedSets {
  private readonly sets: UsedSet[] = []
  private readonly ids = new Map<string, number>()

  /** @param ends whether each member has an end */
  constructor(
    private readonly node: MembersNode,
    private readonly ends: readonly boolean[],
    readonly hasRest: boolean,
  ) {
    const missing = node.members.filter((member) => member.required).length
    this.idOf({ used: [], last: -1, count: 0, missing })
  }

  /** The set after one more member; the index of those that are not named is -1. */
  with(id: number, index: number): number {
    const { used, last, count, missing } = this.sets[id]!
    const { ordered, members, max, min } = this.node
    const counted = max === Infinity ? Math.min(count + 1, min) : count + 1
    if (index < 0) return this.idOf({ used, last: ordered ? members.length : last, count: counted, missing })
    return this.idOf({
      used: ordered ? [] : [...used, index].sort((x, y) => x - y),
      last: index,
      count: counted,
      missing: missing - (members[index]!.required ? 1 : 0),
    })
  }

  mayEnd(id: number): boolean {
    const { count, missing } = this.sets[id]!
    return missing === 0 && count >= this.node.min
  }

  /** The named members that may come next. */
  open(id: number): number[] {
    const set = this.sets[id]!
    return this.node.ordered ? this.openInOrder(set) : this.openInAnyOrder(set)
  }

  restOpen(id: number): boolean {
    const { count, missing } = this.sets[id]!
    if (!this.hasRest || count + 1 + missing > this.node.max) return false
    return !this.node.ordered || missing === 0
  }

  mayGoOn(id: number): boolean {
    return this.restOpen(id) || this.open(id).length > 0
  }

  private openInAnyOrder({ used, count, missing }: UsedSet): number[] {
    const { members, max } = this.node
    const others = count + 1 + missing <= max
    const taken = new Set(used)
    const open: number[] = []
    members.forEach(({ required }, index) => {
      if (this.ends[index] && !taken.has(index) && (required ? count < max : others)) open.push(index)
    })
    return open
  }

  /** Up to the next required member; as many have to follow as there must be at least. */
  private openInOrder({ last, count, missing }: UsedSet): number[] {
    const { members, min, max } = this.node
    const open: number[] = []
    let following = 0
    for (let index = last + 1; index < members.length; index++) if (this.ends[index]) following++
    for (let index = last + 1; index < members.length; index++) {
      const required = members[index]!.required
      if (this.ends[index]) {
        following--
        const enough = this.hasRest || count + 1 + following >= min
        if (enough && count + 1 + missing - (required ? 1 : 0) <= max) open.push(index)
      }
      if (required) break
    }
    return open
  }

  private idOf(set: UsedSet): number {
    const key = `${this.node.ordered ? set.last : set.used.join()};${set.count}`
    let id = this.ids.get(key)
    if (id === undefined) {
      id = this.sets.length
      this.ids.set(key, id)
      this.sets.push(set)
    }
    return id
  }
}
