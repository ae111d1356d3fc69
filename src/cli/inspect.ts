import prettyBytes from 'pretty-bytes'
import { MINI } from '../checkpoint/files/mini.js'
import { openHeaders, type ModelFacts, type TensorFacts } from '../engine/measure/headers.js'
import { fitText } from '../engine/measure/fit.js'
import type { LoadPlan } from '../engine/measure/plan.js'
import { checkRounding } from '../engine/options.js'
import type { WeightBits } from '../remote/load-options.js'
import { UserError } from '../errors.js'
import { printJson } from './model.js'
import { cacheFolder } from '../store/settings.js'
import { readSpeed, USUAL_SHARE } from './store/read-speed.js'
import { programText } from './program-text.js'
import { messageOf } from './wording.js'

export interface InspectFlags {
  readonly tensors?: boolean
  readonly program?: boolean
  /** Of the program, layers like an earlier one too. */
  readonly all?: boolean
  readonly json?: boolean
  readonly precision?: 'exact' | 'fast'
  readonly quantize?: WeightBits
  readonly kvCache?: 'f16' | 'q8'
  readonly threads?: number
  readonly context?: number
  readonly speculate?: 'mtp' | 'ngram'
  /** GB/s; 0: no speed is wanted. Measured where it is left out. */
  readonly bandwidth?: number
  /** A shape instead of a model, as `bench` takes it. */
  readonly synthetic?: string
}

const SOURCES: Record<ModelFacts['source'], string> = {
  weights: 'complete',
  config: 'none here: planned from the config',
  shape: 'none: planned from a shape',
}

function checkNumbers({ bandwidth = 0, context = 1 }: InspectFlags): void {
  if (bandwidth < 0) throw new UserError(`--bandwidth: expected GB/s from 0, found ${bandwidth}`, 'invalid_argument')
  if (context < 1) throw new UserError(`--context: expected at least 1, found ${context}`, 'invalid_argument')
}

/** What a model is and what it takes, from its headers or its config alone: a step's tensors, not the layers for MTP. */
export async function inspect(model: string | undefined, flags: InspectFlags): Promise<void> {
  const { precision, quantize, kvCache, speculate, synthetic } = flags
  if (synthetic !== undefined && model !== undefined)
    throw new UserError(
      `expected a model or --synthetic, found both: ${model} and ${synthetic}; leave one out`,
      'invalid_argument',
    )
  checkRounding(flags)
  checkNumbers(flags)
  const headers = await openHeaders(synthetic === undefined ? (model ?? MINI) : { shape: synthetic }, { speculate })
  try {
    const bandwidth =
      flags.bandwidth === undefined
        ? ((await readSpeed(cacheFolder(process.env), flags.threads)) ?? 0)
        : flags.bandwidth * 1e9
    const { threads, context: contextLength } = flags
    const wanted = { precision, quantize, kvCache, threads, contextLength, ...(bandwidth > 0 && { bandwidth }) }
    const { refusal, ...plan } = await headers.plan(wanted)
    const { source, ...known } = headers.facts
    const facts: Facts = {
      ...{ ...known, weights: SOURCES[source], ...plan },
      ...(refusal && { refusal: messageOf(refusal) }),
      ...(bandwidth > 0 && { bandwidth, bandwidthIs: flags.bandwidth === undefined ? 'measured' : 'given' }),
    }
    const tensors = flags.tensors ? headers.tensors() : undefined
    const program = flags.program ? headers.ops() : undefined
    if (flags.json) return printJson({ ...facts, tensors, program })
    for (const [key, value] of lines(facts)) process.stdout.write(`${key.padEnd(14)}${value}\n`)
    for (const tensor of tensors ?? []) process.stdout.write(tensorLine(tensor))
    if (program) process.stdout.write(`\n${programText(program, flags.all ?? false)}`)
  } finally {
    await headers.close()
  }
}

function tensorLine({ name, shape, format, bytes, file }: TensorFacts): string {
  return `${name}  [${shape.join(', ')}]  ${format}  ${bytes} bytes  ${file}\n`
}

type Facts = Omit<ModelFacts, 'source'> &
  Omit<LoadPlan, 'refusal'> & { weights: string; refusal?: string; bandwidth?: number; bandwidthIs?: string }

/** The facts for people. */
function lines(facts: Facts): [string, string][] {
  const { decodeTokensPerSecond: speed, decodeTokensPerSecondAt1000: at1000, bandwidth = 0 } = facts
  const stored = Object.entries(facts.bytesByFormat).map(([format, bytes]) => `${format} ${prettyBytes(bytes)}`)
  const how = facts.quantize ? `${facts.precision}, ${facts.quantize}` : facts.precision
  const rows: [string, string | undefined][] = [
    ['name', facts.name],
    ['architecture', `${facts.architecture} (${facts.kind}), ${facts.layers} layers, vocabulary ${facts.vocabSize}`],
    ['context', `${facts.contextLength} tokens`],
    ['parameters', `${billions(facts.parameters)}, of which a token uses ${billions(facts.activeParameters)}`],
    ['stored', `${stored.join(', ')}; ${facts.unusedTensors} tensors are not used`],
    ['weights', facts.weights],
    ['shape', facts.assumed],
    ['to load', `${prettyBytes(facts.weightBytes)} of weights (${how})`],
    [
      'cache',
      `${prettyBytes(facts.cacheBytesPer1000Tokens)} for 1,000 tokens${facts.kvCache ? `, ${facts.kvCache}` : ''}`,
    ],
    ['fits here', facts.fit && `${fitText(facts.fit)}${about(facts)}`],
    ['states', facts.stateBytes > 0 ? `${prettyBytes(facts.stateBytes)} for a sequence` : undefined],
    ['refused', facts.refusal],
    [
      'decode',
      speed === undefined
        ? undefined
        : `at most ${rate(speed)} tok/s, after 1,000 tokens ${rate(at1000!)}: ${prettyBytes(facts.activeWeightBytes)} of weights a token ` +
          `at ${prettyBytes(bandwidth)}/s (${facts.bandwidthIs})`,
    ],
  ]
  return rows.filter((row): row is [string, string] => row[1] !== undefined)
}

/** `, about 30 tok/s`: what is left of the bound when everything else takes its time. */
function about({ decodeTokensPerSecondAt1000: speed, fit }: Facts): string {
  return speed === undefined || !fit?.fits ? '' : `, about ${rate(speed * USUAL_SHARE)} tok/s`
}

function billions(count: number): string {
  if (count >= 1e12) return `${(count / 1e12).toFixed(2)} T`
  return count >= 1e9 ? `${(count / 1e9).toFixed(2)} B` : `${(count / 1e6).toFixed(2)} M`
}

function rate(speed: number): string {
  return speed.toFixed(speed < 10 ? 2 : 0)
}
