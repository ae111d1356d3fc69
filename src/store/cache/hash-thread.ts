/**
 * A thread that reads what a pull has written, from the beginning of each file on, and computes its sha256: nothing is left to do
 * at its end. It may be far from what is written last: on a machine with much to do, neither thread waits for the other's turn.
 */
import { nodeThreads, type CryptoModule, type FileModule, type Hash } from '../platform.js'
import type { Trail } from '../transfer/disk.js'

interface Order {
  readonly id: number
  readonly open?: { readonly path: string; readonly size: number }
  /** All bytes before are written. */
  readonly to?: number
  readonly isOver?: boolean
}

interface Outcome {
  readonly id: number
  /** All bytes before are in the hash. */
  readonly at?: number
  readonly digest?: string
  readonly error?: { readonly message: string; readonly code: string | undefined }
}

interface Port {
  on(event: 'message', handler: (order: Order) => void): void
  postMessage(outcome: Outcome): void
}

/** Runs in the thread, from its text: it may name nothing from outside. */
function followFiles(port: Port, fs: FileModule, crypto: CryptoModule): void {
  interface File {
    readonly size: number
    readonly data: number
    readonly hash: Hash
    at: number
  }
  const files = new Map<number, File>()
  const buffer = Buffer.allocUnsafe(1 << 20)
  const advance = (id: number, file: File, to: number): void => {
    while (file.at < to) {
      const count = fs.readSync(file.data, buffer, 0, Math.min(buffer.length, to - file.at), file.at)
      if (count === 0) throw new Error('the file is shorter than what was written to it')
      file.hash.update(buffer.subarray(0, count))
      file.at += count
      port.postMessage({ id, at: file.at })
    }
    if (file.at === file.size) port.postMessage({ id, digest: file.hash.digest('hex') })
  }
  const opened = ({ path, size }: NonNullable<Order['open']>): File => ({
    size,
    data: fs.openSync(path, 'r'),
    hash: crypto.createHash('sha256'),
    at: 0,
  })
  const obey = ({ id, open, to, isOver }: Order): void => {
    if (open) files.set(id, opened(open))
    const file = files.get(id)
    if (!file) return
    if (to !== undefined) advance(id, file, to)
    if (isOver !== true) return
    files.delete(id)
    fs.closeSync(file.data)
  }
  port.on('message', (order) => {
    try {
      obey(order)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
      port.postMessage({ id: order.id, error: { message, code } })
    }
  })
}

/** What is written but not hashed: read again soon enough, it is still in the system's page cache. */
const MOST_UNREAD = 64 << 20

/** A file that the thread follows. */
export class Follower implements Trail {
  private asked = 0
  private at = 0
  private text: string | undefined
  private failure: Error | undefined
  private wakers: (() => void)[] = []

  constructor(private readonly thread: { post(order: Omit<Order, 'id'>): void; hold(): void; free(): void }) {}

  advance(to: number): void {
    this.asked = to
    this.thread.post({ to })
  }

  /** While the thread has much to read. @throws what went wrong there */
  async room(): Promise<void> {
    if (this.failure) throw this.failure
    if (this.asked - this.at > MOST_UNREAD) await this.until(() => this.asked - this.at <= MOST_UNREAD)
  }

  async digest(): Promise<string> {
    await this.until(() => this.text !== undefined)
    return this.text ?? ''
  }

  close(): void {
    this.thread.post({ isOver: true })
  }

  hear({ at, digest, error }: Omit<Outcome, 'id'>): void {
    this.at = at ?? this.at
    this.text ??= digest
    if (error) this.failure ??= Object.assign(new Error(error.message), { code: error.code })
    for (const wake of this.wakers.splice(0)) wake()
  }

  private async until(isSo: () => boolean): Promise<void> {
    // While somebody waits, the process must not end.
    this.thread.hold()
    while (!isSo() && !this.failure) await new Promise<void>((resolve) => this.wakers.push(resolve))
    this.thread.free()
    if (this.failure) throw this.failure
  }
}

/** One thread for all files of a pull, which starts with the first. */
export class HashThread {
  private worker: InstanceType<ReturnType<typeof nodeThreads>['Worker']> | undefined
  private readonly followers = new Map<number, Follower>()
  private last = 0
  private holds = 0

  follow(open: NonNullable<Order['open']>): Follower {
    const id = ++this.last
    const worker = (this.worker ??= this.start())
    const post = (order: Omit<Order, 'id'>): void => {
      if (order.isOver === true) this.followers.delete(id)
      worker.postMessage({ ...order, id } satisfies Order)
    }
    const hold = (): void => {
      if (this.holds++ === 0) worker.ref()
    }
    const free = (): void => {
      if (--this.holds === 0) worker.unref()
    }
    const follower = new Follower({ post, hold, free })
    this.followers.set(id, follower)
    post({ open })
    return follower
  }

  private start(): NonNullable<HashThread['worker']> {
    const modules = ['fs', 'crypto'].map((name) => `require('node:${name}')`).join(', ')
    const code = `(${followFiles.toString()})(require('node:worker_threads').parentPort, ${modules})`
    const worker = new (nodeThreads().Worker)(code, { eval: true, execArgv: [] })
    worker.on('message', ({ id, ...outcome }: Outcome) => this.followers.get(id)?.hear(outcome))
    worker.on('error', ({ message }) => {
      for (const follower of this.followers.values()) follower.hear({ error: { message, code: undefined } })
    })
    worker.unref()
    return worker
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
    this.worker = undefined
  }
}
