/** What ops read and write: activations, weights, tables and what is kept between steps. Shape letters are in ops.ts. */
import type { TensorPart } from '../checkpoint/checkpoint.js'
import { invariant } from '../errors.js'

/** A buffer of activations, [T, width] or [R, width]. Ops may write parts of a value; see {@link HeadView}. */
export interface Value {
  readonly id: number
  readonly width: number
  readonly rows: 'T' | 'R'
}

/** Columns [offset, offset + width) of a value: a strided view, no copy. */
export interface View {
  readonly value: Value
  readonly offset: number
  readonly width: number
}

/** All columns of a value, or some of them. */
export function view(value: Value | View, offset = 0, width = value.width - offset): View {
  const base = 'value' in value ? value : { value, offset: 0, width: value.width }
  invariant(offset >= 0 && offset + width <= base.width, `view [${offset}, +${width}) of ${base.width} columns`)
  return { value: base.value, offset: base.offset + offset, width }
}

/** Per-head slices of a value: head h is columns [offset + h * stride, offset + h * stride + (width given by the op)). */
export interface HeadView {
  readonly value: Value
  readonly offset: number
  readonly stride: number
}

/** A tensor of the checkpoint under its published name. `shape` is [N, K] for matrices (y = W x) and [N] for vectors. */
export interface Weight {
  /** No two weights of a model share it, unless they are the same. */
  readonly name: string
  readonly shape: readonly number[]
  /** `quantizable` matrices may be re-blocked in fast mode; the rest (router, norms, biases) stays as published. */
  readonly quantizable: boolean
  /** Where the lab publishes it inside of a larger tensor; a checkpoint that has `name` itself gives that. */
  readonly part?: TensorPart
  /** Whole numbers from 0 to below this, which loading checks: a table of ids. */
  readonly idsBelow?: number
}

/**
 * How an op reads a weight. linear: rows times an activation, in integers where its format allows; headLinear: runs of
 * rows, or columns; embed: single rows, widened to f32; vector: its numbers in order, f32 whatever its shape.
 */
export type WeightUse = 'linear' | 'headLinear' | 'embed' | 'vector'

/** A weight in an op. Two ops may use one weight differently (tied embeddings); a backend plans for all its uses. */
export interface UsedWeight<Use extends WeightUse = WeightUse> extends Weight {
  readonly use: Use
}

/** Inverse frequencies and what multiplies cos and sin. Angles are position * invFreq[i], in float32 as the references do. */
export interface RopeTable {
  readonly id: number
  /** [dim / 2] */
  readonly invFreq: Float32Array
  /** Multiplies cos and sin (YaRN's attention factor); 1 when unused. */
  readonly attentionFactor: number
  /** Added to every position; 0 but for what stands for earlier positions (DeepSeek-V4's compressed entries). */
  readonly shift: number
}

/** What a sequence keeps between steps: one row of keys and one of values per position and head, stored in pages by the backend. */
export interface CacheState {
  readonly id: number
  readonly layer: number
  /** Key heads; 1 for MLA. */
  readonly heads: number
  /** Columns of a head's keys; for MLA the latent with its rope part. */
  readonly keyDim: number
  /** Columns of a head's values; 0 where they are the first columns of the keys (MLA). */
  readonly valueDim: number
  /** Only positions p with (p + 1) % every == 0 have a row; 1: all have. A power of two. */
  readonly every: number
}

/** What a sequence keeps between steps whatever its length: this many floats, all zero before its first token. */
export interface RecurrentState {
  readonly id: number
  readonly layer: number
  readonly floats: number
}

/**
 * How a gate and an up value become one; the first two are act(gate) * up. situ (Kimi K3): both are kept within bounds,
 * 4 * tanh(gate / 4) * sigmoid(gate) * 25 * tanh(up / 25).
 */
export type Activation = 'silu' | 'gelu_tanh' | 'situ' | ClampedSwiglu

/**
 * (u + upOffset) * g * sigmoid(alpha * g) with g = min(gate, limit) and u = up within [-limit, limit].
 * gpt-oss (arXiv 2508.10925): alpha 1.702, limit 7, upOffset 1.
 */
export interface ClampedSwiglu {
  readonly alpha: number
  readonly limit: number
  readonly upOffset: number
}

/**
 * Positions that a query at position i sees, its own included, and none after it.
 * sliding: the last `length`; chunked: those of its own block of `length`, blocks counted from position 0 (Llama 4).
 */
export interface AttentionSpan {
  readonly kind: 'sliding' | 'chunked'
  readonly length: number
}
