import { InvalidArgumentError, Option, type Command } from 'commander'
import { UserError } from '../errors.js'
import type { AnswerOptions } from '../remote/engine-like.js'
import { BACKEND_NAMES, type BackendName, type LoadOptions } from '../remote/load-options.js'

export interface LoadFlags {
  readonly precision?: 'exact' | 'fast'
  readonly quantize?: 'q8' | 'q4'
  readonly kvCache?: 'f16' | 'q8'
  readonly backend?: BackendName
  readonly threads?: number
  readonly context?: number
  readonly stepTokens?: number
  readonly speculate?: 'mtp' | 'ngram'
}

export interface SamplingFlags {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly repetitionPenalty?: number
  readonly seed?: number
  readonly stop?: string[]
  readonly ignoreEos?: boolean
}

export function integer(text: string): number {
  const value = number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number.')
  return value
}

export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number.')
  return value
}

/** 500, 4MB, 2GiB */
export function bytes(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b?|b)?$/i.exec(text.trim()) ?? []
  const power = 'kmgt'.indexOf(unit.charAt(0).toLowerCase()) + 1
  const value = Math.floor(Number(digits) * (/i/i.test(unit) ? 1024 : 1000) ** (unit === '' ? 0 : power))
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a number of bytes such as 500MB or 2GiB.')
  return value
}

/** For options that may be given again. One value each, so that a prompt behind them stays a prompt. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

/** How the model is loaded. */
export function loadFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--precision <which>', 'exact: as the reference computes; fast: int8 activations (default)').choices([
        'exact',
        'fast',
      ]),
    )
    .addOption(new Option('--quantize <bits>', 'requantise at load, for memory').choices(['q8', 'q4']))
    .addOption(
      new Option('--kv-cache <format>', 'keys and values in fast: f16 (default), or q8 for half the memory').choices([
        'f16',
        'q8',
      ]),
    )
    .addOption(new Option('--backend <name>', 'what computes').choices(BACKEND_NAMES))
    .option('--threads <count>', 'threads (default: one per core)', integer)
    .option('--context <tokens>', 'positions to allow (default: what the model was made for)', integer)
    .addOption(
      new Option(
        '--speculate <how>',
        'draft tokens and check several in one step; the answer is the same. mtp: by the layer that the model has for it; ngram: what followed earlier',
      ).choices(['mtp', 'ngram']),
    )
    .option('--step-tokens <count>', 'most tokens of one step (default: 256)', integer)
}

/** How the answer is made; what is left out comes from the model's generation_config.json. */
export function samplingFlags(command: Command): Command {
  return command
    .option('--max-tokens <count>', 'most tokens to generate', integer)
    .option('--temperature <number>', '0 is greedy', number)
    .option('--top-p <number>', 'smallest set of tokens with this probability', number)
    .option('--top-k <count>', 'only the k best tokens', integer)
    .option('--min-p <number>', 'only tokens with this share of the best', number)
    .option('--repetition-penalty <number>', 'above 1 discourages repetition', number)
    .option('--seed <number>', 'the same seed gives the same answer', integer)
    .option('--stop <text>', 'text that ends the answer; may be given again', collect)
    .option('--ignore-eos', 'continue after the end of the answer')
}

export function loadOptions(flags: LoadFlags): LoadOptions {
  const { precision, quantize, kvCache, backend, threads, context, stepTokens, speculate } = flags
  return { precision, quantize, kvCache, backend, threads, contextLength: context, stepTokens, speculate }
}

export function generateOptions(flags: SamplingFlags): AnswerOptions {
  const { maxTokens, temperature, topP, topK, minP, repetitionPenalty, seed, stop, ignoreEos } = flags
  return { maxTokens, temperature, topP, topK, minP, repetitionPenalty, seed, stop, ignoreEos }
}

/** `1,2,3` */
export function parseIds(text: string): number[] {
  const ids = text.split(',').map((part) => Number(part.trim() === '' ? NaN : part))
  const bad = ids.findIndex((id) => !Number.isSafeInteger(id) || id < 0)
  if (bad >= 0)
    throw new UserError(
      `--ids: expected token ids such as 1,2,3; found ${JSON.stringify(text.split(',')[bad]?.slice(0, 40))}`,
      'invalid_argument',
    )
  return ids
}
