import { PAGE_SIZE } from '../../backends/backend.js'
import { invariant } from '../../errors.js'
import type { PageTable } from './page-table.js'
import type { PrefixNode } from './prefix-tree.js'
import type { SlotPool } from './slots.js'

/** A snapshot of recurrent states is kept every so many positions of a long sequence. */
const SNAPSHOT_DISTANCE = 16 * PAGE_SIZE

/**
 * The recurrent states of a sequence: its slot, and the snapshot from which they are to continue. They are those of the last
 * computed token and go back only to snapshots, which are kept at the ends of some full pages, and to where a trial began.
 */
export class RecurrentStates {
  private slotId: number | undefined
  /** Not copied to the slot yet. */
  private origin: PrefixNode | undefined
  /** A slot with the states as they were before tokens that may be wrong, and where that was. */
  private copyId: number | undefined
  private copyAt: number | undefined
  /** Where a snapshot is to be kept when this position is reached. */
  private landmark: number | undefined

  constructor(
    private readonly pool: SlotPool,
    private readonly pages: PageTable,
  ) {}

  get held(): boolean {
    return this.slotId !== undefined
  }

  get slot(): number {
    invariant(this.slotId !== undefined && !this.origin, 'recurrent states are not there yet')
    return this.slotId
  }

  /**
   * Has them ready for a step from `computed` on. While no step is in flight.
   * @param isTrial some of its tokens may be wrong: the states are kept as they are, too
   * @throws UserError out_of_memory
   */
  async allocate(computed: number, isTrial: boolean): Promise<void> {
    this.slotId ??= await this.pool.take()
    if (this.origin) {
      this.pool.restore(this.origin, this.slotId)
      this.origin = undefined
    }
    if (!isTrial || this.copyAt === computed) return
    this.copyId ??= await this.pool.take()
    this.pool.copy(this.slotId, this.copyId)
    this.copyAt = computed
  }

  free(): void {
    this.dropOrigin()
    for (const id of [this.slotId, this.copyId]) if (id !== undefined) this.pool.give(id)
    this.slotId = this.copyId = this.copyAt = undefined
  }

  /** Goes back to `length`, or to the last place before of which the states are kept; returns it. */
  goBack(length: number): number {
    const snapshot = this.snapshotBefore(length)
    if (this.copyAt === undefined || this.copyAt > length || this.copyAt < snapshot) {
      this.goOnFrom(this.pages.nodeBefore(snapshot))
      return snapshot
    }
    const position = this.copyAt
    this.dropOrigin()
    ;[this.slotId, this.copyId] = [this.copyId, this.slotId]
    this.copyAt = undefined
    return position
  }

  private snapshotBefore(length: number): number {
    let position = Math.min(this.pages.sharedTokens, Math.floor(length / PAGE_SIZE) * PAGE_SIZE)
    while (position > 0 && !this.pool.has(this.pages.nodeBefore(position)!)) position -= PAGE_SIZE
    return position
  }

  /** From now on the states are those at the end of `node`, of which there is a snapshot, or those of position 0. */
  goOnFrom(node: PrefixNode | undefined): void {
    if (node) this.pool.use(node)
    this.dropOrigin()
    this.origin = node
    this.copyAt = undefined
  }

  /** Position of the last snapshot that others keep for the first `count` of `tokens`, after the shared pages; 0 without. */
  lastSnapshot(tokens: readonly number[], count: number): number {
    let last = 0
    let end = this.pages.sharedTokens
    for (const node of this.pages.findShared(tokens, count)) {
      end += PAGE_SIZE
      if (this.pool.has(node)) last = end
    }
    return last
  }

  /** How many of the next `count` tokens a step may take: it ends where a snapshot is wanted. */
  stepUpTo(count: number, computed: number, length: number): number {
    this.landmark = nextLandmark(computed, length)
    return this.landmark === undefined ? count : Math.min(count, this.landmark - computed)
  }

  /** Keeps a snapshot where one is wanted. While no step is in flight. */
  async save(computed: number): Promise<void> {
    if (computed !== this.landmark) return
    this.landmark = undefined
    const node = this.pages.nodeBefore(computed)
    if (node && this.slotId !== undefined && !this.origin) await this.pool.save(node, this.slotId)
  }

  private dropOrigin(): void {
    if (this.origin) this.pool.release(this.origin)
    this.origin = undefined
  }
}

/**
 * Where the next snapshot of `length` tokens is wanted: at the end of the last full page before the last token, and every so
 * often before.
 */
export function nextLandmark(computed: number, length: number): number | undefined {
  const distant = landmarkBefore(computed) + SNAPSHOT_DISTANCE
  const last = Math.floor((length - 1) / PAGE_SIZE) * PAGE_SIZE
  const next = last > computed ? Math.min(last, distant) : distant
  return next <= length ? next : undefined
}

/** The landmark of long sequences that is at `computed` or before it. */
export function landmarkBefore(computed: number): number {
  return Math.floor(computed / SNAPSHOT_DISTANCE) * SNAPSHOT_DISTANCE
}
