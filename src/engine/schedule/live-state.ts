import { invariant } from '../../errors.js'
import type { PrefixNode } from './prefix-tree.js'
import type { SlotPool } from './slots.js'

/** The recurrent states of a timeline: its slot, and the snapshot from which they are to go on. */
export class LiveState {
  private slotId: number | undefined
  /** Not copied to the slot yet. */
  private origin: PrefixNode | undefined

  constructor(private readonly pool: SlotPool) {}

  get held(): boolean {
    return this.slotId !== undefined
  }

  get slot(): number {
    invariant(this.slotId !== undefined && !this.origin, 'recurrent states are not there yet')
    return this.slotId
  }

  /** From now on the states are those behind `node`, of which there is a snapshot, or those of position 0. */
  goBack(node: PrefixNode | undefined): void {
    if (node) this.pool.use(node)
    this.dropOrigin()
    this.origin = node
  }

  /** Has them ready for a step. Between steps. @throws UserError out_of_memory. */
  async prepare(): Promise<void> {
    this.slotId ??= await this.pool.take()
    if (!this.origin) return
    this.pool.restore(this.origin, this.slotId)
    this.origin = undefined
  }

  /** Keeps a snapshot of the states, which are those behind `node`. Between steps. */
  async save(node: PrefixNode): Promise<void> {
    if (this.slotId !== undefined && !this.origin) await this.pool.save(node, this.slotId)
  }

  give(): void {
    this.dropOrigin()
    if (this.slotId !== undefined) this.pool.give(this.slotId)
    this.slotId = undefined
  }

  private dropOrigin(): void {
    if (this.origin) this.pool.release(this.origin)
    this.origin = undefined
  }
}
