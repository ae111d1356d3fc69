import { findBackend } from '../../backends/registry.js'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { holdsOnlyConfig, openConfigOnly } from '../../checkpoint/config-only.js'
import type { ModelFiles } from '../../checkpoint/files/files.js'
import { assumedShape, syntheticCheckpoint } from '../../models/shapes.js'
import { outlineProgram, type OpOutline } from '../../graph/outline.js'
import type { Program } from '../../graph/program.js'
import { buildProgram } from '../../models/registry.js'
import { openCheckpoint } from '../../models/open.js'
import type { Speculation } from '../answer/drafter.js'
import { programWeights, storedBytes } from './parameters.js'
import type { LoadOptions } from '../options.js'
import { headersOf } from '../named.js'
import { admission, type Admission } from './admit.js'
import { needsOf, planLoad, type LoadPlan, type PlanOptions } from './plan.js'

/** A published shape without weights: `deepseek-v3:fp8`, or its first layers, `deepseek-v3:fp8:4`. */
export interface ModelShape {
  readonly shape: string
}

/** What a model is. */
export interface ModelFacts {
  readonly name: string
  /** safetensors or gguf. */
  readonly kind: string
  /** model_type of the config. */
  readonly architecture: string
  readonly layers: number
  readonly vocabSize: number
  /** Positions that the model was made for. */
  readonly contextLength: number
  /** Whether there are weights, a config alone, or a shape. */
  readonly source: 'weights' | 'config' | 'shape'
  /** What is assumed in the shape, in words. */
  readonly assumed?: string
  /** Tensors of the files that no step reads. */
  readonly unusedTensors: number
}

/** A weight as it is stored. */
export interface TensorFacts {
  readonly name: string
  readonly shape: readonly number[]
  readonly format: string
  /** With its scales. */
  readonly bytes: number
  readonly file: string
}

export interface HeaderOptions {
  /** With the layer for multi-token prediction (mtp), as {@link LoadOptions.speculate}. */
  readonly speculate?: Speculation | undefined
}

/** A model's headers or config: what it is, what it would take to load, its tensors and its ops. No weights are read. */
export class ModelHeaders {
  readonly facts: ModelFacts

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly program: Program,
    source: Pick<ModelFacts, 'source' | 'assumed'>,
  ) {
    const { name, embedded, config } = checkpoint
    const kind = embedded ? 'gguf' : 'safetensors'
    this.facts = {
      ...{ name, kind, architecture: String(config['model_type']), layers: program.nLayers },
      ...{ vocabSize: program.vocabSize, contextLength: program.contextLength, ...source },
      unusedTensors: this.unused(),
    }
  }

  /**
   * Memory and, with a bandwidth, speed to expect.
   * @throws UserError invalid_argument for options that exclude each other
   * @example
   * const headers = await openHeaders('mini')
   * const { weightBytes, decodeTokensPerSecond } = await headers.plan({ precision: 'exact', bandwidth: 20e9 })
   * console.log(`${weightBytes} bytes of weights, at most ${decodeTokensPerSecond} tokens a second at 20 GB/s`)
   * await headers.close()
   */
  plan(options: PlanOptions = {}): Promise<LoadPlan> {
    return planLoad(this.program, this.checkpoint, options)
  }

  /**
   * Refuses a load that would not fit the memory of this machine, unless it is forced. loadEngine does so by itself.
   * @throws UserError out_of_memory with what it needs, what there is, and what would fit
   * @example
   * const headers = await openHeaders('mini')
   * await headers.admit({ precision: 'exact', contextLength: 512 })
   * await headers.close()
   */
  async admit(options: LoadOptions = {}, given: Admission = {}): Promise<void> {
    const backend = await findBackend(options.backend)
    if (!backend.plan) return
    const needs = needsOf(backend, this.program, this.checkpoint, options)
    admission(backend, this.program, this.checkpoint, options, given)(needs)
  }

  /**
   * Every tensor that a step reads, in the order of the program.
   * @example
   * const headers = await openHeaders('mini')
   * for (const { name, shape, format } of headers.tensors()) console.log(name, shape, format)
   * await headers.close()
   */
  tensors(): TensorFacts[] {
    return [...programWeights(this.program).values()].map((weight) => {
      const tensor = this.checkpoint.tensor(weight.name, weight.shape, weight.part)
      const { name, shape, format, file } = tensor
      return { name, shape, format, bytes: storedBytes(tensor), file }
    })
  }

  /**
   * Every op that a step runs, with the shapes of what it reads and writes.
   * @example
   * const headers = await openHeaders('mini')
   * for (const { layer, op, weights } of headers.ops()) console.log(layer, op, weights.map(({ name }) => name))
   * await headers.close()
   */
  ops(): OpOutline[] {
    return outlineProgram(this.program)
  }

  /**
   * Closes the files.
   * @example
   * const headers = await openHeaders('mini')
   * await headers.close()
   */
  close(): Promise<void> {
    return this.checkpoint.close()
  }

  private unused(): number {
    const used = new Set<string>()
    for (const { name, part } of programWeights(this.program).values())
      used.add(this.checkpoint.has(name) ? name : (part?.tensor ?? name))
    return [...this.checkpoint.names()].filter((name) => !used.has(name)).length
  }
}

