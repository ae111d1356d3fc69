/**
 * Hyper-connections: the residual is n streams, mixed by weights that each token computes. Manifold-constrained form,
 * arXiv 2512.24880, as in DeepSeek-V4. Streams lie side by side: [T, n * D].
 */
import type { Value, View, Weight } from './values.js'

/** out = x n times side by side: [T, D] -> [T, n * D]. */
export interface RepeatOp {
  readonly op: 'repeat'
  readonly x: View
  readonly times: number
  readonly out: Value
}

/**
 * The weights of a block from its logits m; scale has one number for each of the three parts, base one for each column.
 *   pre [n]    = sigmoid(m[0, n) * scale[0] + base) + eps
 *   post [n]   = 2 * sigmoid(m[n, 2n) * scale[1] + base)
 *   mix [n, n] = softmax of the rows of m[2n, 2n + n * n) * scale[2] + base, plus eps; its columns divided by their sums
 *                (+ eps); then rows and columns in turn, `iterations` - 1 times.
 * m, base and out have 2n + n * n columns; or n, and then only `pre` is made (the end of the model).
 */
export interface StreamWeightsOp {
  readonly op: 'streamWeights'
  readonly m: View
  readonly scale: Weight
  readonly base: Weight
  readonly streams: number
  readonly eps: number
  readonly iterations: number
  readonly out: Value
}

/** out [T, D] = sum over streams j of pre[j] * x_j. */
export interface CollapseStreamsOp {
  readonly op: 'collapseStreams'
  readonly x: View
  readonly weights: Value
  readonly streams: number
  readonly out: Value
}

/** Stream k of out = post[k] * y + sum over j of mix[j, k] * x_j (the transpose of mix); y [T, D]; out may be x. */
export interface UpdateStreamsOp {
  readonly op: 'updateStreams'
  readonly x: View
  readonly y: View
  readonly weights: Value
  readonly streams: number
  readonly out: View
}

export type StreamOp = RepeatOp | StreamWeightsOp | CollapseStreamsOp | UpdateStreamsOp
