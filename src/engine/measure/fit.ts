import { PAGE_SIZE, WEIGHT_BITS, type MemoryNeeds, type WeightBits } from '../../backends/backend.js'
import { parallelism } from '../../backends/cpu/platform.js'
import { UserError, type Remedy } from '../../errors.js'
import type { MachineMemory } from './memory.js'

/** Tokens of context that are reckoned with where nobody asked for a number. */
const USUAL_CONTEXT = 8192
/** With less a conversation is none. */
const LEAST_CONTEXT = 2048
/** Tokenizer, templates, grammars and the code itself, beyond what the process has when it asks. */
const ENGINE_BYTES = 64e6
/** A worker thread with its own heap and compiled kernels. */
const THREAD_BYTES = 16e6

/** Whether a model fits the memory of a machine. */
export interface MemoryFit {
  readonly fits: boolean
  /** With {@link contextLength} tokens. */
  readonly needBytes: number
  readonly availableBytes: number
  readonly totalBytes: number
  readonly limit: MachineMemory['limit']
  readonly weightBytes: number
  readonly cacheBytes: number
  /** Of {@link needBytes}, neither weights nor cache. */
  readonly workBytes: number
  /** Tokens of context that are reckoned with: those asked for, or 8,192. */
  readonly contextLength: number
  /** The most tokens of context that fit; 0 where not even the weights do. */
  readonly longestContext: number
}

export interface FitOptions {
  /** As asked for; undefined: nobody did. */
  readonly contextLength?: number | undefined
  /** Undefined: one for each core. */
  readonly threads?: number | undefined
  /** How drafts are made; undefined: none are. */
  readonly speculate?: string | undefined
}

/** Compares what a model needs with what there is. The smallest useful context must fit, and the one that was asked for. */
export function memoryFit(needs: MemoryNeeds, madeFor: number, memory: MachineMemory, options: FitOptions): MemoryFit {
  // Recurrent states are copied before a step with drafts.
  const stateBytes = needs.slotBytes * (options.speculate === undefined ? 1 : 2)
  const workBytes = needs.workBytes + stateBytes + ENGINE_BYTES + THREAD_BYTES * (options.threads ?? parallelism())
  const pagesLeft = Math.floor((memory.availableBytes - needs.weightBytes - workBytes) / Math.max(1, needs.pageBytes))
  const longestContext = Math.max(0, Math.min(madeFor, pagesLeft * PAGE_SIZE))
  const contextLength = options.contextLength ?? Math.min(madeFor, USUAL_CONTEXT)
  const cacheBytes = Math.ceil(contextLength / PAGE_SIZE) * needs.pageBytes
  const least = options.contextLength ?? Math.min(madeFor, LEAST_CONTEXT)
  return {
    fits: longestContext >= least,
    needBytes: needs.weightBytes + workBytes + cacheBytes,
    ...memory,
    weightBytes: needs.weightBytes,
    cacheBytes,
    workBytes,
    contextLength,
    longestContext,
  }
}

/** How a load may be changed to take less. */
export type CheaperLoad = { readonly quantize: WeightBits } | { readonly kvCache: 'q8' }

/** In the order in which they change answers. */
const CHEAPER: readonly CheaperLoad[] = [{ kvCache: 'q8' }, ...WEIGHT_BITS.map((quantize) => ({ quantize }))]

/**
 * The smallest change with which a model would fit, or nothing.
 * @param refit the fit with a change; undefined where the change cannot be made
 */
export function remediesOf(
  fit: MemoryFit,
  asked: number | undefined,
  refit: (change: CheaperLoad) => MemoryFit | undefined,
): Remedy[] {
  const shorter = Math.floor(fit.longestContext / 256) * 256
  if (asked !== undefined && shorter >= Math.min(asked, LEAST_CONTEXT))
    return [{ option: 'contextLength', value: shorter }]
  const change = CHEAPER.find((candidate) => refit(candidate)?.fits)
  if (!change) return []
  return [
    'quantize' in change
      ? { option: 'quantize', value: change.quantize }
      : { option: 'kvCache', value: change.kvCache },
  ]
}

/** A refusal with both numbers. */
export function doesNotFit(name: string, fit: MemoryFit, remedies: readonly Remedy[]): UserError {
  const { needBytes, weightBytes, cacheBytes, workBytes, contextLength } = fit
  const parts = `weights ${gigabytes(weightBytes)}, ${contextLength.toLocaleString('en')} tokens of context ${gigabytes(cacheBytes)}, work ${gigabytes(workBytes)}`
  const where = fit.limit === 'cgroup' ? 'that its control group (a container or unit) may take' : 'of this machine'
  return new UserError(
    `${name} does not fit: it needs ${gigabytes(needBytes)} of memory (${parts}), and ${gigabytes(fit.availableBytes)} of the ` +
      `${gigabytes(fit.totalBytes)} ${where} are available`,
    'out_of_memory',
    { remedies: [...remedies, { option: 'force' }] },
  )
}

/** `yes, 3.1 of 21.4 GB`; `no, 577.6 of 21.4 GB`. */
export function fitText({ fits, needBytes, availableBytes, contextLength, longestContext }: MemoryFit): string {
  const numbers = `${(needBytes / 1e9).toFixed(1)} of ${(availableBytes / 1e9).toFixed(1)} GB`
  if (!fits) return `no, ${numbers}`
  if (longestContext < contextLength)
    return `yes, up to ${longestContext.toLocaleString('en')} tokens of context (${numbers} with ${contextLength.toLocaleString('en')})`
  return `yes, ${numbers}`
}

function gigabytes(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`
}