/**
 * Opens the headers of a model; of its config.json alone, in a folder or as a file; or of a published shape.
 * @throws UserError where the files or the config are not those of a model that can be run
 * @example
 * const headers = await openHeaders({ shape: 'deepseek-v3:fp8' })
 * console.log(headers.facts.layers) // 61
 * await headers.close()
 */
export async function openHeaders(model: ModelFiles | ModelShape, options: HeaderOptions = {}): Promise<ModelHeaders> {
  const { checkpoint, ...source } = await openPlanned(model)
  try {
    const program = await buildProgram(checkpoint, { mtp: options.speculate === 'mtp' })
    return new ModelHeaders(checkpoint, program, source)
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

/**
 * What a model is and what loading it would take, before it is loaded or downloaded whole.
 * @throws UserError as {@link openHeaders}
 * @example
 * const { parameters, weightBytes, cacheBytesPer1000Tokens } = await planModel({ shape: 'qwen3-8b:q4_0' })
 * console.log(`${parameters / 1e9} billion parameters, ${weightBytes / 1e9} GB, ${cacheBytesPer1000Tokens / 1e6} MB of cache`)
 */
export async function planModel(
  model: ModelFiles | ModelShape,
  options: PlanOptions & HeaderOptions = {},
): Promise<ModelFacts & LoadPlan> {
  const headers = await openHeaders(model, options)
  try {
    return { ...headers.facts, ...(await headers.plan(options)) }
  } finally {
    await headers.close()
  }
}

/**
 * Bytes per second at which threads read memory and do nothing else, which limits the speed of answers; about a second's
 * work. Undefined where the backend does not measure it.
 * @param threads by default one for each core
 * @throws UserError unsupported_platform where there are no such threads
 * @example
 * const bandwidth = await memoryBandwidth(1)
 * if (bandwidth !== undefined) console.log(`${bandwidth / 1e9} GB/s`)
 */
export async function memoryBandwidth(threads?: number): Promise<number | undefined> {
  const backend = await findBackend()
  return backend.measureReadSpeed?.({ cpu: { ...(threads !== undefined && { threads }) } })
}

async function openPlanned(
  model: ModelFiles | ModelShape,
): Promise<{ checkpoint: Checkpoint } & Pick<ModelFacts, 'source' | 'assumed'>> {
  if (typeof model === 'object' && 'shape' in model) {
    const assumed = assumedShape(model.shape)
    return { checkpoint: syntheticCheckpoint(model.shape), source: 'shape', ...(assumed !== undefined && { assumed }) }
  }
  const files = await headersOf(model)
  if (await holdsOnlyConfig(files)) return { checkpoint: await openConfigOnly(files), source: 'config' }
  return { checkpoint: await openCheckpoint(files), source: 'weights' }
}
