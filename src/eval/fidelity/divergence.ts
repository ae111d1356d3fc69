import { logSumExp } from './log-sum.js'

/** What one place of a text says about two distributions. */
export interface TokenDivergence {
  /** Of the measured from the reference, in nats. */
  readonly divergence: number
  /** Both find the same token likeliest. */
  readonly agrees: boolean
  /** Of the token that follows. */
  readonly logprob: number
  readonly referenceLogprob: number
}

/** @param reference, measured logits [V] @param next the token that follows */
export function divergence(reference: Float32Array, measured: Float32Array, next: number): TokenDivergence {
  const [ownSum, otherSum] = [logSumExp(reference), logSumExp(measured)]
  let sum = 0
  let [best, otherBest] = [0, 0]
  for (let i = 0; i < reference.length; i++) {
    const own = reference[i]! - ownSum
    // Masked tokens have no share in it.
    if (own > -Infinity) sum += Math.exp(own) * (own - (measured[i]! - otherSum))
    if (reference[i]! > reference[best]!) best = i
    if (measured[i]! > measured[otherBest]!) otherBest = i
  }
  return {
    // Rounding may leave a little less than nothing.
    divergence: Math.max(0, sum),
    agrees: best === otherBest,
    logprob: measured[next]! - otherSum,
    referenceLogprob: reference[next]! - ownSum,
  }
}

/** Chunks of rows as rows, each [V]. */
export async function* detached(
  chunks: AsyncIterable<{ readonly logits: Float32Array }>,
  vocabSize: number,
): AsyncGenerator<Float32Array, undefined, undefined> {
  for await (const { logits } of chunks)
    for (let at = 0; at < logits.length; at += vocabSize) yield logits.subarray(at, at + vocabSize)
  return undefined
}
