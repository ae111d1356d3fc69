/** Hyper-connections by plain loops. */
import type { CollapseStreamsOp, RepeatOp, StreamWeightsOp, UpdateStreamsOp } from '../../graph/ops.js'
import { sigmoid } from './arithmetic.js'
import type { StepContext } from './step.js'

export function repeat(op: RepeatOp, { buf }: StepContext): void {
  for (let t = 0; t < buf.rows(op.out); t++)
    for (let i = 0; i < op.times; i++) buf.row(op.out, t).set(buf.view(op.x, t), i * op.x.width)
}

export function streamWeights(op: StreamWeightsOp, { buf, weights }: StepContext): void {
  const { streams: n, eps } = op
  const [scale, base] = [weights.of(op.scale), weights.of(op.base)]
  for (let t = 0; t < buf.rows(op.out); t++) {
    const m = Array.from(buf.view(op.m, t), (v, i) => v * scale[i < n ? 0 : i < 2 * n ? 1 : 2]! + base[i]!)
    const pre = m.slice(0, n).map((v) => sigmoid(v) + eps)
    const post = m.slice(n, 2 * n).map((v) => 2 * sigmoid(v))
    const mix = m.length > n ? doublyStochastic(m.slice(2 * n), n, eps, op.iterations) : []
    buf.row(op.out, t).set([...pre, ...post, ...mix])
  }
}

export function collapseStreams(op: CollapseStreamsOp, { buf }: StepContext): void {
  const D = op.out.width
  for (let t = 0; t < buf.rows(op.out); t++) {
    const [x, pre] = [buf.view(op.x, t), buf.row(op.weights, t)]
    for (let i = 0; i < D; i++) {
      let sum = 0
      for (let j = 0; j < op.streams; j++) sum += pre[j]! * x[j * D + i]!
      buf.row(op.out, t)[i] = sum
    }
  }
}

export function updateStreams(op: UpdateStreamsOp, { buf }: StepContext): void {
  const { streams: n } = op
  const D = op.y.width
  for (let t = 0; t < buf.rows(op.out.value); t++) {
    const [x, y, w] = [buf.view(op.x, t).slice(), buf.view(op.y, t), buf.row(op.weights, t)]
    const out = buf.view(op.out, t)
    for (let k = 0; k < n; k++)
      for (let i = 0; i < D; i++) {
        let sum = w[n + k]! * y[i]!
        for (let j = 0; j < n; j++) sum += w[2 * n + j * n + k]! * x[j * D + i]!
        out[k * D + i] = sum
      }
  }
}

/** Softmax of rows plus eps, then Sinkhorn and Knopp's alternation; it begins and ends with columns. m [n, n], row-major. */
function doublyStochastic(m: number[], n: number, eps: number, iterations: number): number[] {
  const c = [...m]
  const row = (i: number): number[] => Array.from({ length: n }, (_, j) => i * n + j)
  const column = (j: number): number[] => Array.from({ length: n }, (_, i) => i * n + j)
  const divide = (of: (i: number) => number[], rest: number): void => {
    for (let i = 0; i < n; i++) {
      const sum = of(i).reduce((total, at) => total + c[at]!, rest)
      for (const at of of(i)) c[at]! /= sum
    }
  }
  for (let i = 0; i < n; i++) {
    const max = Math.max(...row(i).map((at) => c[at]!))
    for (const at of row(i)) c[at] = Math.exp(c[at]! - max)
  }
  divide(row, 0)
  for (let at = 0; at < c.length; at++) c[at]! += eps
  divide(column, eps)
  for (let i = 1; i < iterations; i++) {
    divide(row, eps)
    divide(column, eps)
  }
  return c
}
