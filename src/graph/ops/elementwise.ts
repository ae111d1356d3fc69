/** Embedding, norms, rotation, sums and products: one row at a time. Shape letters are in ../ops.ts. */
import { invariant } from '../../errors.js'
import { OpList } from '../op-list.js'
import {
  view,
  type Activation,
  type HeadView,
  type RopeTable,
  type UsedWeight,
  type Value,
  type View,
  type Weight,
} from '../values.js'
import { columnsOf, used } from '../weights.js'

/** out[t] = weight[token[t]]; weight [V, D], out [T, D]. */
export interface EmbedOp {
  readonly op: 'embed'
  readonly weight: UsedWeight<'embed'>
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
  readonly weight?: UsedWeight<'vector'>
  readonly weightOffset: 0 | 1
  readonly eps: number
  readonly heads: number
  readonly out: View
}

/** out = weight * (x - mean(x)) * rsqrt(var(x) + eps) + bias; all [T, N], weight and bias [N]. */
export interface LayerNormOp {
  readonly op: 'layerNorm'
  readonly x: View
  readonly weight: UsedWeight<'vector'>
  readonly bias: UsedWeight<'vector'>
  readonly eps: number
  readonly out: View
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
  readonly pairs: 'half' | 'interleaved'
  readonly inverse?: boolean
  readonly table: RopeTable
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

export type ElementwiseOp = EmbedOp | RmsNormOp | LayerNormOp | RopeOp | GatedMulOp | ScaleOp | AddOp | SelectRowsOp

export class ElementwiseBuilder<Other> extends OpList<Other | ElementwiseOp> {
  embed(weight: Weight): Value {
    const out = this.value(columnsOf(weight))
    return this.push({ op: 'embed', weight: used(weight, 'embed'), out }, out)
  }

  /** Normalises each of `heads` slices; writes to `out`, by default a new value. */
  rmsNorm(
    x: Value | View,
    weight: Weight | undefined,
    eps: number,
    options: { heads?: number; weightOffset?: 0 | 1; out?: View } = {},
  ): View {
    const heads = options.heads ?? 1
    const xv = view(x)
    invariant(xv.width % heads === 0, `rmsNorm of ${xv.width} columns in ${heads} heads`)
    invariant(
      !weight || weight.shape[0] === xv.width / heads,
      `rmsNorm weight ${weight?.name} against ${xv.width / heads}`,
    )
    const out = options.out ?? view(this.value(xv.width, xv.value.rows))
    const { weightOffset = 0 } = options
    const read = weight && { weight: used(weight, 'vector') }
    return this.push({ op: 'rmsNorm', x: xv, ...read, weightOffset, eps, heads, out }, out)
  }

  layerNorm(x: Value | View, weight: Weight, bias: Weight, eps: number): View {
    const xv = view(x)
    invariant(weight.shape[0] === xv.width && bias.shape[0] === xv.width, `layerNorm ${weight.name} on ${xv.width}`)
    const out = view(this.value(xv.width, xv.value.rows))
    const read = { weight: used(weight, 'vector'), bias: used(bias, 'vector') }
    return this.push({ op: 'layerNorm', x: xv, ...read, eps, out }, out)
  }

  rope(op: Omit<RopeOp, 'op' | 'out'> & { out?: HeadView }): HeadView {
    invariant(
      op.table.invFreq.length * 2 === op.dim,
      `rope of ${op.dim} columns with ${op.table.invFreq.length} frequencies`,
    )
    const out = op.out ?? op.x
    return this.push({ op: 'rope', ...op, out }, out)
  }

  gatedMul(gate: Value | View, up: Value | View, activation: Activation = 'silu'): Value {
    const out = this.value(view(gate).width)
    return this.push({ op: 'gatedMul', gate: view(gate), up: view(up), activation, out: view(out) }, out)
  }

  /** Writes to `out`, by default a new value. */
  scale(x: Value | View, factor: number, options: Pick<Partial<ScaleOp>, 'temperature' | 'out'> = {}): View {
    const xv = view(x)
    const { temperature, out = view(this.value(xv.width, xv.value.rows)) } = options
    invariant(out.width === xv.width, `scale ${xv.width} columns into ${out.width}`)
    invariant(!temperature || (xv.value.rows === 'T' && temperature.length > 0), 'a temperature needs positions')
    return this.push({ op: 'scale', x: xv, factor, ...(temperature && { temperature }), out }, out)
  }

  add(a: Value | View, b: Value | View): Value {
    invariant(view(a).width === view(b).width, `add ${a.width} and ${b.width} columns`)
    const out = this.value(view(a).width)
    return this.push({ op: 'add', a: view(a), b: view(b), out: view(out) }, out)
  }

  selectRows(x: Value | View): Value {
    const out = this.value(view(x).width, 'R')
    return this.push({ op: 'selectRows', x: view(x), out }, out)
  }
}
