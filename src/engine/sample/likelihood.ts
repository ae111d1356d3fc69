import { topIds } from './sampler.js'

/** A token of an answer and how likely the model found it, before temperature, penalties and bias. */
export interface TokenChoice {
  readonly id: number
  /** Natural logarithm of its probability. */
  readonly logprob: number
  /** The most likely tokens at its place, falling. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[]
}

/** @param logits [V] @param top how many alternatives to name */
export function choiceOf(logits: Float32Array, id: number, top: number): TokenChoice {
  const normalizer = logSumExp(logits)
  const ids = top > 0 ? [...topIds(logits, Math.min(top, logits.length))] : []
  return {
    id,
    logprob: logits[id]! - normalizer,
    top: ids.map((other) => ({ id: other, logprob: logits[other]! - normalizer })),
  }
}

/** log softmax(logits)[id], in double precision. */
export function logProbability(logits: Float32Array, id: number): number {
  return logits[id]! - logSumExp(logits)
}

function logSumExp(logits: Float32Array): number {
  let max = -Infinity
  for (const logit of logits) if (logit > max) max = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - max)
  return max + Math.log(sum)
}
