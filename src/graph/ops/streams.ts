/**
 * Hyper-connections: the residual is n streams, mixed by weights that each token computes. Manifold-constrained form,
 * arXiv 2512.24880, as in DeepSeek-V4. Streams lie side by side: [T, n * D].
 */
import { invariant } from '../../errors.js'
import { view, type UsedWeight, type Value, type View, type Weight } from '../values.js'
import { used } from '../weights.js'
import { RecurrentBuilder } from './recurrent.js'

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
  readonly scale: UsedWeight<'vector'>
  readonly base: UsedWeight<'vector'>
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

export class StreamBuilder<Other> extends RecurrentBuilder<Other | StreamOp> {
  repeat(x: Value | View, times: number): Value {
    const out = this.value(view(x).width * times, view(x).value.rows)
    return this.push({ op: 'repeat', x: view(x), times, out }, out)
  }

  streamWeights(
    m: Value | View,
    scale: Weight,
    base: Weight,
    shape: { streams: number; eps: number; iterations: number },
  ): Value {
    const xv = view(m)
    const n = shape.streams
    invariant(xv.width === n || xv.width === n * (n + 2), `streamWeights of ${xv.width} columns`)
    invariant(base.shape[0] === xv.width && scale.shape[0] === (xv.width === n ? 1 : 3), 'streamWeights base or scale')
    const out = this.value(xv.width, xv.value.rows)
    const read = { scale: used(scale, 'vector'), base: used(base, 'vector') }
    return this.push({ op: 'streamWeights', m: xv, ...read, ...shape, out }, out)
  }

  collapseStreams(x: Value, weights: Value, streams: number): Value {
    invariant(x.width % (4 * streams) === 0, `collapseStreams of ${x.width} columns`)
    const out = this.value(x.width / streams, x.rows)
    return this.push({ op: 'collapseStreams', x: view(x), weights, streams, out }, out)
  }

  /** Writes the new streams over the old ones. */
  updateStreams(x: Value, y: Value | View, weights: Value, streams: number): Value {
    const D = view(y).width
    invariant(D * streams === x.width && D % 4 === 0 && streams === 4, `updateStreams of ${x.width} columns by ${D}`)
    return this.push({ op: 'updateStreams', x: view(x), y: view(y), weights, streams, out: view(x) }, x)
  }
}
