/**
 * The vocabulary of models: every op once, with its shape rule. Models build lists of these; backends run them.
 *
 * Shape letters: T tokens in this step, R rows of T whose logits are wanted, H query heads, K key/value heads, E head
 * width, F feed-forward width, X experts, V vocabulary. All activations are f32, row-major, one row per token.
 *
 * Fields whose name begins with `out` are written; all other values and views are read; weights stand in the order in
 * which a loader should read them. {@link valuesOf}, {@link weightsOf} and {@link statesOf} rely on it.
 */
import type { RecurrentOp } from './recurrent-ops.js'
import type { MixBlocksOp } from './residual-ops.js'
import type { SparseOp } from './sparse-ops.js'
import type { StreamOp } from './stream-ops.js'
import type {
  Activation,
  AttentionSpan,
  CacheState,
  ClampedSwiglu,
  HeadView,
  RecurrentState,
  RopeTable,
  Value,
  View,
  Weight,
} from './values.js'

export type * from './recurrent-ops.js'
export type * from './residual-ops.js'
export type * from './sparse-ops.js'
export type * from './stream-ops.js'
export type {
  Activation,
  AttentionSpan,
  CacheState,
  ClampedSwiglu,
  HeadView,
  RecurrentState,
  RopeTable,
  Value,
  View,
  Weight,
}

/** out[t] = weight[token[t]]; weight [V, D], out [T, D]. */
export interface EmbedOp {
  readonly op: 'embed'
  readonly weight: Weight
  readonly out: Value
}

/**
 * For each of `heads` slices of width E: out = (weightOffset + weight) * x * rsqrt(mean(x^2) + eps), statistics in f32.
 * x and out are [T, heads * E] views (they may be the same columns), weight [E] or absent (unweighted).
 * weightOffset is 1 where the lab publishes weights less one (Gemma 3, Qwen3-Next), else 0.
 */
export interface RmsNormOp {
  readonly op: 'rmsNorm'
  readonly x: View
  readonly weight?: Weight
  readonly weightOffset: 0 | 1
  readonly eps: number
  readonly heads: number
  readonly out: View
}

/** out = weight * (x - mean(x)) * rsqrt(var(x) + eps) + bias; all [T, N], weight and bias [N]. */
export interface LayerNormOp {
  readonly op: 'layerNorm'
  readonly x: View
  readonly weight: Weight
  readonly bias: Weight
  readonly eps: number
  readonly out: View
}

/** out = W x + b; x [T, K], weight [N, K], bias [N], out [T, N]. */
export interface LinearOp {
  readonly op: 'linear'
  readonly x: View
  readonly weight: Weight
  readonly bias?: Weight
  readonly out: View
}

/**
 * One small matrix per head, rows of one big weight [*, K']: head h owns rows [rowOffset + h * rowStride, ... + rows).
 * transposed=false: out_h[i] = sum_j W[r0 + i, j] x_h[j]   (x_h has K' columns, out_h has `rows`)
 * transposed=true:  out_h[j] = sum_i W[r0 + i, j] x_h[i]   (x_h has `rows` columns, out_h has K')
 * MLA's absorbed weights: DeepSeek-V2 (arXiv 2405.04434), section 2.1.2.
 */
export interface HeadLinearOp {
  readonly op: 'headLinear'
  readonly x: HeadView
  readonly weight: Weight
  readonly nHeads: number
  readonly rowOffset: number
  readonly rowStride: number
  readonly rows: number
  readonly transposed: boolean
  readonly out: HeadView
}

/**
 * Rotates `dim` columns of each head by the step's positions; x and out may be the same columns.
 * half: pairs (i, i + dim/2); interleaved: pairs (2i, 2i + 1). `inverse` turns back.  RoFormer, arXiv 2104.09864.
 */
export interface RopeOp {
  readonly op: 'rope'
  readonly x: HeadView
  readonly out: HeadView
  readonly nHeads: number
  readonly dim: number
  readonly layout: 'half' | 'interleaved'
  readonly inverse?: boolean
  readonly table: RopeTable
}

/**
 * Appends k [T, K * E] and v [T, K * Ev] to the cache, then softmax(scale * q k^T) v over positions <= own, in f32.
 * q [T, H * E], out [T, H * Ev]; query head h reads key head floor(h / (H / K)).
 * span: only positions in it. softcap: scores s become softcap * tanh(s / softcap) (Gemma 2, arXiv 2408.00118).
 * sinks [H]: one more score in a head's softmax, without a value (gpt-oss, arXiv 2508.10925).
 */
export interface AttentionOp {
  readonly op: 'attention'
  readonly q: View
  readonly k: View
  readonly v: View
  readonly state: CacheState
  readonly nHeads: number
  readonly nKvHeads: number
  readonly headDim: number
  readonly vHeadDim: number
  readonly scale: number
  readonly span?: AttentionSpan
  readonly softcap?: number
  readonly sinks?: Weight
  readonly out: View
}

/**
 * Multi-head latent attention in absorbed form: appends latent [T, rank + rope] to the cache; all heads share it.
 * q [T, H * (rank + rope)]; the values are the first `rank` columns of the cached latents; out [T, H * rank].
 */
export interface MlaAttentionOp {
  readonly op: 'mlaAttention'
  readonly q: View
  readonly latent: View
  readonly state: CacheState
  readonly nHeads: number
  readonly rank: number
  readonly ropeDim: number
  readonly scale: number
  readonly out: View
}

