/**
 * The few things in which Node and browsers differ: threads, their number, and the compiler. Node's modules are reached through
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

/**
 * Whether a memory can be shared with threads: always in Node; in browsers on pages that are cross-origin isolated, that is
 * served with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp (or credentialless).
 */
export function sharesMemory(): boolean {
  return builtin('node:worker_threads') !== undefined || globalThis.crossOriginIsolated
}

/** What headers and tokenizers leave behind, bytes; below, collecting it is not worth the time. */
const LARGE_HEAP = 64e6

/**
 * Collects garbage in Node where there may be much: reading a vocabulary of 150,000 tokens leaves 60 MB, and V8, which knows
 * nothing of the memory that weights are about to take, would keep it.
 */
export function collectGarbage(): void {
  const { process } = globalThis as { process?: { memoryUsage?: () => { heapUsed: number } } }
  if ((process?.memoryUsage?.().heapUsed ?? 0) < LARGE_HEAP) return
  builtin<{ setFlagsFromString(flags: string): void }>('node:v8')?.setFlagsFromString('--expose-gc')
  const collect = builtin<{ runInNewContext(code: string): () => void }>('node:vm')?.runInNewContext('gc')
  collect?.()
}

/** V8's best compiler at once, instead of first calls in the quick one and a change later. */
const BEST_COMPILER = ['--no-liftoff', '--no-wasm-lazy-compilation', '--no-wasm-dynamic-tiering']
/** Neighbouring 128-bit vectors into 256-bit registers. An experimental part of V8, which ends the process on code that it cannot handle. */
const FUSE_VECTORS = '--experimental-wasm-revectorize'
/** V8's flags for the kernels, by Node's major: those on which they were tried. Others get none. */
const NODE_FLAGS: Record<number, readonly string[]> = {
  20: [...BEST_COMPILER, '--experimental-wasm-relaxed-simd'],
  22: BEST_COMPILER,
  24: [...BEST_COMPILER, FUSE_VECTORS],
  // without feedback from the quick compiler, this one must not look for any
  26: [...BEST_COMPILER, FUSE_VECTORS, '--no-wasm-inlining'],
}

/** Compiled kernels. `uniform`: one compiler made all of their code, so that a relaxed instruction does one thing in it. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module
  readonly uniform: boolean
}

/**
 * Compiles the first of `variants` that the engine takes; undefined if none. In Node with V8's best compiler at once, so
 * that no first call is slow, and with what V8 keeps behind flags; these are set back before this returns.
 */
export async function compileKernels(
  variants: readonly Uint8Array<ArrayBuffer>[],
): Promise<CompiledKernels | undefined> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  const flags = NODE_FLAGS[Number(process?.versions?.node?.split('.')[0])]
  const v8 = flags && builtin<{ setFlagsFromString(flags: string): void }>('node:v8')
  if (!v8) {
    const bytes = variants.find((b) => WebAssembly.validate(b))
    return bytes && { module: await WebAssembly.compile(bytes), uniform: false }
  }
  for (const flag of flags) v8.setFlagsFromString(flag)
  try {
    const bytes = variants.find((b) => WebAssembly.validate(b))
    return bytes && { module: new WebAssembly.Module(bytes), uniform: true }
  } finally {
    for (const flag of flags)
      v8.setFlagsFromString(flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.slice(2)}`)
  }
}

/** Starts a thread that calls `main`, the text of a function (setup, post) without outer references, on its first message. */
export function startThread(main: string): Thread {
  const workers = builtin<WorkerThreads>('node:worker_threads')
  if (workers) return nodeThread(workers, main)
  if (typeof Worker === 'undefined')
    throw new UserError(
      'no threads here: neither node:worker_threads (Node 20.16 or newer) nor Worker',
      'unsupported_platform',
    )
  return browserThread(main)
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
    onError: (handler) =>
      worker.addEventListener('error', ({ message }) =>
        // Without a message it has not even started.
        handler(new Error(message || 'no worker: the Content-Security-Policy has to allow worker-src blob:')),
      ),
    keepAlive: () => undefined,
    terminate: () => {
      worker.terminate()
      URL.revokeObjectURL(url)
      return Promise.resolve()
    },
  }
}
