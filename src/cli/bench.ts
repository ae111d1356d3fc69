import { cpus } from 'node:os'
import { openCheckpoint } from '../checkpoint/open.js'
import { nodeFiles } from '../checkpoint/files-node.js'
import { syntheticCheckpoint } from '../checkpoint/synthetic.js'
import { loadEngineFrom, type Engine } from '../engine/engine.js'
import type { Speculation } from '../engine/drafter.js'
import { benchSpeculation, readPrompts, speculationText, type SpeculationBench } from './bench-speculation.js'
import { loadOptions, type LoadFlags } from './flags.js'
import { cancelOnInterrupt, modelPath, printJson } from './model.js'
import { UserError } from '../errors.js'
import { profileSteps, profileTable } from './profile.js'

export interface BenchFlags extends LoadFlags {
  readonly synthetic?: string
  readonly promptTokens: number
  readonly newTokens: number
  readonly rounds: number
  readonly profile?: boolean
  /** A file with prompts to compare answers with and without --speculate on. */
  readonly prompts?: string
  readonly json?: boolean
}

/** One warm-up, then the medians of a few rounds: prefill of a random prompt, greedy decoding behind it. */
export async function bench(model: string | undefined, flags: BenchFlags): Promise<void> {
  const { promptTokens, newTokens, rounds } = flags
  if (promptTokens < 1 || newTokens < 2 || rounds < 1)
    throw new UserError('expected -p of at least 1, -n of at least 2, --rounds of at least 1', 'invalid_argument')
  const signal = cancelOnInterrupt()
  const runtimeRssBytes = process.memoryUsage.rss()
  const started = performance.now()
  const checkpoint =
    flags.synthetic === undefined
      ? await openCheckpoint(await nodeFiles(modelPath(model)))
      : syntheticCheckpoint(flags.synthetic)
  const engine = await loadEngineFrom(checkpoint, { ...loadOptions(flags), profile: flags.profile, signal })
  const loadSeconds = (performance.now() - started) / 1000
  const prefill: number[] = []
  const decode: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const speeds = await measure(engine, promptTokens, newTokens, round, signal)
    if (round === 0) continue
    prefill.push(speeds.prefill)
    decode.push(speeds.decode)
  }
  const decodeTokensPerSecond = median(decode)
  const profile = flags.profile && (await profileSteps(engine, promptIds(engine, promptTokens, 0), newTokens))
  const speculation = flags.speculate && (await speculate(engine, flags, flags.speculate, signal))
  const limit = await engine.readSpeed()
  const gbPerSecond = (engine.info.activeWeightBytes * decodeTokensPerSecond) / 1e9
  const result = {
    model: flags.synthetic ?? engine.info.name,
    backend: engine.info.backend,
    precision: engine.info.precision,
    promptTokens,
    newTokens,
    loadSeconds,
    prefillTokensPerSecond: median(prefill),
    decodeTokensPerSecond,
    gbPerSecond,
    ...(limit !== undefined && { readGbPerSecond: limit / 1e9 }),
    weightBytes: engine.info.weightBytes,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    runtimeRssBytes,
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    ...(profile && { profile }),
    ...(speculation && { speculation }),
  }
  await engine.close()
  if (flags.json) return printJson(result)
  process.stdout.write(
    `${result.model}, ${result.precision}\n` +
      `load     ${loadSeconds.toFixed(2)} s\n` +
      `prefill  ${result.prefillTokensPerSecond.toFixed(1)} tok/s (${promptTokens} tokens)\n` +
      `decode   ${decodeTokensPerSecond.toFixed(1)} tok/s (${newTokens} tokens), ${gbPerSecond.toFixed(1)} GB/s of weights${limit === undefined ? '' : `, ${((1e11 * gbPerSecond) / limit).toFixed(0)} % of the ${(limit / 1e9).toFixed(1)} GB/s that reading alone reaches`}\n` +
      `weights  ${(result.weightBytes / 1e6).toFixed(0)} MB, peak memory ${(result.peakRssBytes / 1e6).toFixed(0)} MB (${(runtimeRssBytes / 1e6).toFixed(0)} MB before loading)\n`,
  )
  if (speculation) process.stdout.write(speculationText(speculation))
  if (!profile) return
  process.stdout.write(`\n${profileTable(`prefill, ${promptTokens} tokens`, profile.prefill)}`)
  process.stdout.write(`\n${profileTable('decode, one token', profile.decode)}`)
}

/** On prompts of a file, or on the prompt that is measured. */
async function speculate(
  engine: Engine,
  flags: BenchFlags,
  how: Speculation,
  signal: AbortSignal,
): Promise<SpeculationBench> {
  const { prompts: file, promptTokens, newTokens, rounds } = flags
  const prompts =
    file === undefined
      ? Array.from({ length: rounds }, (_, round) => promptIds(engine, promptTokens, round + 1))
      : await readPrompts(file)
  return benchSpeculation(engine, how, prompts, newTokens, signal)
}

async function measure(
  engine: Engine,
  promptTokens: number,
  newTokens: number,
  round: number,
  signal: AbortSignal,
): Promise<{ prefill: number; decode: number }> {
  const { timings, finishReason } = await engine.generate(promptIds(engine, promptTokens, round), {
    maxTokens: newTokens,
    ignoreEos: true,
    temperature: 0,
    speculate: 'off',
    signal,
  }).result
  if (finishReason === 'abort') throw new UserError('cancelled', 'aborted')
  return { prefill: timings.prefillTokensPerSecond, decode: timings.decodeTokensPerSecond }
}

/** Any ids do: time does not depend on them. Another prompt each round, so that nothing is reused. */
function promptIds(engine: Engine, count: number, round: number): number[] {
  const vocabulary = Math.min(engine.info.vocabSize, 250)
  return Array.from({ length: count }, (_, i) => (i * 37 + round * 11) % vocabulary)
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
