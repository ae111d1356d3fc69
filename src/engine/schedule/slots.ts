import type { Runner } from '../../backends/backend.js'
import { UserError } from '../../errors.js'
import type { PrefixNode } from './prefix-tree.js'

/** How many slots there may be. */
export interface SlotLimit {
  /** Beyond this many, snapshots are given up for running requests. */
  readonly slots: number
  /** Whether running requests end at the limit too. */
  readonly hard: boolean
}

interface Snapshot {
  readonly slot: number
  /** Sequences that will continue from it. */
  users: number
}

/**
 * Hands out a runner's slots of recurrent states. A sequence that runs has one; the others hold snapshots: the states at the end of a
 * full cache page of the prefix tree, from which a sequence with the same beginning can continue. A recurrent state cannot
 * go back, so without a snapshot there is only position 0. Snapshots are bounded; the one used least recently goes first.
 */
export class SlotPool {
  private readonly free: number[] = []
  private reserved = 0
  /** In order of last use. */
  private readonly snapshots = new Map<PrefixNode, Snapshot>()

  constructor(
    private readonly runner: Pick<Runner, 'reserveSlots' | 'copySlot'>,
    private readonly limit: SlotLimit,
  ) {}

  /** Slots that exist. */
  get size(): number {
    return this.reserved
  }

  /** Slots that no sequence runs in. */
  get freeCount(): number {
    return this.free.length + this.snapshots.size
  }

  /** A slot for a running sequence. Between steps. @throws UserError out_of_memory. */
  async take(): Promise<number> {
    const slot = await this.spare()
    if (slot !== undefined) return slot
    if (this.limit.hard) {
      const held = `the cache may hold the recurrent states of ${this.limit.slots} sequences, and all run`
      throw new UserError(`out of memory: ${held}`, 'out_of_memory', {
        remedies: [{ option: 'cacheMemory', change: 'raise' }, { advice: 'fewer requests at a time' }],
      })
    }
    return this.reserve()
  }

  give(slot: number): void {
    this.free.push(slot)
  }

  /** Between steps. */
  copy(from: number, to: number): void {
    this.runner.copySlot(from, to)
  }

  /** Whether a sequence could continue after this page. */
  has(node: PrefixNode): boolean {
    return this.snapshots.has(node)
  }

  /** Keeps what `slot` holds as the states after `node`, if there is room or an older snapshot to give up. Between steps. */
  async save(node: PrefixNode, slot: number): Promise<void> {
    if (this.snapshots.has(node)) return
    const copy = await this.spare()
    if (copy === undefined) return
    this.runner.copySlot(slot, copy)
    this.snapshots.set(node, { slot: copy, users: 0 })
  }

  /** The snapshot after `node` stays until {@link restore} or {@link release}. */
  use(node: PrefixNode): void {
    const snapshot = this.snapshots.get(node)!
    snapshot.users++
    this.snapshots.delete(node)
    this.snapshots.set(node, snapshot)
  }

  /** Ends a use by copying the snapshot to `slot`. */
  restore(node: PrefixNode, slot: number): void {
    this.runner.copySlot(this.snapshots.get(node)!.slot, slot)
    this.release(node)
  }

  release(node: PrefixNode): void {
    this.snapshots.get(node)!.users--
  }

  /** The page after which the snapshot was is gone. */
  forget(node: PrefixNode): void {
    const snapshot = this.snapshots.get(node)
    if (!snapshot) return
    this.snapshots.delete(node)
    this.give(snapshot.slot)
  }

  private async reserve(): Promise<number> {
    await this.runner.reserveSlots(this.reserved + 1)
    return this.reserved++
  }

  /** A slot that costs no running sequence anything: free, new below the limit, or that of the oldest snapshot. */
  private async spare(): Promise<number | undefined> {
    if (this.free.length > 0) return this.free.pop()
    if (this.reserved < this.limit.slots) {
      try {
        return await this.reserve()
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'out_of_memory') throw error
      }
    }
    for (const [node, { slot, users }] of this.snapshots)
      if (users === 0) {
        this.snapshots.delete(node)
        return slot
      }
    return undefined
  }
}
