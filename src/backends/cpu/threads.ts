import { CONTROL_BLOCK } from '../contract.generated.js'
import { spinsOf, startThread, type Thread } from './platform.js'

/** A run of op records in one bank, and what is copied into that bank before. */
export interface Segment {
  readonly bank: number
  /** Index of the first record in its bank, and its address. */
  readonly first: number
  readonly records: number
  readonly count: number
  readonly copies: readonly BankCopy[]
}

/** Rows of an activation that cross from one memory to another. */
export interface BankCopy {
  readonly fromBank: number
  readonly from: number
  readonly to: number
  readonly rowBytes: number
  /** Address of the row count (T or R) in the first bank. */
  readonly rowsAt: number
}

/** What threads do when they are woken; the functions that are sent as text have the numbers once more. */
const [STEP, END, PROBE, DRAFT] = [0, 1, 2, 3]

interface ThreadSetup {
  readonly module: WebAssembly.Module
  readonly memories: readonly WebAssembly.Memory[]
  readonly scratch: readonly number[]
  /** Where this thread's times go, per bank; undefined: no times are taken. */
  readonly times: readonly number[] | undefined
  readonly segments: readonly Segment[]
  /** What {@link ThreadPool.draft} runs instead. */
  readonly draft: readonly Segment[]
  /** And {@link ThreadPool.probe}. */
  readonly probe: readonly Segment[]
  /** Relaxed instructions do the same in all code of the kernels (platform.ts). */
  readonly uniform: boolean
  readonly fused: boolean
  /** How often a thread looks at a barrier, about 1 ns each, before it sleeps. */
  readonly spins: number
  readonly thread: number
  readonly nThreads: number
  readonly control: number
}

/** Instances of one thread, and what it does for a task. Sent as text, so it may refer to nothing outside of itself. */
function threadWork(setup: ThreadSetup): (task: number) => void {
  const { memories, thread, nThreads } = setup
  const instances = memories.map((memory, i) => {
    const instance = new WebAssembly.Instance(setup.module, {
      env: { memory, abort: () => undefined, clock: () => performance.now() },
    })
    const kernels = instance.exports as Record<string, (...args: number[]) => number>
    const { scratch, uniform, fused, spins } = setup
    kernels['init']!(thread, nThreads, scratch[i]!, uniform ? -1 : 0, spins, fused ? 1 : 0)
    return kernels
  })
  const copy = (segment: Segment): void => {
    for (const c of segment.copies) {
      const rows = new Int32Array(memories[0]!.buffer, c.rowsAt, 1)[0]!
      // Each thread its part of the rows.
      const first = Math.floor((rows * thread) / nThreads) * c.rowBytes
      const bytes = Math.floor((rows * (thread + 1)) / nThreads) * c.rowBytes - first
      const source = new Uint8Array(memories[c.fromBank]!.buffer, c.from + first, bytes)
      new Uint8Array(memories[segment.bank]!.buffer, c.to + first, bytes).set(source)
    }
  }
  return (task) => {
    for (const segment of task === 2 ? setup.probe : task === 3 ? setup.draft : setup.segments) {
      copy(segment)
      const { bank, first, records, count } = segment
      const kernels = instances[bank]!
      const cancelled =
        setup.times && task === 0
          ? kernels['runTimed']!(records, count, setup.times[bank]! + first * 16)
          : kernels['run']!(records, count)
      if (cancelled) return
    }
  }
}

