import { hasOwnRows, memoryOf, type Buffer, type Call } from './calls.js'

/** Bytes that a call touches; `own`: only the rows that belong to the thread that runs it, as this key divides the bytes. */
interface Access {
  readonly start: number
  readonly end: number
  readonly own: string | undefined
}

/**
 * True where a call must wait for all threads: it touches bytes that one since the last barrier wrote, or writes bytes that
 * one read, and not both of them only rows that are the thread's own.
 */
export class HazardTracker {
  private written: Access[] = []
  private read: Access[] = []
  private readonly states = new Map<string, number>()

  constructor(private readonly rangeOf: (buffer: Buffer) => [number, number]) {}

  needsBarrier(call: Call): boolean {
    const reads = memoryOf(call.reads).map((b) => this.access(call, b))
    const writes = memoryOf(call.writes).map((b) => this.access(call, b))
    const hit = collide(reads, this.written) || collide(writes, this.written) || collide(writes, this.read)
    if (hit) this.reset()
    this.read.push(...reads)
    this.written.push(...writes)
    return hit
  }

  reset(): void {
    this.read = []
    this.written = []
  }

  private access(call: Call, b: Buffer | string): Access {
    if (typeof b !== 'string') {
      const [start, end] = this.rangeOf(b)
      const own = hasOwnRows(call.kernel) && b.rows === call.rows && b.multiple === call.multiple
      return { start, end, own: own ? `${start} ${b.rowBytes} ${b.rows} ${b.multiple}` : undefined }
    }
    // Cache states have no address here; each gets a negative range of its own.
    const index = this.states.get(b) ?? this.states.size
    this.states.set(b, index)
    return { start: -1 - index, end: -index, own: undefined }
  }
}

function collide(a: readonly Access[], b: readonly Access[]): boolean {
  return a.some((x) => b.some((y) => x.start < y.end && y.start < x.end && (!x.own || x.own !== y.own)))
}
