/**
 * The few things in which Node and browsers differ: threads, their number, and the compiler. Node's modules are reached through
 * process.getBuiltinModule, so that a bundler for the browser finds nothing to resolve.
 */
import { processorQuota } from '../../control-groups.js'
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

let cores: number | undefined

/** Cores that this process may use, whole ones. Node does not always know the limit of a container. */
export function parallelism(): number {
  return (cores ??= Math.max(1, Math.floor(Math.min(machineCores(), processorQuota() ?? Infinity))))
}

function machineCores(): number {
  const os = builtin<{ availableParallelism(): number }>('node:os')
  return os ? os.availableParallelism() : (globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** Looks before a thread sleeps. Waking takes 50 us and more; but where threads share a core, looking keeps the other from its work. */
const SPINS = { ownCore: 1_000_000, sharedCore: 2_000 }
/** JavaScriptCore interprets a loop at first, where a look takes ten times as long: on a busy machine 1,000,000 of them stop both threads. */
const BUN_SPINS = 30_000

/** How often one of `nThreads` threads looks at a barrier, about 1 ns each, before it sleeps. */
export function spinsOf(nThreads: number): number {
  if (nThreads > parallelism()) return SPINS.sharedCore
  return bun() ? BUN_SPINS : SPINS.ownCore
}

/**
 * Whether a memory can be shared with threads: always in Node; in browsers on pages that are cross-origin isolated, that is
 * served with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp (or credentialless).
 */
export function sharesMemory(): boolean {
  return builtin('node:worker_threads') !== undefined || globalThis.crossOriginIsolated
}

/** Bytes of the heap's pages and of buffers, after headers and tokenizers have been read, from which a collection is worth its time. */
const LARGE_HEAP = 48e6
/** Bytes of memories that are worth a collection when they are not used any more. */
const LARGE_MEMORIES = 32 << 20

/**
 * Collects garbage in Node where there may be much: reading a vocabulary of 150,000 tokens leaves 60 MB, and V8, which knows
 * nothing of the memory that weights are about to take, would keep it.
 */
export function collectGarbage(): void {
  const { process } = globalThis as { process?: { memoryUsage?: () => { heapTotal: number; external: number } } }
  const { heapTotal, external } = process?.memoryUsage?.() ?? { heapTotal: 0, external: 0 }
  if (heapTotal + external >= LARGE_HEAP) collect(nodeMajor() >= 24 ? LAST_RESORT : undefined)
}

/** Gives the memories back of which nothing is left but garbage: V8 does not see how large they are, and would keep them. */
export async function collectMemories(bytes: number): Promise<void> {
  if (bytes < LARGE_MEMORIES) return
  // The first finds that nobody uses them, the second that nobody holds what was left for that case.
  collect()
  await new Promise((resolve) => setTimeout(resolve, 0))
  collect()
}

/** What V8's `gc` may be told. */
interface CollectOptions {
  readonly type: 'major'
  readonly execution: 'sync'
  readonly flavor: 'last-resort'
}
/** Gives back the pages that are free as well: from Node 24 on V8 keeps them for some seconds, and they are 70 MB. */
const LAST_RESORT: CollectOptions = { type: 'major', execution: 'sync', flavor: 'last-resort' }

function collect(options?: CollectOptions): void {
  if (bun()) return bun()!.gc(true)
  builtin<{ setFlagsFromString(flags: string): void }>('node:v8')?.setFlagsFromString('--expose-gc')
  const vm = builtin<{ runInNewContext(code: string): ((options?: CollectOptions) => void) | undefined }>('node:vm')
  const gc = vm?.runInNewContext('globalThis.gc')
  // An argument that is undefined would ask for a small collection.
  if (options) gc?.(options)
  else gc?.()
}

/** Of its version; NaN elsewhere. */
function nodeMajor(): number {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  return Number(process?.versions?.node?.split('.')[0])
}

/** As Node calls it. */
function processor(): string | undefined {
  return (globalThis as { process?: { arch?: string } }).process?.arch
}

/** Bun has Node's modules, but JavaScriptCore in place of V8. */
function bun(): { gc(force: boolean): void } | undefined {
  return (globalThis as { Bun?: { gc(force: boolean): void } }).Bun
}

/**
 * V8's best compiler at once, instead of first calls in the quick one and a change later. Every loop would have a look at whether the
 * stack is full or the thread is to end: kernels have neither recursion nor loops without an end, and compile a seventh faster without.
 */
const BEST_COMPILER = [
  '--no-liftoff',
  '--no-wasm-lazy-compilation',
  '--no-wasm-dynamic-tiering',
  '--no-wasm-stack-checks',
]
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

/**
 * Compiled kernels. `uniform`: one compiler made all of their code, so that a relaxed instruction does one thing in it;
 * `fused`: it made 256-bit vectors of neighbours, which the processor has.
 */
export interface CompiledKernels {
  readonly module: WebAssembly.Module
  readonly uniform: boolean
  readonly fused: boolean
}

/** Kernels that V8, or whatever engine this is, compiles in threads of its own. */
export interface BegunKernels {
  /** Until it resolves, the compiler's flags are those of the whole process: other WebAssembly is not to be compiled with them. */
  readonly made: Promise<CompiledKernels>
}

/** Begins to compile the first of `variants` that the engine takes; the others are not even loaded. Undefined if it takes none. */
export async function compileKernels(
  variants: readonly (() => Promise<Uint8Array<ArrayBuffer>>)[],
): Promise<BegunKernels | undefined> {
  for (const load of variants) {
    const made = compileVariant(await load())
    // The error is for those who wait.
    made?.catch(() => undefined)
    if (made) return { made }
  }
  return undefined
}

/**
 * In Node with V8's best compiler at once, so that no first call is slow, and with what V8 keeps behind flags; these are set
 * back when the code is made. Undefined: the engine does not take these.
 */
function compileVariant(bytes: Uint8Array<ArrayBuffer>): Promise<CompiledKernels> | undefined {
  const flags = NODE_FLAGS[nodeMajor()]
  const v8 = flags && !bun() && builtin<{ setFlagsFromString(flags: string): void }>('node:v8')
  if (!v8)
    return WebAssembly.validate(bytes)
      ? WebAssembly.compile(bytes).then((module) => ({ module, uniform: false, fused: false }))
      : undefined
  for (const flag of flags) v8.setFlagsFromString(flag)
  const setBack = (): void => {
    for (const flag of flags)
      v8.setFlagsFromString(flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.slice(2)}`)
  }
  if (!WebAssembly.validate(bytes)) {
    setBack()
    return undefined
  }
  // Code that V8 makes in the background keeps no process alive that has nothing else to do.
  const alive = setInterval(() => undefined, 1000)
  const fused = flags.includes(FUSE_VECTORS) && processor() === 'x64'
  return WebAssembly.compile(bytes)
    .then((module) => ({ module, uniform: true, fused }))
    .finally(() => {
      clearInterval(alive)
      setBack()
    })
}

/** The file that threads run in this realm; undefined: they are made from text. */
let threadFile: string | undefined

/** The name by which a file that is started as a thread knows it. */
export const THREAD_NAME = 'kaiyuan-thread'

/**
 * Makes the threads of this realm run a file, where a Content-Security-Policy allows no `blob:` addresses.
 * @param url a module that, under the name {@link THREAD_NAME}, does what a thread does with its first message
 */
export function threadsRun(url: string): void {
  threadFile = url
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
  return threadFile === undefined
    ? textThread(main)
    : webThread(new Worker(trusted(threadFile), { type: 'module', name: THREAD_NAME }))
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

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown }
}
let policy: ReturnType<TrustedTypes['createPolicy']> | undefined

/** The address as a realm with trusted types wants it: under a policy called kaiyuan, if it may have one of that name. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  if (!trustedTypes) return url
  policy ??= trustedTypes.createPolicy('kaiyuan', { createScriptURL: (own) => own })
  // The DOM's declarations do not know that a Worker takes one.
  return policy.createScriptURL(url) as string
}

function textThread(main: string): Thread {
  const code = `onmessage = (event) => { onmessage = null; (${main})(event.data, (message) => postMessage(message)) }`
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  return webThread(new Worker(url), () => URL.revokeObjectURL(url))
}

function webThread(worker: Worker, ended: () => void = () => undefined): Thread {
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
      ended()
      return Promise.resolve()
    },
  }
}