/** The life of a thread: sleep until the host counts the step up, work, report. Sent as text, as {@link threadWork} is. */
function threadMain(setup: ThreadSetup, post: (message: unknown) => void, prepare: typeof threadWork): void {
  try {
    const work = prepare(setup)
    const control = new Int32Array(setup.memories[0]!.buffer, setup.control, 2)
    let seen = 0
    post({ ready: true })
    for (;;) {
      Atomics.wait(control, 0, seen)
      const run = Atomics.load(control, 0)
      // The host may be held up before it notifies, so that the notice of a run comes when its work is done.
      if (run === seen) continue
      seen = run
      const task = Atomics.load(control, 1)
      if (task === 1) return
      work(task)
      if (setup.thread === 0) post({ done: seen })
    }
  } catch (error) {
    post({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

/** What a worker's global scope has. */
export interface ThreadScope {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void, options: { once: true }): void
}

/** Runs a thread in a worker that was started for it, by its first message. */
export function runThread(scope: ThreadScope): void {
  const begin = ({ data }: { data: unknown }): void =>
    // The other end is the pool of this file.
    threadMain(data as ThreadSetup, (message) => scope.postMessage(message), threadWork)
  scope.addEventListener('message', begin, { once: true })
}

/** The two in one text. Some bundlers put `__name(...)` around functions to keep their names. */
function threadText(): string {
  const outer = 'const __name = (f) => f'
  return `(setup, post) => { ${outer}; (${threadMain.toString()})(setup, post, ${threadWork.toString()}) }`
}

type SharedSetup = Omit<ThreadSetup, 'thread' | 'nThreads' | 'control' | 'scratch' | 'times' | 'spins'>

/** What runs the steps of one loaded model. */
export interface Threads {
  /** Runs one step. */
  run(): Promise<void>
  /** Runs the draft after it. */
  draft(): Promise<void>
  /** Reads all weights. */
  probe(): Promise<void>
  /** Resolves when one of them has ended in an error, and so all. */
  readonly failed?: Promise<Error>
  close(): Promise<void>
}

/** Steps in the caller's own thread, where memory cannot be shared with others. */
export function ownThread(setup: SharedSetup, memory: Pick<ThreadSetup, 'scratch' | 'times'>): Threads {
  const work = threadWork({ ...setup, ...memory, thread: 0, nThreads: 1, spins: 0, control: CONTROL_BLOCK.control })
  return {
    run: async () => work(STEP),
    draft: async () => work(DRAFT),
    probe: async () => work(PROBE),
    close: async () => undefined,
  }
}

/** A thread that waits for its setup, and the error that it has ended in. */
export interface WaitingThread {
  readonly thread: Thread
  readonly failed: Promise<Error>
}

/** Threads for {@link ThreadPool.start}: they take a while to come up, in which there is other work. */
export function startThreads(count: number): readonly WaitingThread[] {
  return Array.from({ length: count }, () => {
    const thread = startThread(threadText())
    return { thread, failed: new Promise<Error>((resolve) => thread.onError(resolve)) }
  })
}

/** The threads of one loaded model. */
export class ThreadPool implements Threads {
  private control: Int32Array
  private waiting: { resolve: () => void; reject: (error: Error) => void } | undefined
  private failure: Error | undefined
  readonly failed: Promise<Error>
  private tell!: (failure: Error) => void

  private constructor(
    private threads: readonly Thread[],
    memories: readonly WebAssembly.Memory[],
  ) {
    this.control = new Int32Array(memories[0]!.buffer, CONTROL_BLOCK.control, 2)
    this.failed = new Promise((resolve) => (this.tell = resolve))
  }

  /** On failure all threads are ended. */
  static async start(
    waiting: readonly WaitingThread[],
    setup: SharedSetup,
    memoryOf: (thread: number) => Pick<ThreadSetup, 'scratch' | 'times'>,
  ): Promise<ThreadPool> {
    const nThreads = waiting.length
    const spins = spinsOf(nThreads)
    const threads = waiting.map(({ thread }) => thread)
    const pool = new ThreadPool(threads, setup.memories)
    await Promise.all(
      waiting.map(
        ({ thread, failed }, index) =>
          new Promise<void>((resolve, reject) => {
            const fail = (error: Error): void => {
              reject(error)
              pool.fail(error)
            }
            void failed.then(fail)
            thread.onMessage((message) => {
              const { ready, error } = message as { ready?: true; error?: string }
              if (ready) resolve()
              else if (error !== undefined) fail(new Error(error))
              else pool.finish()
            })
            thread.post({
              ...setup,
              ...memoryOf(index),
              thread: index,
              nThreads,
              spins,
              control: CONTROL_BLOCK.control,
            })
          }),
      ),
    )
    for (const thread of threads) thread.keepAlive(false)
    return pool
  }

  run(): Promise<void> {
    return this.wake(STEP)
  }

  draft(): Promise<void> {
    return this.wake(DRAFT)
  }

  probe(): Promise<void> {
    return this.wake(PROBE)
  }

  private async wake(task: number): Promise<void> {
    if (this.failure) throw this.failure
    const first = this.threads[0]!
    first.keepAlive(true)
    try {
      await new Promise<void>((resolve, reject) => {
        this.waiting = { resolve, reject }
        Atomics.store(this.control, 1, task)
        Atomics.add(this.control, 0, 1)
        Atomics.notify(this.control, 0)
      })
    } finally {
      first.keepAlive(false)
    }
  }

  async close(): Promise<void> {
    const error = new Error('internal error: the compute threads have ended')
    this.failure ??= error
    this.waiting?.reject(error)
    this.waiting = undefined
    Atomics.store(this.control, 1, END)
    Atomics.add(this.control, 0, 1)
    Atomics.notify(this.control, 0)
    await Promise.all(this.threads.map((thread) => thread.terminate()))
    // They hold the memories that they were started with.
    this.threads = []
    this.control = new Int32Array(2)
  }

  private finish(): void {
    this.waiting?.resolve()
    this.waiting = undefined
  }

  /** A trap in one thread leaves the others at the barrier for ever: end them all. */
  private fail(error: Error): void {
    this.failure = new Error(`internal error: a compute thread failed: ${error.message}`)
    // Before the step's own error is on its way: nothing that is asked from now on will be answered.
    this.tell(this.failure)
    this.waiting?.reject(this.failure)
    this.waiting = undefined
    for (const thread of this.threads) void thread.terminate()
  }
}
