/** All files of a pull over a few connections: the largest first, each lane where there is something to do. */
import { UserError } from '../../errors.js'
import type { ListedFile } from '../listing.js'
import { throwIfAborted } from '../network/patience.js'
import { OpenFile, type Transfer } from './open-file.js'
import { fetchRun } from './range.js'
import { fetchStream, fetchWhole, isFetchedWhole, wrongBytes } from './whole.js'

/** A file and the name that its bytes get. */
export interface Wanted {
  readonly file: ListedFile
  readonly blob: string
}

/** Two files of the same bytes are one blob. */
export function distinct(wanted: readonly Wanted[]): Wanted[] {
  return [...new Map(wanted.map((one) => [one.blob, one])).values()]
}

/** How often one looks whether somebody else has done with a file. */
const LOOK_MS = 200
/** A file whose hash is wrong is fetched again so often. */
const WRONG_HASHES = 3

interface Entry extends Wanted {
  state: 'idle' | 'busy' | 'open' | 'elsewhere' | 'done'
  open?: OpenFile
  lock?: { release(): Promise<void> }
  /** Runs that lanes are at. */
  running: number
  wrong: number
}

/**
 * Fetches files to the disk, each checked before it gets its name.
 * @throws UserError of the first that fails; what came of all is kept
 */
export async function fetchFiles(wanted: readonly Wanted[], lanes: number, transfer: Transfer): Promise<void> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const { signal } = transfer.network
  signal?.addEventListener('abort', stop, { once: true })
  const network = { ...transfer.network, signal: controller.signal }
  const queue = new Queue(wanted, lanes, { ...transfer, network })
  try {
    throwIfAborted(signal)
    const working = Array.from({ length: lanes }, () => queue.lane().catch((error: unknown) => queue.fail(error, stop)))
    await Promise.all(working)
    throwIfAborted(signal)
    if (queue.failure !== undefined) throw queue.failure
  } finally {
    signal?.removeEventListener('abort', stop)
    await queue.close()
  }
}

class Queue {
  private readonly entries: Entry[]
  /** Lanes that wait for a change. */
  private wakers: (() => void)[] = []
  failure: Error | undefined

  constructor(
    wanted: readonly Wanted[],
    private readonly lanes: number,
    private readonly transfer: Transfer,
  ) {
    const entries = wanted.map((one): Entry => ({ ...one, state: 'idle', running: 0, wrong: 0 }))
    this.entries = entries.sort((a, b) => b.file.size - a.file.size)
  }

  /** The first failure is the one that is told: the others follow from it. */
  fail(error: unknown, stop: () => void): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error))
    stop()
    this.wake()
  }

  async lane(): Promise<void> {
    for (;;) {
      throwIfAborted(this.transfer.network.signal)
      const open = this.entries.find((entry) => entry.state === 'open' && entry.open?.pieces.hasMissing)
      const idle = open ? undefined : this.entries.find(({ state }) => state === 'idle')
      if (open?.open) await this.run(open, open.open)
      else if (idle) await this.begin(idle)
      else if (this.entries.every(({ state }) => state === 'done')) return
      else await this.change()
    }
  }

  private async run(entry: Entry, open: OpenFile): Promise<void> {
    const run = open.pieces.take(this.lanes)
    if (!run) return
    entry.running++
    try {
      await fetchRun(open, run, this.transfer)
    } finally {
      entry.running--
    }
    if (open.pieces.isWhole && entry.running === 0) await this.finish(entry, open)
  }

  /** Opens a file, unless it is there or somebody else fetches it. */
  private async begin(entry: Entry): Promise<void> {
    const { disk, meter } = this.transfer
    entry.state = 'busy'
    const { file, blob } = entry
    if (await this.isThere(entry)) return this.done(entry, true)
    const lock = await disk.lock(blob)
    if (!lock) {
      entry.state = 'elsewhere'
      meter.say('waiting')
      return
    }
    entry.lock = lock
    // Whoever held the lock may have finished it.
    if (await this.isThere(entry)) return this.done(entry, true)
    meter.say('transfer')
    if (isFetchedWhole(file)) {
      await fetchWhole(file, blob, this.transfer)
      return this.done(entry, false)
    }
    const open = new OpenFile(file, await disk.open(blob, file.size), this.transfer)
    entry.open = open
    await open.resume()
    if (file.stream) await fetchStream(open, this.transfer)
    if (open.pieces.isWhole) return this.finish(entry, open)
    entry.state = 'open'
    this.wake()
  }

  private async isThere({ file, blob }: Entry): Promise<boolean> {
    return (await this.transfer.disk.sizeOf(blob)) === file.size
  }

  private async finish(entry: Entry, open: OpenFile): Promise<void> {
    entry.state = 'busy'
    if (await open.finish()) return this.done(entry, false)
    entry.wrong++
    if (entry.wrong === WRONG_HASHES) throw wrongBytes(entry.file)
    this.transfer.meter.tell(`${entry.file.path}: it came damaged; what is wrong of it is fetched again`)
    await this.release(entry)
    entry.state = 'idle'
    this.wake()
  }

  private async done(entry: Entry, wasThere: boolean): Promise<void> {
    await this.release(entry)
    entry.state = 'done'
    this.transfer.meter.end(entry.file.path, entry.file.size, wasThere)
    this.wake()
  }

  private async release(entry: Entry): Promise<void> {
    const { open, lock } = entry
    delete entry.open
    delete entry.lock
    await open?.close()
    await lock?.release()
  }

  private wake(): void {
    for (const waker of this.wakers.splice(0)) waker()
  }

  /** Until another lane has done something, or it is time to look at what others fetch. */
  private async change(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS)
      this.wakers.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
    for (const entry of this.entries) if (entry.state === 'elsewhere') entry.state = 'idle'
  }

  async close(): Promise<void> {
    const open = this.entries.filter((entry) => entry.open ?? entry.lock)
    const closed = await Promise.allSettled(open.map((entry) => this.release(entry)))
    const failed = closed.find((outcome) => outcome.status === 'rejected')
    if (failed && this.failure === undefined && !(failed.reason instanceof UserError)) throw failed.reason
  }
}
