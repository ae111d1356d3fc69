import { cpus } from 'node:os'
import prettyBytes from 'pretty-bytes'
import { openCheckpoint } from '../models/open.js'
import { filesOf } from '../checkpoint/files/files.js'
import { MINI } from '../checkpoint/files/mini.js'
import { syntheticCheckpoint } from '../models/shapes.js'
import type { Engine } from '../engine/engine.js'
import { loadEngineFrom } from '../engine/load.js'
import type { Speculation } from '../engine/answer/drafter.js'
import { benchSpeculation, readPrompts, speculationText, type SpeculationBench } from './bench-speculation.js'
import { measureRounds, promptIds } from './bench-rounds.js'
import { loadOptions, type LoadFlags } from './flags.js'
import { cancelOnInterrupt, printJson } from './model.js'
import { UserError } from '../errors.js'
import { localModel, withLocalDraft } from './store/local-model.js'
import { profileSteps, profileTable } from './profile.js'

export interface BenchFlags extends LoadFlags {
  readonly synthetic?: string
  readonly promptTokens: number
  readonly newTokens: number
  readonly depth: number
  readonly streams: number
  readonly rounds: number
  readonly profile?: boolean
  /** A file with prompts to compare answers with and without --speculate on. */
  readonly prompts?: string
  readonly json?: boolean
}

/** One warm-up, then the medians of a few rounds: prefill of a random prompt, greedy decoding after it. */
export async function bench(model: string | undefined, flags: BenchFlags): Promise<void> {
  const { promptTokens, newTokens, rounds, depth, streams } = flags
  if (promptTokens < 1 || newTokens < 2 || rounds < 1 || streams < 1)
    throw new UserError(
      'expected -p of at least 1, -n of at least 2, --rounds and --streams of at least 1',
      'invalid_argument',
    )
  refuseIdle(model, flags)
  const signal = cancelOnInterrupt()
  const runtimeRssBytes = process.memoryUsage.rss()
  const started = performance.now()
  const checkpoint =
    flags.synthetic === undefined
      ? await openCheckpoint(await filesOf(await localModel(model ?? MINI, flags, signal)))
      : syntheticCheckpoint(flags.synthetic)
  // Nothing is kept for reuse: every round has other prompts, and what they leave would count as memory of this one.
  const own = loadOptions(await withLocalDraft(flags, signal))
  const load = { ...own, profile: flags.profile, cacheMemory: 0, maxConcurrency: streams, signal }
  const engine = await loadEngineFrom(checkpoint, load)
  const loadSeconds = (performance.now() - started) / 1000
  const sizes = { promptTokens, newTokens, rounds, depth, streams, signal }
  const speeds = await measureRounds(engine, sizes)
  const peakRssBytes = process.resourceUsage().maxRSS * 1024
  const profile = flags.profile && (await profileSteps(engine, sizes))
  const speculation = flags.speculate && (await speculate(engine, flags, own.speculate!, signal))
  const limit = await engine.readSpeed()
  const { weightBytes, activeWeightBytes } = engine.info
  const cache = engine.status()
  const gbPerSecond = (activeWeightBytes * speeds.decode) / 1e9
  const result = {
    model: flags.synthetic ?? engine.info.name,
    backend: engine.info.backend,
    precision: engine.info.precision,
    promptTokens,
    newTokens,
    depth,
    streams,
    loadSeconds,
    prefillTokensPerSecond: speeds.prefill,
    decodeTokensPerSecond: speeds.decode,
    ...(streams === 1 && { gbPerSecond }),
    ...(limit !== undefined && { readGbPerSecond: limit / 1e9 }),
    weightBytes,
    activeWeightBytes,
    answerIds: speeds.answerIds,
    cacheBytes: cache.pages * cache.pageBytes,
    peakRssBytes,
    runtimeRssBytes,
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    ...(profile && { profile }),
    ...(speculation && { speculation }),
  }
  await engine.close()
  if (flags.json) return printJson(result)
  const [after, of] = [depth > 0 ? ` after ${depth}` : '', streams > 1 ? ` in each of ${streams} streams` : '']
  const share = limit === undefined ? '' : `, ${((1e11 * gbPerSecond) / limit).toFixed(0)} % of the `
  const limits = limit === undefined ? '' : `${(limit / 1e9).toFixed(1)} GB/s that reading alone reaches`
  process.stdout.write(
    `${result.model}, ${result.precision}\n` +
      `load     ${loadSeconds.toFixed(2)} s\n` +
      `prefill  ${speeds.prefill.toFixed(1)} tok/s (${promptTokens} tokens${after}${of})\n` +
      `decode   ${speeds.decode.toFixed(1)} tok/s (${newTokens} tokens${of})` +
      `${streams > 1 ? '' : `, ${gbPerSecond.toFixed(1)} GB/s of weights${share}${limits}`}\n` +
      `memory   ${prettyBytes(peakRssBytes)} at most: ${prettyBytes(runtimeRssBytes)} before loading, ` +
      `weights ${prettyBytes(weightBytes)}, cache ${prettyBytes(result.cacheBytes)}\n`,
  )
  if (speculation) process.stdout.write(speculationText(speculation))
  if (!profile) return
  process.stdout.write(`\n${profileTable(`prefill, ${promptTokens} tokens${after}${of}`, profile.prefill)}`)
  process.stdout.write(`\n${profileTable(`decode, one token${of}`, profile.decode)}`)
}

/** @throws UserError for what would be passed over */
function refuseIdle(model: string | undefined, { synthetic, prompts, speculate }: BenchFlags): void {
  if (synthetic !== undefined && model !== undefined)
    throw new UserError(
      `expected a model or --synthetic, found both: ${model} and ${synthetic}; leave one out`,
      'invalid_argument',
    )
  if (prompts !== undefined && speculate === undefined)
    throw new UserError(
      '--prompts: expected --speculate with it, which is compared on them; found none; add it or leave --prompts out',
      'invalid_argument',
    )
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
