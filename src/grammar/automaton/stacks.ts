/** Stacks of frames, kept once each and shared from below, and unions of stacks. */
import { grown, Table } from './table.js'

/** The stack without a frame. */
export const BOTTOM = 0
/** In place of a frame's owner: its count is the number of a union. */
const UNION = -2

/** A frame is the state of the network that it belongs to, a count, and the stack below. */
export class Stacks {
  private readonly frames = new Table()
  private depths = new Int32Array(64)
  private readonly unions: (readonly number[])[] = []
  private readonly unionIds = new Map<string, number>()
  private unionBytes = 0

  constructor() {
    this.frames.idOf(-1, -1, -1)
  }

  push(owner: number, count: number, under: number): number {
    const { frames } = this
    const before = frames.size
    const stack = frames.idOf(owner, count, under)
    if (stack === before) this.setDepth(stack, this.depths[under]! + 1)
    return stack
  }

  ownerOf(stack: number): number {
    return this.frames.a[stack]!
  }

  countOf(stack: number): number {
    return this.frames.b[stack]!
  }

  under(stack: number): number {
    return this.frames.c[stack]!
  }

  /** Frames; of a union, those of its deepest stack. */
  depthOf(stack: number): number {
    return this.depths[stack]!
  }

  isUnion(stack: number): boolean {
    return this.frames.a[stack] === UNION
  }

  /** The stacks of a union. */
  partsOf(stack: number): readonly number[] {
    return this.unions[this.frames.b[stack]!]!
  }

  /** @param parts no unions, none of them twice, rising */
  union(parts: readonly number[]): number {
    if (parts.length === 1) return parts[0]!
    const key = parts.join()
    let id = this.unionIds.get(key)
    if (id === undefined) {
      id = this.unions.length
      this.unions.push(parts)
      this.unionIds.set(key, id)
      this.unionBytes += parts.length * 16 + 120
    }
    const before = this.frames.size
    const stack = this.frames.idOf(UNION, id, -1)
    if (stack === before)
      this.setDepth(
        stack,
        parts.reduce((most, part) => Math.max(most, this.depths[part]!), 0),
      )
    return stack
  }

  /**
   * All stacks that these are made of, each after those below it: what a frame stands on was there before it.
   * @param isKnown stacks that are left out, with what they are made of
   */
  reachedFrom(stacks: readonly number[], isKnown?: (stack: number) => boolean): number[] {
    const found = new Set<number>()
    const open = [...stacks]
    for (let stack = open.pop(); stack !== undefined; stack = open.pop()) {
      if (stack === BOTTOM || found.has(stack) || isKnown?.(stack)) continue
      found.add(stack)
      if (this.isUnion(stack)) for (const part of this.partsOf(stack)) open.push(part)
      else open.push(this.under(stack))
    }
    return [...found].sort((x, y) => x - y)
  }

  get bytes(): number {
    return this.frames.bytes + this.depths.length * 4 + this.unionBytes
  }

  private setDepth(stack: number, depth: number): void {
    if (stack >= this.depths.length) this.depths = grown(this.depths, stack + 1)
    this.depths[stack] = depth
  }
}
