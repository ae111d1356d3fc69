import { UserError } from '../../errors.js'
import type { Availability } from '../backend.js'
import { bytesOfHex } from '../../hex.js'
import { RELAXED_WASM } from './kernels-relaxed.generated.js'
import { compileKernels, parallelism, sharesMemory, type BegunKernels, type CompiledKernels } from './platform.js'

/** Whether this JavaScript engine has what the kernels need. Begins to compile them: {@link settled}. */
export async function available(): Promise<Availability> {
  return (await begunKernels()) ? { available: true } : { available: false, reason: REASON }
}

/** Resolves when no kernels are being compiled, with flags of the compiler that other WebAssembly is not to be made with. */
export async function settled(): Promise<void> {
  const begun = await compiled
  await begun?.made.catch(() => undefined)
}

const REASON = 'this JavaScript engine has no WebAssembly SIMD with threads'

/** @throws UserError where this many threads are not available. */
export function threadsOf(threads: number | undefined): number {
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1 || threads > 64))
    throw new UserError(`: expected a whole number from 1 to 64, found ${threads}`, 'invalid_argument', {
      at: { option: 'threads' },
    })
  if (sharesMemory()) return threads ?? Math.max(1, Math.min(parallelism(), 16))
  const remedy =
    'serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'
  if (threads !== undefined && threads > 1)
    throw new UserError(
      `: expected 1, found ${threads}: this page is not cross-origin isolated, so memory cannot be shared with threads; ${remedy}`,
      'unsupported_platform',
      { at: { option: 'threads' } },
    )
  if (threads === undefined)
    console.warn(`kaiyuan: one thread, which is the page's own: the page is not cross-origin isolated; ${remedy}`)
  return 1
}

let compiled: Promise<BegunKernels | undefined> | undefined

/** Compiled once per process: relaxed SIMD where the engine has it. */
function begunKernels(): Promise<BegunKernels | undefined> {
  return (compiled ??= compileKernels([
    async () => bytesOf(RELAXED_WASM),
    async () => bytesOf((await import('./kernels-baseline.generated.js')).BASELINE_WASM),
  ]))
}

/** @throws UserError where the engine lacks what they need. */
export async function kernels(): Promise<CompiledKernels> {
  const begun = await begunKernels()
  if (begun) return begun.made
  throw new UserError(REASON, 'unsupported_platform', { remedies: [{ advice: 'a newer one' }] })
}

/** The import of a memory that is shared and has a largest size. */
const SHARED_IMPORT = '03656e76066d656d6f72790203'
const UNSHARED_IMPORT = '03656e76066d656d6f72790201'

function bytesOf(wasm: string): Uint8Array<ArrayBuffer> {
  // Atomic instructions work in any memory; the one that waits is reached only with more than one thread.
  return bytesOfHex(sharesMemory() ? wasm : wasm.replace(SHARED_IMPORT, UNSHARED_IMPORT))
}
