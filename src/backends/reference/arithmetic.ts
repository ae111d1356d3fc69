/** What several ops compute. */
import type { Activation } from '../../graph/ops.js'

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Activation's rule for one gate and its up. */
export function gated(gate: number, up: number, activation: Activation): number {
  if (activation === 'silu') return (gate / (1 + Math.exp(-gate))) * up
  if (activation === 'gelu_tanh')
    return 0.5 * gate * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (gate + 0.044715 * gate ** 3))) * up
  if (activation === 'situ') return ((4 * Math.tanh(gate / 4)) / (1 + Math.exp(-gate))) * 25 * Math.tanh(up / 25)
  const { alpha, limit, upOffset } = activation
  const g = Math.min(gate, limit)
  const u = Math.max(-limit, Math.min(up, limit))
  return (u + upOffset) * (g / (1 + Math.exp(-alpha * g)))
}

/** y[i] = sum_j W[first + i, j] x[j], i < n; W has x.length columns. */
export function multiply(W: Float32Array, first: number, n: number, x: Float32Array): Float32Array {
  const K = x.length
  const y = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0, at = (first + i) * K; j < K; j++, at++) sum += W[at]! * x[j]!
    y[i] = sum
  }
  return y
}

/** out = sum of softmax(scores) * values; a sink is one more score, without a value. */
export function softmaxSum(
  scores: readonly number[],
  values: readonly Float32Array[],
  sink: number | undefined,
  out: Float32Array,
): void {
  const max = scores.reduce((a, b) => Math.max(a, b), sink ?? -Infinity)
  const rest = sink === undefined ? 0 : Math.exp(sink - max)
  const sum = scores.reduce((total, s) => total + Math.exp(s - max), rest)
  const acc = new Float64Array(out.length)
  scores.forEach((score, s) => {
    const weight = Math.exp(score - max) / sum
    for (let i = 0; i < acc.length; i++) acc[i]! += weight * values[s]![i]!
  })
  out.set(acc)
}
