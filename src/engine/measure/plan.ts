import {
  PAGE_SIZE,
  type Backend,
  type KvCache,
  type MemoryNeeds,
  type Precision,
  type WeightBits,
} from '../../backends/backend.js'
import { findBackend, type BackendName } from '../../backends/registry.js'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { UserError } from '../../errors.js'
import type { Program } from '../../graph/program.js'
import { checkCapabilities, checkRounding, type LoadOptions } from '../options.js'
import { memoryFit, type MemoryFit } from './fit.js'
import { machineMemory } from './memory.js'
import { stepSizes } from './step-sizes.js'
import { countParameters, programWeights, storedBytes } from './parameters.js'

export interface PlanOptions {
  /** By default the best that the machine can run. */
  readonly backend?: BackendName | undefined
  readonly precision?: Precision | undefined
  readonly quantize?: WeightBits | undefined
  readonly kvCache?: KvCache | undefined
  /** Positions to allow, for {@link LoadPlan.fit}; by default what the model was made for, of which 8,192 are reckoned with. */
  readonly contextLength?: number | undefined
  /** By default one per core. */
  readonly threads?: number | undefined
  /** Bytes per second at which memory is read; undefined: no speed is estimated. */
  readonly bandwidth?: number | undefined
}

/** What a model takes on a backend, from its config and headers. */
export interface LoadPlan {
  readonly parameters: number
  /** Parameters that one token uses. */
  readonly activeParameters: number
  /** Stored bytes by format, scales included. */
  readonly bytesByFormat: Readonly<Record<string, number>>
  readonly precision: Precision
  readonly quantize?: WeightBits
  readonly kvCache?: KvCache
  /** Bytes of weights in memory. */
  readonly weightBytes: number
  /** Bytes of weights that one token of an answer reads. */
  readonly activeWeightBytes: number
  /** Bytes of cache for 1,000 tokens of one sequence. */
  readonly cacheBytesPer1000Tokens: number
  /** Bytes of recurrent states of one sequence, whatever its length. */
  readonly stateBytes: number
  /** Bytes of everything else that a load allocates: activations, tables, scratch. */
  readonly workBytes: number
  /** Why it cannot be loaded, whatever the machine. */
  readonly refusal?: UserError
  /** Whether it fits the memory that this machine has left; absent where that is not known. */
  readonly fit?: MemoryFit
  /** Tokens per second when reading memory is all that takes time, after an empty context. */
  readonly decodeTokensPerSecond?: number
  /** The same after 1,000 tokens. */
  readonly decodeTokensPerSecondAt1000?: number
}

/** Plans a program. Nothing but headers is read. */
export async function planLoad(program: Program, checkpoint: Checkpoint, options: PlanOptions = {}): Promise<LoadPlan> {
  const { precision = 'fast', quantize, kvCache, bandwidth } = options
  const backend = await findBackend(options.backend)
  checkRounding(options)
  checkCapabilities(backend, options)
  const needs = needsOf(backend, program, checkpoint, options)
  const memory = machineMemory()
  const fit = memory && memoryFit(needs, program.contextLength, memory, options)
  const parameters = countParameters(program)
  const bytesByFormat: Record<string, number> = {}
  for (const weight of programWeights(program).values()) {
    const tensor = checkpoint.tensor(weight.name, weight.shape, weight.part)
    bytesByFormat[tensor.format] = (bytesByFormat[tensor.format] ?? 0) + storedBytes(tensor)
  }
  const cache = (1000 * needs.pageBytes) / PAGE_SIZE
  // States are read and written.
  const read = needs.activeWeightBytes + 2 * needs.slotBytes
  return {
    parameters: parameters.total,
    activeParameters: parameters.active,
    bytesByFormat,
    precision,
    ...(quantize && { quantize }),
    ...(kvCache && { kvCache }),
    weightBytes: needs.weightBytes,
    activeWeightBytes: needs.activeWeightBytes,
    cacheBytesPer1000Tokens: cache,
    stateBytes: needs.slotBytes,
    workBytes: needs.workBytes,
    ...(needs.refusal !== undefined && { refusal: needs.refusal }),
    ...(fit && { fit }),
    ...(bandwidth !== undefined && {
      decodeTokensPerSecond: bandwidth / read,
      decodeTokensPerSecondAt1000: bandwidth / (read + cache),
    }),
  }
}

/** What a backend needs for a load with these options. @throws UserError where it does not know before */
export function needsOf(
  backend: Backend,
  program: Program,
  checkpoint: Checkpoint,
  options: Omit<LoadOptions, 'onProgress' | 'signal'>,
): MemoryNeeds {
  if (!backend.plan) throw unplanned(backend.name)
  const { precision = 'fast', quantize, kvCache, threads, contextLength = program.contextLength } = options
  return backend.plan(program, checkpoint, {
    precision,
    ...stepSizes(program, contextLength, options),
    ...(quantize && { quantize }),
    ...(kvCache && { kvCache }),
    ...(threads !== undefined && { cpu: { threads } }),
  })
}

function unplanned(backend: string): UserError {
  return new UserError(
    `: what a model takes on the ${backend} backend is not known before it is loaded`,
    'invalid_argument',
    {
      at: { option: 'backend', value: backend },
      remedies: [{ option: 'backend', change: 'omit' }],
    },
  )
}
