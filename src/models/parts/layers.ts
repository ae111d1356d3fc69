/** Parts that several architectures share, as functions of a builder. */
import { matrix, vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { Activation, Value, View, Weight } from '../../graph/ops.js'

/** Linear with its bias, under the checkpoint's names `NAME.weight` and `NAME.bias`. */
export function project(b: GraphBuilder, x: Value | View, name: string, n: number, bias = false): Value {
  return b.linear(x, matrix(`${name}.weight`, n, view(x).width), bias ? vector(`${name}.bias`, n) : undefined)
}

/** `weightOffset` is 1 where the lab publishes weights less one. */
export function norm(b: GraphBuilder, x: Value | View, name: string, eps: number, weightOffset: 0 | 1 = 0): View {
  return b.rmsNorm(x, vector(`${name}.weight`, view(x).width), eps, { weightOffset })
}

/** What the matrices of a gated MLP are called. */
export interface MlpNames {
  readonly gate: string
  readonly up: string
  readonly down: string
}
export const PROJECTIONS: MlpNames = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' }
/** Mixtral's and MiniMax's. */
export const W123: MlpNames = { gate: 'w1', up: 'w3', down: 'w2' }

interface MlpOptions {
  readonly activation?: Activation
  readonly bias?: boolean
  readonly names?: MlpNames
}

/** down(act(gate x) * up x); x [T, D] -> [T, D]. GLU variants, arXiv 2002.05202. */
export function gatedMlp(b: GraphBuilder, x: View, name: string, width: number, options: MlpOptions = {}): Value {
  return beginMlp(b, x, name, width, options)()
}

/** The same in two parts, for what has to be computed between: gate and up now, the rest when the result is called. */
export function beginMlp(b: GraphBuilder, x: View, name: string, width: number, options: MlpOptions = {}): () => Value {
  const { activation = 'silu', bias = false, names = PROJECTIONS } = options
  const gate = project(b, x, `${name}.${names.gate}`, width, bias) // [T, F]
  const up = project(b, x, `${name}.${names.up}`, width, bias)
  return () => project(b, b.gatedMul(gate, up, activation), `${name}.${names.down}`, x.width, bias)
}

/** Final norm and head on the rows whose logits are wanted: x [T, D] -> [R, V]. */
export function logits(
  b: GraphBuilder,
  x: Value | View,
  normName: string,
  eps: number,
  head: Weight,
  weightOffset: 0 | 1 = 0,
): Value {
  return b.linear(norm(b, b.selectRows(x), normName, eps, weightOffset), head)
}
