import { InvalidArgumentError, Option, type Command } from 'commander'
import { UserError } from '../errors.js'
import { draftModelOf, type AnswerOptions, type ChatAnswerOptions, type Speculation } from '../remote/engine-like.js'
import {
  BACKEND_NAMES,
  WEIGHT_BITS,
  type BackendName,
  type LoadOptions,
  type WeightBits,
} from '../remote/load-options.js'

export interface LoadFlags {
  readonly precision?: 'exact' | 'fast'
  readonly quantize?: WeightBits
  readonly kvCache?: 'f16' | 'q8'
  readonly backend?: BackendName
  readonly threads?: number
  readonly context?: number
  readonly stepTokens?: number
  readonly speculate?: Speculation
  readonly force?: boolean
  readonly yes?: boolean
}

/** How much a model is to think; its chat template says what that means. */
export const THINK_LEVELS = ['on', 'off', 'low', 'medium', 'high'] as const
export type ThinkLevel = (typeof THINK_LEVELS)[number]

export interface SamplingFlags {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly repetitionPenalty?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly think?: ThinkLevel
  readonly seed?: number
  readonly stop?: string[]
  readonly ignoreEos?: boolean
}

export function integer(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number.')
  return value
}

export function lanes(text: string): number {
  const value = integer(text)
  if (value < 1 || value > 16) throw new InvalidArgumentError('expected a whole number from 1 to 16.')
  return value
}

export function port(text: string): number {
  const value = integer(text)
  if (value > 65535) throw new InvalidArgumentError('expected a port from 0 to 65535.')
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

/** How drafts are made. */
function speculation(text: string): Speculation {
  if (text === 'mtp' || text === 'ngram' || draftModelOf(text) !== undefined) return text as Speculation
  throw new InvalidArgumentError('expected mtp, ngram or draft:MODEL, such as draft:qwen3:0.6b.')
}

/** For options that may be given again. One value each, so that a prompt after them stays a prompt. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

/** How the model is loaded. */
export function loadFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--precision <which>',
        'fast (default): quicker and smaller, almost the same answers; exact: the numbers of the reference',
      )
        .choices(['exact', 'fast'])
        .env('KAIYUAN_PRECISION'),
    )
    .addOption(
      new Option('--quantize <bits>', 'store the weights in about so many bits, for less memory').choices(WEIGHT_BITS),
    )
    .addOption(
      new Option('--kv-cache <format>', 'keys and values in fast: f16 (default), or q8 for half the memory').choices([
        'f16',
        'q8',
      ]),
    )
    .addOption(new Option('--backend <name>', 'what computes').choices(BACKEND_NAMES))
    .addOption(
      new Option('--threads <count>', 'threads (default: one per core)').argParser(integer).env('KAIYUAN_THREADS'),
    )
    .addOption(
      new Option('--context <tokens>', 'positions to allow (default: what the model was made for)')
        .argParser(integer)
        .env('KAIYUAN_CONTEXT'),
    )
    .addOption(
      new Option(
        '--speculate <how>',
        'draft tokens and check several in one step; the answer is the same. mtp: by the layer that the model has for it; ngram: what followed earlier; draft:MODEL: by a small model of the same tokens',
      ).argParser(speculation),
    )
    .option('--step-tokens <count>', 'most tokens of one step (default: 256)', integer)
    .option('--force', 'load although the memory seems to be too small')
    .option('-y, --yes', 'fetch a named model of more than 2 GB without asking')
}

/** How the answer is made; what is left out is as the model's files, or else its lab, say. */
export function samplingFlags(command: Command): Command {
  return command
    .option('--max-tokens <count>', 'most tokens to generate', integer)
    .option('--temperature <number>', '0 is greedy', number)
    .option('--top-p <number>', 'smallest set of tokens with this probability', number)
    .option('--top-k <count>', 'only the k best tokens', integer)
    .option('--min-p <number>', 'only tokens with this share of the best', number)
    .option('--repetition-penalty <number>', 'above 1 discourages repetition', number)
    .option(
      '--frequency-penalty <number>',
      'for each time that a token is in the answer; above 0 discourages it',
      number,
    )
    .option('--presence-penalty <number>', 'for each token that is in the answer', number)
    .addOption(new Option('--think <how>', 'let a reasoning model think, or how much').choices(THINK_LEVELS))
    .option('--seed <number>', 'the same seed gives the same answer', integer)
    .option('--stop <text>', 'text that ends the answer; may be given again', collect)
    .option('--ignore-eos', 'continue after the end of the answer')
}

export function loadOptions(flags: LoadFlags): LoadOptions {
  const { precision, quantize, kvCache, backend, threads, context, stepTokens, speculate, force } = flags
  return { precision, quantize, kvCache, backend, threads, contextLength: context, stepTokens, speculate, force }
}

export function generateOptions(flags: SamplingFlags): AnswerOptions {
  const { maxTokens, temperature, topP, topK, minP, seed, stop, ignoreEos } = flags
  const { repetitionPenalty, frequencyPenalty, presencePenalty } = flags
  const penalties = { repetitionPenalty, frequencyPenalty, presencePenalty }
  return { maxTokens, temperature, topP, topK, minP, ...penalties, seed, stop, ignoreEos }
}

/** In the words of chat templates. */
export function thinkingOptions(think: ThinkLevel | undefined): Pick<ChatAnswerOptions, 'templateOptions'> {
  if (think === undefined) return {}
  const effort = think === 'on' || think === 'off' ? {} : { reasoning_effort: think }
  return { templateOptions: { enable_thinking: think !== 'off', ...effort } }
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
