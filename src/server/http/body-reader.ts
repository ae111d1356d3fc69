import { Worker } from 'node:worker_threads'
import type { z } from 'zod'
import { ApiError, type ErrorDetail } from './api-error.js'
import { readBody } from './body.js'

/** What the thread is sent. */
export interface ToReader {
  readonly id: number
  /** Whose schema: `POST /v1/messages`. */
  readonly route: string
  readonly bytes: Uint8Array
}

/** What it sends: a checked body, an error that the client is told, or one that is ours. */
export type FromReader = { readonly id: number } & (
  { readonly value: unknown } | { readonly refusal: SentRefusal } | { readonly bug: string }
)

export interface SentRefusal {
  readonly status: ApiError['status']
  readonly message: string
  readonly detail: ErrorDetail
}

/** Smaller bodies take less time than the way to another thread and back. */
const AT_ONCE = 4096
/** A body that takes longer is refused, and the thread is ended. */
const PATIENCE_MS = 10_000
/** Megabytes of objects that the thread may have. */
const HEAP = 512

/** A body that waits for the thread. */
interface Job {
  readonly message: ToReader
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * Parses and checks bodies in a thread of its own, one at a time and the clients in turn, so that neither a large body nor a
 * malicious one holds up the thread that serves all. Where the thread's file is not (sources that run unbuilt, bundles), bodies
 * are read in the caller's.
 */
export class BodyReader {
  private worker: Worker | undefined
  private missing = false
  private current: { readonly job: Job; readonly timer: ReturnType<typeof setTimeout> } | undefined
  /** In the order of their turns. */
  private readonly lines = new Map<string, Job[]>()
  private nextId = 0

  constructor(
    private readonly file: URL = new URL('../body-worker.js', import.meta.url),
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /**
   * @param route names the schema for the thread
   * @throws ApiError 400 that says what is wrong
   */
  async read(bytes: Uint8Array, schema: z.ZodType, route: string, client: string): Promise<unknown> {
    if (bytes.length <= AT_ONCE || this.missing) return readBody(bytes, schema)
    try {
      return await new Promise((resolve, reject) => {
        const job = { message: { id: this.nextId++, route, bytes }, resolve, reject }
        const line = this.lines.get(client)
        if (line) line.push(job)
        else this.lines.set(client, [job])
        this.next()
      })
    } catch (error) {
      if (error instanceof ReaderMissing) return readBody(bytes, schema)
      throw error
    }
  }

  async close(): Promise<void> {
    const { worker } = this
    this.worker = undefined
    await worker?.terminate()
  }

  private next(): void {
    const [first] = this.lines
    if (this.current || !first) return
    const [client, line] = first
    const job = line.shift()!
    // Whoever has sent many bodies waits with the rest of them until all others had a turn.
    this.lines.delete(client)
    if (line.length > 0) this.lines.set(client, line)
    const timer = setTimeout(() => this.lost('it takes too long to read'), this.patienceMs)
    this.current = { job, timer }
    this.started().postMessage(job.message)
  }

  private started(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.file, { resourceLimits: { maxOldGenerationSizeMb: HEAP } })
    worker.unref()
    let isRunning = false
    worker.on('message', (message: FromReader | 'running') => {
      if (message === 'running') isRunning = true
      else if (worker === this.worker) this.take(message)
    })
    worker.on('error', (error) => {
      if (worker !== this.worker) return
      this.missing ||= !isRunning
      this.lost(error.message)
    })
    worker.on('exit', () => {
      if (worker === this.worker) this.lost('its thread ended')
    })
    return (this.worker = worker)
  }

  private take(message: FromReader): void {
    const job = this.finish()
    if (job?.message.id !== message.id) return
    if ('value' in message) job.resolve(message.value)
    else if ('bug' in message) job.reject(new Error(message.bug))
    else job.reject(new ApiError(message.refusal.status, message.refusal.message, message.refusal.detail))
    this.next()
  }

  /** The body in its hands cannot be read; the next ones get a new thread. */
  private lost(reason: string): void {
    const { worker } = this
    this.worker = undefined
    void worker?.terminate()
    const error = this.missing
      ? new ReaderMissing(reason)
      : new ApiError(400, `the body cannot be read: ${reason}`, { code: 'request_too_complex' })
    this.finish()?.reject(error)
    this.next()
  }

  private finish(): Job | undefined {
    const { current } = this
    this.current = undefined
    if (!current) return undefined
    clearTimeout(current.timer)
    return current.job
  }
}

/** The thread could not be started. */
class ReaderMissing extends Error {}
