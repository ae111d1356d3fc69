import { findBackend } from '../backends/registry.js'
import type { Backend } from '../backends/backend.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { holdsOnlyConfig, openConfigOnly } from '../checkpoint/config-only.js'
import { filesOf } from '../checkpoint/files/files.js'
import { MINI } from '../checkpoint/files/mini.js'
import { openCheckpoint } from '../published/open.js'
import { assumedShape, syntheticCheckpoint } from '../models/shapes.js'
import { programWeights, storedBytes } from '../engine/measure/parameters.js'
import { checkCapabilities, checkRounding } from '../engine/options.js'
import { planLoad, type Plan } from '../engine/measure/plan.js'
import { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import { buildProgram } from '../models/registry.js'
import { printJson } from './model.js'
import { messageOf } from './wording.js'

export interface InspectFlags {
  readonly tensors?: boolean
  readonly json?: boolean
  readonly precision?: 'exact' | 'fast'
  readonly quantize?: 'q8' | 'q4'
  readonly kvCache?: 'f16' | 'q8'
  readonly threads?: number
  readonly speculate?: 'mtp' | 'ngram'
  /** GB/s; 0: no speed is wanted. Measured where it is left out. */
  readonly bandwidth?: number
  /** A shape instead of a model, as `bench` takes it. */
  readonly synthetic?: string
}

/** What a model is and what it takes, from its headers or its config alone: a step's tensors, not the layers for MTP. */
export async function inspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  checkRounding(flags)
  const backend = await findBackend()
  checkCapabilities(backend, flags)
  const { checkpoint, weights } = await openPlanned(model, flags.synthetic)
  const assumed = flags.synthetic === undefined ? undefined : assumedShape(flags.synthetic)
  try {
    const program = await buildProgram(checkpoint, { mtp: flags.speculate === 'mtp' })
    const { precision, quantize, kvCache } = flags
    const bandwidth = flags.bandwidth === undefined ? await readSpeed(backend, flags.threads) : flags.bandwidth * 1e9
    const { refusal, ...plan } = await planLoad(program, checkpoint, {
      ...{ precision, quantize, kvCache },
      ...(bandwidth > 0 && { bandwidth }),
    })
    const tensors = tensorsOf(checkpoint, program)
    const facts = {
      ...factsOf(checkpoint, program),
      weights,
      ...(assumed !== undefined && { assumed }),
      unusedTensors: unusedOf(checkpoint, tensors),
      ...plan,
      ...(refusal && { refusal: messageOf(refusal) }),
      ...(bandwidth > 0 && { bandwidth, bandwidthIs: flags.bandwidth === undefined ? 'measured' : 'given' }),
    }
    if (flags.json) return printJson(flags.tensors ? { ...facts, tensors } : facts)
    for (const [key, value] of lines(facts)) process.stdout.write(`${key.padEnd(14)}${value}\n`)
    if (!flags.tensors) return
    for (const t of tensors)
      process.stdout.write(`${t.name}  [${t.shape.join(', ')}]  ${t.format}  ${t.bytes} bytes  ${t.file}\n`)
  } finally {
    await checkpoint.close()
  }
}

/** Bytes per second; 0 where the backend does not measure it. */
async function readSpeed(backend: Backend, threads: number | undefined): Promise<number> {
  return (await backend.measureReadSpeed?.({ cpu: { ...(threads !== undefined && { threads }) } })) ?? 0
}

/** Opens a model, a config.json alone, or a shape. */
async function openPlanned(model: string | undefined, shape: string | undefined) {
  if (shape !== undefined) {
    if (model !== undefined)
      throw new UserError(
        `expected a model or --synthetic, found both: ${model} and ${shape}; leave one out`,
        'invalid_argument',
      )
    return { checkpoint: syntheticCheckpoint(shape), weights: 'none: planned from a shape' }
  }
  const files = await filesOf(model ?? MINI)
  if (await holdsOnlyConfig(files))
    return { checkpoint: await openConfigOnly(files), weights: 'none here: planned from the config' }
  return { checkpoint: await openCheckpoint(files), weights: 'complete' }
}

function factsOf(checkpoint: Checkpoint, program: Program) {
  return {
    name: checkpoint.name,
    kind: checkpoint.kind,
    architecture: String(checkpoint.config['model_type']),
    layers: program.nLayers,
    vocabSize: program.vocabSize,
    contextLength: program.contextLength,
  }
}

function tensorsOf(checkpoint: Checkpoint, program: Program) {
  return [...programWeights(program).values()].map((weight) => {
    const tensor = checkpoint.tensor(weight.name, weight.shape, weight.part)
    const { name, shape, format, file } = tensor
    const published = checkpoint.has(weight.name) ? weight.name : (weight.part?.tensor ?? weight.name)
    return { name, published, shape, format, bytes: storedBytes(tensor), file }
  })
}

/** Tensors that no step reads. */
function unusedOf(checkpoint: Checkpoint, tensors: readonly { published: string }[]): number {
  const used = new Set(tensors.map(({ published }) => published))
  return [...checkpoint.names()].filter((name) => !used.has(name)).length
}

type Facts = ReturnType<typeof factsOf> &
  Omit<Plan, 'refusal'> & {
    refusal?: string
    weights: string
    assumed?: string
    unusedTensors: number
    bandwidth?: number
    bandwidthIs?: string
  }

/** The facts for people. */
function lines(facts: Facts): [string, string][] {
  const { decodeTokensPerSecond: speed, decodeTokensPerSecondAt1000: at1000, bandwidth = 0 } = facts
  const stored = Object.entries(facts.bytesByFormat).map(([format, bytes]) => `${format} ${gigabytes(bytes)}`)
  const how = facts.quantize ? `${facts.precision}, ${facts.quantize}` : facts.precision
  const rows: [string, string | undefined][] = [
    ['name', facts.name],
    ['architecture', `${facts.architecture} (${facts.kind}), ${facts.layers} layers, vocabulary ${facts.vocabSize}`],
    ['context', `${facts.contextLength} tokens`],
    ['parameters', `${billions(facts.parameters)}, of which a token uses ${billions(facts.activeParameters)}`],
    ['stored', `${stored.join(', ')}; ${facts.unusedTensors} tensors are not used`],
    ['weights', facts.weights],
    ['shape', facts.assumed],
    ['to load', `${gigabytes(facts.weightBytes)} of weights (${how})`],
    [
      'cache',
      `${gigabytes(facts.cacheBytesPer1000Tokens)} for 1,000 tokens${facts.kvCache ? `, ${facts.kvCache}` : ''}`,
    ],
    ['states', facts.stateBytes > 0 ? `${gigabytes(facts.stateBytes)} for a sequence` : undefined],
    ['refused', facts.refusal],
    [
      'decode',
      speed === undefined
        ? undefined
        : `at most ${rate(speed)} tok/s, behind 1,000 tokens ${rate(at1000!)}: ${gigabytes(facts.activeWeightBytes)} of weights a token ` +
          `at ${(bandwidth / 1e9).toFixed(1)} GB/s (${facts.bandwidthIs})`,
    ],
  ]
  return rows.filter((row): row is [string, string] => row[1] !== undefined)
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`
}

function billions(count: number): string {
  if (count >= 1e12) return `${(count / 1e12).toFixed(2)} T`
  return count >= 1e9 ? `${(count / 1e9).toFixed(2)} B` : `${(count / 1e6).toFixed(2)} M`
}

function rate(speed: number): string {
  return speed.toFixed(speed < 10 ? 2 : 0)
}
