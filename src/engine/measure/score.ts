import { UserError } from '../../errors.js'
import { choiceOf, logProbability, type TokenChoice } from '../sample/likelihood.js'
import { checkPrompt } from '../prompt.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import { Sequence } from '../schedule/sequence.js'

/** Largest array of logits that is given in one piece: 2^28 floats, 1 GiB. */
const MAX_FLOATS = 2 ** 28

/** Logits of consecutive positions. */
export interface LogitRows {
  /** Position of the first row. */
  readonly start: number
  /** [count, V] */
  readonly logits: Float32Array
}

/**
 * Logits of every position of `ids` from `from` on, chunk by chunk, so that long inputs need no memory for all. What comes before
 * `from` may be in the cache.
 */
export async function* logitRows(
  shared: SharedRunner,
  ids: readonly number[],
  signal?: AbortSignal,
  salt?: string,
  from = 0,
): AsyncGenerator<LogitRows, void, undefined> {
  checkPrompt(ids, shared.vocabSize, shared.contextLength)
  const sequence = new Sequence(shared, salt)
  const chunk = Math.min(shared.runner.stepTokens, shared.runner.maxLogitRows)
  try {
    if (from > 0) sequence.reuse(ids.slice(0, from + 1))
    for (let start = from; start < ids.length; start += chunk) {
      // Normally those from `start` on; more where memory was short while the reader was busy with other rows.
      const missing = ids.slice(sequence.length, start + chunk)
      const options = { rowsFrom: start, end: ids.length, signal }
      const rows = await shared.scheduler.compute(sequence, missing, options)
      if (!rows || signal?.aborted) throw new UserError('cancelled', 'aborted')
      // A copy: the next step of anybody overwrites the runner's rows before the reader comes to them.
      const logits = new Float32Array(rows.length * shared.vocabSize)
      rows.forEach((row, i) => logits.set(row.logits!, i * shared.vocabSize))
      yield { start, logits }
    }
  } finally {
    shared.scheduler.release(sequence)
  }
}

/** Logits [T, V] in one array. @throws UserError invalid_argument when it would be above 1 GiB. */
export async function allLogits(
  shared: SharedRunner,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const floats = ids.length * shared.vocabSize
  if (floats > MAX_FLOATS) {
    const found = `${ids.length} tokens with ${shared.vocabSize} logits each are ${floats} numbers`
    throw new UserError(`${found}; at most ${MAX_FLOATS} fit in one array: read them by logitRows`, 'invalid_argument')
  }
  const all = new Float32Array(floats)
  for await (const { start, logits } of logitRows(shared, ids, signal)) all.set(logits, start * shared.vocabSize)
  return all
}

/** How likely each token from position `from` on is after those before it. The last one is not computed itself. */
export async function likelihoodsOf(
  shared: SharedRunner,
  ids: readonly number[],
  top: number,
  signal?: AbortSignal,
  salt?: string,
  from = 1,
): Promise<TokenChoice[]> {
  const choices: TokenChoice[] = []
  const { vocabSize } = shared
  checkPrompt(ids, vocabSize)
  if (!Number.isSafeInteger(from) || from < 1)
    throw new UserError(`likelihoods from position ${from}: expected a whole number of at least 1`, 'invalid_argument')
  if (from >= ids.length) return choices
  for await (const { start, logits } of logitRows(shared, ids.slice(0, -1), signal, salt, from - 1)) {
    const count = logits.length / vocabSize
    for (let row = 0; row < count; row++) {
      const own = logits.subarray(row * vocabSize, (row + 1) * vocabSize)
      choices.push(choiceOf(own, ids[start + row + 1]!, top))
    }
  }
  return choices
}

export interface PerplexityOptions {
  /** Tokens in one window; by default the context, at most 2048. */
  readonly window?: number | undefined
  readonly onProgress?: ((scored: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PerplexityResult {
  /** exp(mean negative log-likelihood per token) */
  readonly perplexity: number
  /** Tokens that were predicted: all but the first. */
  readonly tokens: number
  readonly windows: number
}

/**
 * Perplexity of a text. Windows overlap by one token, so each token but the very first is predicted exactly once, from
 * what precedes it in its window.
 */
export async function perplexityOf(
  shared: SharedRunner,
  ids: readonly number[],
  options: PerplexityOptions = {},
): Promise<PerplexityResult> {
  checkPrompt(ids, shared.vocabSize)
  const window = options.window ?? Math.min(shared.contextLength, 2048)
  if (!Number.isSafeInteger(window) || window < 2 || window > shared.contextLength) {
    const expected = `expected a whole number from 2 to ${shared.contextLength}, the context`
    throw new UserError(`a window of ${window} tokens: ${expected}`, 'invalid_argument')
  }
  if (ids.length < 2) {
    throw new UserError(
      'the text has one token; expected at least two, to predict one from another',
      'invalid_argument',
    )
  }
  let loss = 0
  let tokens = 0
  let windows = 0
  for (let from = 0; from < ids.length - 1; from += window - 1) {
    const part = ids.slice(from, from + window)
    for await (const { start, logits } of logitRows(shared, part, options.signal)) {
      const count = Math.min(logits.length / shared.vocabSize, part.length - 1 - start)
      for (let row = 0; row < count; row++) {
        const offset = row * shared.vocabSize
        loss -= logProbability(logits.subarray(offset, offset + shared.vocabSize), part[start + row + 1]!)
        tokens++
      }
      options.onProgress?.(tokens, ids.length - 1)
    }
    windows++
  }
  return { perplexity: Math.exp(loss / tokens), tokens, windows }
}
