/**
 * What texts of a few bytes cannot tell apart: counts that are far from both of their bounds. One mask does for all states that
 * differ in such counts only.
 */
import type { Machine } from './machine.js'
import { BOTTOM } from './stacks.js'
import * as ops from './states.js'

const UNKNOWN = -1

export class Far {
  /** By set, and by stack. */
  private sets = new Int32Array(64).fill(UNKNOWN)
  private readonly stacks = new Map([[BOTTOM, BOTTOM]])

  /** @param reach bytes of the longest text */
  constructor(
    private readonly machine: Machine,
    private readonly reach: number,
  ) {}

  /** One of the sets that no such text tells apart from this one, always the same; itself where counts play no part. */
  of(set: number): number {
    if (set >= this.sets.length) {
      const sets = new Int32Array(Math.max(this.sets.length * 2, set + 1)).fill(UNKNOWN)
      sets.set(this.sets)
      this.sets = sets
    }
    const known = this.sets[set]!
    return known === UNKNOWN ? (this.sets[set] = this.found(set)) : known
  }

  private found(set: number): number {
    const { machine } = this
    const list = machine.configurationsOf(set)
    let same = true
    for (let i = 1; i < list.length; i += 2) {
      const stack = this.stackOf(list[i]!)
      if (stack === list[i]) continue
      list[i] = stack
      same = false
    }
    return same ? set : machine.setOf(list, machine.accepts(set))
  }

  /** Without recursion: stacks may be deep. */
  private stackOf(stack: number): number {
    const missing = this.machine.stacks.reachedFrom([stack], (at) => this.stacks.has(at))
    for (const at of missing) this.stacks.set(at, this.made(at))
    return this.stacks.get(stack)!
  }

  private made(stack: number): number {
    const { stacks } = this.machine
    const of = (other: number) => this.stacks.get(other)!
    return stacks.isUnion(stack)
      ? stacks.union([...new Set(stacks.partsOf(stack).map(of))].sort((a, b) => a - b))
      : stacks.push(stacks.ownerOf(stack), this.countOf(stack), of(stacks.under(stack)))
  }

  /** A round takes a byte at least, unless it may be nothing. */
  private countOf(frame: number): number {
    const { net, stacks } = this.machine
    const count = stacks.countOf(frame)
    const owner = stacks.ownerOf(frame)
    // Frames of calls have no count.
    if (count < 0 || net.states.ops[owner] !== ops.LOOP) return count
    const { min, max, idle } = net.loops[net.states.values[owner]!]!
    if (idle || max - count <= this.reach) return count
    const least = Math.max(min, 1)
    return count >= least ? least : min - count > this.reach ? 1 : count
  }
}
