/** ln of the sum of the exponentials, without overflow. */
export function logSumExp(logits: Float32Array): number {
  const max = logits.reduce((most, logit) => Math.max(most, logit), -Infinity)
  return max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
}
