import { UserError, type OptionName } from '../../errors.js'
import { drawAmong, drawAny, drawNucleus } from './draw.js'
import { ScoredTokens } from './scored-tokens.js'

/** How the next token is chosen. Applied in this order: repetition penalty, temperature, top-k, top-p, min-p. */
export interface Sampling {
  /** 0 takes the most likely token (the lowest id wins ties). */
  readonly temperature: number
  /** Only the k most likely tokens; 0 means all. */
  readonly topK: number
  /** Only the most likely tokens whose probabilities reach p together; 1 means all. */
  readonly topP: number
  /** Only tokens at least this many times as likely as the most likely one; 0 means all. */
  readonly minP: number
  /** Logits of tokens seen before are divided (negative: multiplied) by this; 1 means none.  CTRL, arXiv 1909.05858. */
  readonly repetitionPenalty: number
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 }

/** @throws UserError invalid_argument when a number is outside of its range. */
export function checkSampling(sampling: Sampling): void {
  const { temperature, topK, topP, minP, repetitionPenalty } = sampling
  check(Number.isFinite(temperature) && temperature >= 0, 'temperature', 'a number of at least 0', temperature)
  check(Number.isSafeInteger(topK) && topK >= 0, 'topK', 'a whole number of at least 0 (0: off)', topK)
  check(topP > 0 && topP <= 1, 'topP', 'a number above 0 and at most 1', topP)
  check(minP >= 0 && minP <= 1, 'minP', 'a number from 0 to 1', minP)
  // Beyond this the logits themselves would be lost.
  const penalizes = repetitionPenalty >= 0.01 && repetitionPenalty <= 100
  check(penalizes, 'repetitionPenalty', 'a number from 0.01 to 100', repetitionPenalty)
}

function check(valid: boolean, option: OptionName, expected: string, found: unknown): void {
  if (valid) return
  throw new UserError(`must be ${expected}; found ${quoted(found)}`, 'invalid_argument', { at: { option } })
}

/** A value of an option as it was given: texts show that they are none of the numbers. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * The id of the next token: a pure function of its arguments, and `logits` is left as it is.
 * @param logits [V]
 * @param seen ids of the prompt and of the answer so far, for the repetition penalty
 * @param u uniform in [0, 1); unused when temperature is 0
 * @param allowed the ids that may come, as a set of bits [V / 32]; all where it is left out
 * @throws UserError invalid_file when the logits are not numbers, which means damaged weights; invalid_grammar when nothing is
 * allowed
 */
export function sample(
  logits: Float32Array,
  sampling: Sampling,
  seen: Iterable<number>,
  u: number,
  allowed?: Int32Array,
): number {
  const tokens = new ScoredTokens(penalize(logits, seen, sampling.repetitionPenalty), allowed)
  const best = tokens.best()
  if (sampling.temperature === 0) return best
  const { topK, topP } = sampling
  if (topK > 0 && topK < logits.length)
    return drawAmong(tokens.largest(Math.min(topK, tokens.size)), tokens, sampling, u)
  return topP < 1 ? drawNucleus(tokens, best, sampling, u) : drawAny(tokens, best, sampling, u)
}

/** The largest logit's id, the lowest of equals. */
export function argmax(logits: Float32Array): number {
  return new ScoredTokens(logits).best()
}

function penalize(logits: Float32Array, seen: Iterable<number>, penalty: number): Float32Array {
  if (penalty === 1) return logits
  const scores = logits.slice()
  for (const id of seen) {
    const score = logits[id]
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty
  }
  return scores
}