/**
 * Chooses topK of X experts per token. logits [T, X], bias [X] (selection only), out [T, 2 * topK]: columns [0, topK)
 * hold expert ids (i32 bits), [topK, 2 topK) their weights (f32), in order of falling selection score.
 * scores = softmax(logits), sigmoid(logits) or sqrt(softplus(logits)); key = scores + bias; with nGroups > 1 only experts
 * of the topkGroups groups with the best groupScore stay (others -inf): max of the group, or the sum of its two best keys.
 * weight = score of the chosen, divided by (their sum + epsilon) if normalize, times scale. Ties: the lower id wins.
 * With a table [V, topK] the ids are those of the token's row instead, in that order (hash layers, arXiv 2106.04426).
 * chosenSoftmax and chosenSigmoid choose by the logits themselves, and then take softmax or sigmoid of the chosen.
 */
export interface RouteOp {
  readonly op: 'route'
  readonly logits: View
  readonly bias?: Weight
  /** Expert ids below X; whoever builds the program has checked them. */
  readonly table?: Weight
  readonly scoring: 'softmax' | 'sigmoid' | 'sqrtsoftplus' | 'chosenSoftmax' | 'chosenSigmoid'
  readonly nGroups: number
  readonly topkGroups: number
  readonly groupScore: 'max' | 'top2sum'
  readonly topK: number
  readonly normalize: boolean
  /** DeepSeek-V3 and its kin add 1e-20, others nothing. */
  readonly epsilon: number
  readonly scale: number
  readonly out: Value
}

/**
 * out = sum over the chosen experts e of weight_e * down_e(act(gate_e x) * up_e x), ids in order; x, out [T, D].
 * weighted: 'input' gives e the input weight_e * x instead and sums its outputs as they are (Llama 4).
 */
export interface ExpertsOp {
  readonly op: 'experts'
  readonly x: View
  readonly routing: Value
  readonly topK: number
  /** One [F, D] per expert. */
  readonly gate: readonly Weight[]
  readonly up: readonly Weight[]
  /** One [D, F] per expert. */
  readonly down: readonly Weight[]
  /** One per expert, [F], [F] and [D]; added before the activation, and before the weight. */
  readonly gateBias?: readonly Weight[]
  readonly upBias?: readonly Weight[]
  readonly downBias?: readonly Weight[]
  readonly weighted: 'output' | 'input'
  readonly activation: Activation
  /**
   * Only the experts from id `first` on, as many as there are matrices: a backend that divides a layer between memories has
   * several of these. `adds`: out goes on from what the part before it summed.
   */
  readonly part?: { readonly first: number; readonly adds: boolean }
  readonly out: View
}

/** out = act(gate) * up; all [T, F]. */
export interface GatedMulOp {
  readonly op: 'gatedMul'
  readonly gate: View
  readonly up: View
  readonly activation: Activation
  readonly out: View
}

/**
 * out = factor * x; all [T, D]; out may be x. With a temperature, also times
 * 1 + beta * ln(1 + floor((position + shift) / length)): attention over longer contexts than those trained on.
 * Llama 4's NoPE layers have shift 1, Ministral 3 has 0; both as in transformers.
 */
export interface ScaleOp {
  readonly op: 'scale'
  readonly x: View
  readonly factor: number
  readonly temperature?: { readonly beta: number; readonly length: number; readonly shift: number }
  readonly out: View
}

/** out = a + b; all [T, D]; out may be a. */
export interface AddOp {
  readonly op: 'add'
  readonly a: View
  readonly b: View
  readonly out: View
}

/** Keeps the rows whose logits are wanted: x [T, D] -> out [R, D]. */
export interface SelectRowsOp {
  readonly op: 'selectRows'
  readonly x: View
  readonly out: Value
}

export type Op =
  | EmbedOp
  | RmsNormOp
  | LayerNormOp
  | LinearOp
  | HeadLinearOp
  | RopeOp
  | AttentionOp
  | MlaAttentionOp
  | RouteOp
  | ExpertsOp
  | GatedMulOp
  | ScaleOp
  | AddOp
  | SelectRowsOp
  | RecurrentOp
  | MixBlocksOp
  | SparseOp
  | StreamOp

/** The values that an op reads and writes, for liveness. A value that is written in parts counts as both. */
export function valuesOf(op: Op): { reads: Value[]; writes: Value[] } {
  const reads: Value[] = []
  const writes: Value[] = []
  for (const [key, field] of Object.entries(op) as [string, unknown][]) {
    const list = key.startsWith('out') ? writes : reads
    for (const part of Array.isArray(field) ? (field as unknown[]) : [field]) {
      if (isValue(part)) list.push(part)
      else if (isObject(part) && isValue(part['value'])) list.push(part['value'])
    }
  }
  return { reads, writes }
}

/** The checkpoint tensors that an op needs. */
export function weightsOf(op: Op): Weight[] {
  return (Object.values(op) as unknown[]).flatMap((field) =>
    Array.isArray(field) ? (field as unknown[]).filter(isWeight) : isWeight(field) ? [field] : [],
  )
}

/** What an op keeps between steps. */
export function statesOf(op: Op): CacheState[] {
  return [...new Set((Object.values(op) as unknown[]).filter(isState))]
}

function isState(field: unknown): field is CacheState {
  return isObject(field) && 'keyDim' in field
}

function isObject(field: unknown): field is Record<string, unknown> {
  return typeof field === 'object' && field !== null
}

function isValue(field: unknown): field is Value {
  return isObject(field) && 'width' in field && 'rows' in field
}

function isWeight(field: unknown): field is Weight {
  return isObject(field) && 'shape' in field && 'quantizable' in field
}
