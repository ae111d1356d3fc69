/** Pieces that are being read or packed at a time; Node reads on four threads. */
export const SLOTS = 3

/** While one piece is packed, the next ones are read, each into a slot of its own. */
export class ReadAhead {
  private readonly slots = Array.from({ length: SLOTS }, () => Promise.resolve())
  private next = 0

  /** Begins `work` as soon as there is a slot, in the order of these calls. @throws what earlier work in the slot threw. */
  async add(work: (slot: number) => Promise<void>): Promise<void> {
    const slot = this.next++ % SLOTS
    await this.slots[slot]
    const done = work(slot)
    // Whoever takes the slot next, or end, hears of it.
    done.catch(() => undefined)
    this.slots[slot] = done
  }

  /** When all work is done. @throws what it threw. */
  async end(): Promise<void> {
    await Promise.all(this.slots)
  }
}
