/**
 * The few things in which Node and browsers differ: threads and their number. Node's modules are reached through
 * process.getBuiltinModule, so that a bundler for the browser finds nothing to resolve.
 */
import { UserError } from '../../errors.js'

/** A thread as the backend sees it. */
export interface Thread {
  post(message: unknown): void
  onMessage(handler: (message: unknown) => void): void
  onError(handler: (error: Error) => void): void
  /** While a step runs the process must stay alive; between steps it may end. */
  keepAlive(alive: boolean): void
  terminate(): Promise<void>
}

function builtin<T>(name: string): T | undefined {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process
  return host?.getBuiltinModule?.(name) as T | undefined
}

interface NodeWorker {
  postMessage(message: unknown): void
  on(event: 'message', handler: (message: unknown) => void): void
  on(event: 'error', handler: (error: Error) => void): void
  ref(): void
  unref(): void
  terminate(): Promise<number>
}
interface WorkerThreads {
  Worker: new (code: string, options: { eval: true; execArgv?: string[] }) => NodeWorker
}

/** Cores that this process may use. */
export function parallelism(): number {
  const os = builtin<{ availableParallelism(): number }>('node:os')
  return os ? os.availableParallelism() : (globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** Node 20 has relaxed SIMD behind a flag, which may be set while running; later versions have it on. */
export function allowRelaxedSimd(): void {
  const v8 = builtin<{ setFlagsFromString(flags: string): void }>('node:v8')
  const major = Number(
    (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node?.split('.')[0],
  )
  if (v8 && major < 22) v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

/** Starts a thread that runs `main`, a function without outer references, on its first message. */
export function startThread(main: (setup: never, post: (message: unknown) => void) => void): Thread {
  const workers = builtin<WorkerThreads>('node:worker_threads')
  if (workers) return nodeThread(workers, main.toString())
  if (typeof Worker === 'undefined')
    throw new UserError(
      'no threads here: neither node:worker_threads (Node 20.16 or newer) nor Worker',
      'unsupported_platform',
    )
  return browserThread(main.toString())
}

function nodeThread(workers: WorkerThreads, main: string): Thread {
  const code = `const { parentPort } = require('node:worker_threads')
parentPort.once('message', (setup) => (${main})(setup, (message) => parentPort.postMessage(message)))`
  const worker = new workers.Worker(code, { eval: true, execArgv: [] })
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (handler) => worker.on('message', handler),
    onError: (handler) => worker.on('error', handler),
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: async () => {
      await worker.terminate()
    },
  }
}

function browserThread(main: string): Thread {
  const code = `onmessage = (event) => { onmessage = null; (${main})(event.data, (message) => postMessage(message)) }`
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  const worker = new Worker(url)
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (handler) => worker.addEventListener('message', (event: MessageEvent<unknown>) => handler(event.data)),
    onError: (handler) => worker.addEventListener('error', (event) => handler(new Error(event.message))),
    keepAlive: () => undefined,
    terminate: () => {
      worker.terminate()
      URL.revokeObjectURL(url)
      return Promise.resolve()
    },
  }
}
