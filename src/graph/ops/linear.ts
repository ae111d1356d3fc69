/** Matrices times activations. Shape letters are in ../ops.ts. */
import { invariant } from '../../errors.js'
import { view, type HeadView, type UsedWeight, type Value, type View, type Weight } from '../values.js'
import { columnsOf, rowsOf, used } from '../weights.js'
import { ElementwiseBuilder } from './elementwise.js'

/** out = W x + b; x [T, K], weight [N, K], bias [N], out [T, N]. */
export interface LinearOp {
  readonly op: 'linear'
  readonly x: View
  readonly weight: UsedWeight<'linear'>
  readonly bias?: UsedWeight<'vector'>
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
  readonly weight: UsedWeight<'headLinear'>
  readonly nHeads: number
  readonly rowOffset: number
  readonly rowStride: number
  readonly rows: number
  readonly transposed: boolean
  readonly out: HeadView
}

export type MatrixOp = LinearOp | HeadLinearOp

export interface HeadLinearOperands extends Omit<HeadLinearOp, 'op' | 'weight'> {
  readonly weight: Weight
}

export class LinearBuilder<Other> extends ElementwiseBuilder<Other | MatrixOp> {
  linear(x: Value | View, weight: Weight, bias?: Weight): Value {
    const out = this.value(rowsOf(weight), view(x).value.rows)
    this.linearInto(x, weight, view(out), bias)
    return out
  }

  linearInto(x: Value | View, weight: Weight, out: View, bias?: Weight): View {
    const xv = view(x)
    invariant(columnsOf(weight) === xv.width, `linear ${weight.name} [${weight.shape}] on ${xv.width} columns`)
    invariant(rowsOf(weight) === out.width, `linear ${weight.name} [${weight.shape}] into ${out.width} columns`)
    const read = { weight: used(weight, 'linear'), ...(bias && { bias: used(bias, 'vector') }) }
    return this.push({ op: 'linear', x: xv, ...read, out }, out)
  }

  headLinear(op: HeadLinearOperands): HeadView {
    return this.push({ op: 'headLinear', ...op, weight: used(op.weight, 'headLinear') }, op.out)
  }
}
