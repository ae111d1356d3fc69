/** Parts that several architectures share, as functions of a builder. */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { matrix, vector, view, type GraphBuilder } from '../graph/builder.js'
import type { Activation, RopeTable, Value, View, Weight } from '../graph/ops.js'

/** Linear with its bias, under the checkpoint's names `NAME.weight` and `NAME.bias`. */
export function project(b: GraphBuilder, x: Value | View, name: string, n: number, bias = false): Value {
  return b.linear(x, matrix(`${name}.weight`, n, view(x).width), bias ? vector(`${name}.bias`, n) : undefined)
}

export function norm(b: GraphBuilder, x: Value | View, name: string, eps: number): View {
  return b.rmsNorm(x, vector(`${name}.weight`, view(x).width), eps)
}

export interface AttentionShape {
  readonly nHeads: number
  readonly nKvHeads: number
  readonly headDim: number
  readonly eps: number
  /** q, k and v have biases (Qwen2). */
  readonly qkvBias: boolean
  readonly outBias: boolean
  /** Per-head norms of q and k before the rotation (Qwen3). */
  readonly qkNorm: boolean
  readonly table: RopeTable
}

/** Grouped-query attention (arXiv 2305.13245) with half-split rotation; x [T, D] -> [T, D]. */
export function gqaAttention(b: GraphBuilder, x: View, name: string, s: AttentionShape): Value {
  const q = project(b, x, `${name}.q_proj`, s.nHeads * s.headDim, s.qkvBias) // [T, H * E]
  const k = project(b, x, `${name}.k_proj`, s.nKvHeads * s.headDim, s.qkvBias) // [T, K * E]
  const v = project(b, x, `${name}.v_proj`, s.nKvHeads * s.headDim, s.qkvBias)
  for (const [value, heads, which] of [
    [q, s.nHeads, 'q_norm'],
    [k, s.nKvHeads, 'k_norm'],
  ] as const) {
    if (s.qkNorm) b.rmsNorm(value, vector(`${name}.${which}.weight`, s.headDim), s.eps, { heads, out: view(value) })
    b.rope({
      x: { value, offset: 0, stride: s.headDim },
      nHeads: heads,
      dim: s.headDim,
      layout: 'half',
      table: s.table,
    })
  }
  const out = b.attention(q, k, v, {
    nHeads: s.nHeads,
    nKvHeads: s.nKvHeads,
    headDim: s.headDim,
    scale: s.headDim ** -0.5,
  })
  return project(b, out, `${name}.o_proj`, x.width, s.outBias)
}

/** What the matrices of a gated MLP are called. */
export interface MlpNames {
  readonly gate: string
  readonly up: string
  readonly down: string
}
export const PROJECTIONS: MlpNames = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' }

/** down(act(gate x) * up x); x [T, D] -> [T, D]. GLU variants, arXiv 2002.05202. */
export function gatedMlp(
  b: GraphBuilder,
  x: View,
  name: string,
  width: number,
  options: { activation?: Activation; bias?: boolean; names?: MlpNames } = {},
): Value {
  const { activation = 'silu', bias = false, names = PROJECTIONS } = options
  const gate = project(b, x, `${name}.${names.gate}`, width, bias) // [T, F]
  const up = project(b, x, `${name}.${names.up}`, width, bias)
  return project(b, b.gatedMul(gate, up, activation), `${name}.${names.down}`, x.width, bias)
}

/**
 * The embedding and the head, both [V, D]. Tied models publish one of the two, under either name.
 */
export function embeddingAndHead(
  checkpoint: Checkpoint,
  tied: boolean,
  vocabSize: number,
  hiddenSize: number,
): { embedding: Weight; head: Weight } {
  const weight = (name: string): Weight => matrix(`${name}.weight`, vocabSize, hiddenSize)
  const onlyHead = tied && !checkpoint.has('model.embed_tokens.weight') && checkpoint.has('lm_head.weight')
  const embedding = weight(onlyHead ? 'lm_head' : 'model.embed_tokens')
  return { embedding, head: tied ? embedding : weight('lm_head') }
}

/** Final norm and head on the rows whose logits are wanted: x [T, D] -> [R, V]. */
export function logits(b: GraphBuilder, x: Value, normName: string, eps: number, head: Weight): Value {
  return b.linear(norm(b, b.selectRows(x), normName, eps), head)
}
