import { Worker } from 'node:worker_threads'
import { invariant } from '../errors.js'

/** Options of Node for a file that runs in a thread: this process's own, but for the one that says what text on its command line is. */
export function threadOptions(): string[] {
  return process.execArgv.filter((option) => !/^--input-type/.test(option))
}

/** What the thread is sent. */
export interface ToWork<Ask> {
  readonly id: number
  readonly ask: Ask
}

/** What it sends: that its file runs, and then an answer or a failure for each question. */
export type FromWork<Answer, Failure> =
  'running' | { readonly id: number; readonly answer: Answer } | { readonly id: number; readonly failure: Failure }

/**
 * slow: it took longer than there is patience for; ended: its thread ended meanwhile; missing: the thread's file cannot be run;
 * closed: so is the WorkThread; cancelled: nobody waits for it any more.
 */
export type WorkLoss = 'slow' | 'ended' | 'missing' | 'closed' | 'cancelled'

/** Work that came to nothing. */
export class WorkLost extends Error {
  constructor(
    readonly why: WorkLoss,
    reason: string,
  ) {
    super(reason)
  }
}

export interface WorkOptions<Failure> {
  /** Answers questions with the help of node-work.ts. */
  readonly file: URL
  /** `workerData` of the thread. */
  readonly data?: unknown
  /** Work that takes longer is lost, and its thread is ended. */
  readonly patienceMs: number
  /** Megabytes of objects that the thread may have. */
  readonly heap?: number
  /** The error that a failure stands for. */
  readonly errorOf: (failure: Failure) => Error
}

/** Work that nobody waits for any more continues for this long: a new thread may have to read much before it is of use. */
const GIVE_UP_MS = 1000
/** A thread that has had nothing to do for this long is ended: what it needed for large work it would keep. */
const IDLE_MS = 20_000

interface Job<Ask, Answer> {
  readonly id: number
  readonly ask: Ask
  readonly order: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

interface Current<Ask, Answer> {
  readonly job: Job<Ask, Answer>
  readonly started: number
  readonly timer: ReturnType<typeof setTimeout>
}

/** A thread that does one work after the other. What it was doing when it ended is lost, and the next work gets a new thread. */
export class WorkThread<Ask, Answer, Failure> {
  private worker: Worker | undefined
  private current: Current<Ask, Answer> | undefined
  private readonly waiting: Job<Ask, Answer>[] = []
  private idle: ReturnType<typeof setTimeout> | undefined
  private nextId = 0
  private closed = false

  constructor(private readonly options: WorkOptions<Failure>) {}

  /**
   * @param order of those who wait the least comes first, of equals the first
   * @throws WorkLost, or what the thread's failure stands for
   */
  do(ask: Ask, order: number, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(closedError())
      if (signal?.aborted) return reject(cancelledError())
      const cancel = (): void => this.cancel(job)
      const settled = (): void => signal?.removeEventListener('abort', cancel)
      const job: Job<Ask, Answer> = {
        id: this.nextId++,
        ask,
        order,
        resolve: (answer) => (settled(), resolve(answer)),
        reject: (error) => (settled(), reject(error)),
      }
      signal?.addEventListener('abort', cancel)
      this.waiting.push(job)
      this.next()
    })
  }

  /** What is in work or waits is lost. */
  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.idle)
    const current = this.finish()
    for (const job of [...(current ? [current] : []), ...this.waiting.splice(0)]) job.reject(closedError())
    await this.end()
  }

  private next(): void {
    if (this.current || this.closed) return
    if (this.waiting.length === 0) {
      if (this.worker) this.idle = setTimeout(() => void this.end(), IDLE_MS).unref()
      return
    }
    clearTimeout(this.idle)
    const job = this.waiting.reduce((least, other) => (other.order < least.order ? other : least))
    this.waiting.splice(this.waiting.indexOf(job), 1)
    const timer = setTimeout(() => this.lose(new WorkLost('slow', 'it takes too long')), this.options.patienceMs)
    this.current = { job, started: performance.now(), timer }
    this.worker ??= this.started()
    this.worker.postMessage({ id: job.id, ask: job.ask } satisfies ToWork<Ask>)
  }

  private started(): Worker {
    const { file, data, heap } = this.options
    const limits = heap === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heap } }
    const worker = new Worker(file, { workerData: data, execArgv: threadOptions(), ...limits })
    worker.unref()
    let isRunning = false
    worker.on('message', (message: FromWork<Answer, Failure>) => {
      if (message === 'running') isRunning = true
      else if (worker === this.worker) this.take(message)
    })
    const lost = (reason: string): void => {
      if (worker === this.worker) this.lose(new WorkLost(isRunning ? 'ended' : 'missing', reason))
    }
    worker.on('error', (error) => lost(error.message))
    worker.on('exit', (code) => lost(`exit code ${code}`))
    return worker
  }

  private take(message: Exclude<FromWork<Answer, Failure>, 'running'>): void {
    const job = this.finish()
    invariant(job?.id === message.id, 'an answer to another question')
    if ('answer' in message) job.resolve(message.answer)
    else job.reject(this.options.errorOf(message.failure))
    this.next()
  }

  private cancel(job: Job<Ask, Answer>): void {
    const at = this.waiting.indexOf(job)
    if (at >= 0) this.waiting.splice(at, 1)
    job.reject(cancelledError())
    const { current } = this
    if (current?.job !== job) return
    const giveUp = (): void => {
      if (this.current === current) this.lose(cancelledError())
    }
    setTimeout(giveUp, Math.max(0, current.started + GIVE_UP_MS - performance.now())).unref()
  }

  /** What is in work fails, and the next gets a new thread. */
  private lose(error: WorkLost): void {
    void this.end()
    this.finish()?.reject(error)
    this.next()
  }

  private async end(): Promise<void> {
    const { worker } = this
    this.worker = undefined
    await worker?.terminate()
  }

  private finish(): Job<Ask, Answer> | undefined {
    const { current } = this
    this.current = undefined
    clearTimeout(current?.timer)
    return current?.job
  }
}

function closedError(): WorkLost {
  return new WorkLost('closed', 'the thread is closed')
}

function cancelledError(): WorkLost {
  return new WorkLost('cancelled', 'nobody waits for it any more')
}
