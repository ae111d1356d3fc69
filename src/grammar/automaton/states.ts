/** States of a network, in flat arrays: what each does, with a value, the state after it, and the frames that an end needs. */
import { grown } from './table.js'

/** What a state does. `value` and `next` of the state mean: */
export const RETURN = 0 // back to the frame on top
export const BYTES = 1 // list `value`: a byte of one of its ranges (from, to, state after it, ...)
export const SPLIT = 2 // continues as every state of list `value`
export const CALL = 3 // rule `value`, then `next`
export const LOOP = 4 // begins loop `value`, then `next`
export const LOOP_END = 5 // after the body of the loop on top
export const LANGUAGE = 6 // begins language `value`, at state `next`
export const LANGUAGE_RUN = 7 // within language `value` on top, then `next`
export const MEMBERS = 8 // begins members `value`, then `next`
export const MEMBER_END = 9 // after the member `value` of the members on top; -1 for one without a name
export const MEMBER_PICK = 10 // after a separator of the members on top
export const MEMBER_TEXTS = 11 // within the texts `value` that members begin with
export const LATER = 12 // part `value`, not made yet, then `next`
export const TEXTS = 13 // texts `value`, not made yet, then `next`
export const TEXT = 14 // within text `value`, then `next`

export class States {
  size = 0
  ops = new Uint8Array(64)
  values = new Int32Array(64)
  nexts = new Int32Array(64)
  /** Frames that are pushed at least until the rule, or the body on top, has ended. */
  needs = new Int32Array(64)
  private readonly lists: (readonly number[])[] = []
  private listBytes = 0

  add(op: number, value: number, next: number, need: number): number {
    const state = this.size++
    if (state === this.ops.length) this.grow()
    this.ops[state] = op
    this.values[state] = value
    this.nexts[state] = next
    this.needs[state] = need
    return state
  }

  addBytes(edges: readonly number[]): number {
    let need = Infinity
    for (let i = 2; i < edges.length; i += 3) need = Math.min(need, this.needs[edges[i]!]!)
    return this.addList(BYTES, edges, need)
  }

  addSplit(to: readonly number[]): number {
    return this.addList(
      SPLIT,
      to,
      to.reduce((least, state) => Math.min(least, this.needs[state]!), Infinity),
    )
  }

  /** `state` does from now on what these do, and waits for these bytes. */
  become(state: number, to: readonly number[], edges: readonly number[] = []): void {
    const all = to.length > 0 && edges.length > 0 ? [...to, this.addBytes(edges)] : to
    this.ops[state] = all.length > 0 ? SPLIT : BYTES
    this.values[state] = this.newList(all.length > 0 ? all : edges)
  }

  listOf(state: number): readonly number[] {
    return this.lists[this.values[state]!]!
  }

  get bytes(): number {
    return this.ops.length * 13 + this.listBytes
  }

  private newList(list: readonly number[]): number {
    this.listBytes += 40 + list.length * 8
    return this.lists.push(list) - 1
  }

  private addList(op: number, list: readonly number[], need: number): number {
    return this.add(op, this.newList(list), RETURN, need === Infinity ? 0 : need)
  }

  private grow(): void {
    const ops = new Uint8Array(this.ops.length * 2)
    ops.set(this.ops)
    this.ops = ops
    this.values = grown(this.values)
    this.nexts = grown(this.nexts)
    this.needs = grown(this.needs)
  }
}
