/** Sets of configurations, kept once each, and which set each byte leads to. Most sets lead on by one range of bytes only. */
import { grown } from './table.js'

export const DEAD = 0
/** In place of a set: not asked for yet. */
export const UNKNOWN = -1
/** In place of a row: none yet, or the one range of bytes that leads on. */
const NO_ROW = -1
const ONE_RANGE = -2

const ROOM = 32
/** Numbers of many rows. */
const LARGE = 2 ** 17

export class Sets {
  size = 0
  private pool = new Int32Array(ROOM)
  /** Where each set begins in the pool; set n ends where set n + 1 begins. */
  private starts = new Int32Array(ROOM + 1)
  private accepting = new Uint8Array(ROOM)
  private slots = new Int32Array(ROOM * 2).fill(-1)
  /** Where the set's row begins in `nexts`; below 0: NO_ROW, ONE_RANGE. */
  private rows = new Int32Array(ROOM)
  /** Of ONE_RANGE: first class and last class << 8, and the set after them. */
  private ranges = new Int32Array(ROOM)
  private ranged = new Int32Array(ROOM)
  private nexts: Int32Array<ArrayBuffer>
  private rowsEnd = 0

  /** @param classes of bytes */
  constructor(private readonly classes: number) {
    this.nexts = new Int32Array(classes * 8)
    this.idOf([], false)
  }

  /** The number of a set. @param members rising */
  idOf(members: readonly number[], accepts: boolean): number {
    const wrap = this.slots.length - 1
    let slot = hash(members, accepts) & wrap
    for (let id = this.slots[slot]!; id >= 0; id = this.slots[slot]!) {
      if (this.isSame(id, members, accepts)) return id
      slot = (slot + 1) & wrap
    }
    const id = this.add(members, accepts)
    this.slots[slot] = id
    if (this.size * 2 > this.slots.length) this.rehash()
    return id
  }

  accepts(set: number): boolean {
    return this.accepting[set] === 1
  }

  lengthOf(set: number): number {
    return this.starts[set + 1]! - this.starts[set]!
  }

  member(set: number, index: number): number {
    return this.pool[this.starts[set]! + index]!
  }

  membersOf(set: number): Int32Array {
    return this.pool.subarray(this.starts[set], this.starts[set + 1])
  }

  /** The set after a class of bytes, or UNKNOWN. */
  next(set: number, byteClass: number): number {
    const row = this.rows[set]!
    if (row >= 0) return this.nexts[row + byteClass]!
    if (row === NO_ROW) return UNKNOWN
    const range = this.ranges[set]!
    return byteClass < (range & 0xff) || byteClass > range >> 8 ? DEAD : this.ranged[set]!
  }

  hasRow(set: number): boolean {
    return this.rows[set] !== NO_ROW
  }

  isRange(set: number): boolean {
    return this.rows[set] === ONE_RANGE
  }

  /** Only bytes of these classes lead on, all to the same set. */
  setRange(set: number, from: number, to: number): void {
    this.rows[set] = ONE_RANGE
    this.ranges[set] = from | (to << 8)
    this.ranged[set] = UNKNOWN
  }

  setNext(set: number, byteClass: number, to: number): void {
    const row = this.rows[set]!
    if (row === ONE_RANGE) this.ranged[set] = to
    else this.nexts[(row === NO_ROW ? this.addRow(set) : row) + byteClass] = to
  }

  get bytes(): number {
    const { pool, starts, slots, nexts } = this
    return (pool.length + starts.length * 4 + slots.length + nexts.length) * 4 + this.accepting.length
  }

  private addRow(set: number): number {
    const row = this.rowsEnd
    this.rowsEnd += this.classes
    if (this.rowsEnd > this.nexts.length) this.growRows()
    this.nexts.fill(UNKNOWN, row, this.rowsEnd)
    return (this.rows[set] = row)
  }

  /** Rows are most of what a grammar takes: where they are many, room for a quarter more is added and not for as many again. */
  private growRows(): void {
    const nexts = new Int32Array(Math.ceil(this.nexts.length * (this.nexts.length < LARGE ? 2 : 1.25)))
    nexts.set(this.nexts)
    this.nexts = nexts
  }

  private add(members: readonly number[], accepts: boolean): number {
    const id = this.size++
    if (id === this.rows.length) this.grow()
    const start = this.starts[id]!
    const end = start + members.length
    if (end > this.pool.length) this.pool = grown(this.pool, end)
    this.pool.set(members, start)
    this.starts[id + 1] = end
    this.accepting[id] = accepts ? 1 : 0
    this.rows[id] = NO_ROW
    return id
  }

  private grow(): void {
    this.starts = grown(this.starts)
    this.rows = grown(this.rows)
    this.ranges = grown(this.ranges)
    this.ranged = grown(this.ranged)
    const accepting = new Uint8Array(this.rows.length)
    accepting.set(this.accepting)
    this.accepting = accepting
  }

  private isSame(id: number, members: readonly number[], accepts: boolean): boolean {
    const start = this.starts[id]!
    if (this.starts[id + 1]! - start !== members.length || (this.accepting[id] === 1) !== accepts) return false
    for (let i = 0; i < members.length; i++) if (this.pool[start + i] !== members[i]) return false
    return true
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const wrap = slots.length - 1
    for (let id = 0; id < this.size; id++) {
      let slot = hash(this.membersOf(id), this.accepts(id)) & wrap
      while (slots[slot]! >= 0) slot = (slot + 1) & wrap
      slots[slot] = id
    }
    this.slots = slots
  }
}

function hash(members: ArrayLike<number>, accepts: boolean): number {
  let mixed = accepts ? 1 : 0
  for (let i = 0; i < members.length; i++) mixed = Math.imul(mixed ^ members[i]!, 0x9e3779b1) ^ (mixed >>> 13)
  return mixed ^ (mixed >>> 16)
}
