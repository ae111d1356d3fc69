/**
 * Of `samples` answers to a question `right` are right: how likely one of `k` drawn from them is right. 1 - C(n - c, k) / C(n, k),
 * as a product. Chen et al., arXiv 2107.03374.
 */
export function passAtK(samples: number, right: number, k: number): number {
  if (k > samples) return NaN
  if (samples - right < k) return 1
  let miss = 1
  for (let i = samples - right + 1; i <= samples; i++) miss *= 1 - k / i
  return 1 - miss
}
