/** Pieces that are being read or packed at a time; Node reads on four threads. */
export const STAGING_BUFFERS = 3

/** While one piece is packed, the next ones are read, each into a staging buffer of its own. */
export class StagingQueue {
  private readonly buffers = Array.from({ length: STAGING_BUFFERS }, () => Promise.resolve())
  private next = 0

  /** Begins `work` as soon as a buffer is free, in the order of these calls. @throws what earlier work in the buffer threw. */
  async add(work: (buffer: number) => Promise<void>): Promise<void> {
    const buffer = this.next++ % STAGING_BUFFERS
    await this.buffers[buffer]
    const done = work(buffer)
    // Whoever takes the buffer next, or end, gets the error.
    done.catch(() => undefined)
    this.buffers[buffer] = done
  }

  /** When all work is done. @throws what it threw. */
  async end(): Promise<void> {
    await Promise.all(this.buffers)
  }
}
