/**
 * Layers that keep a state of fixed size instead of keys and values: short convolutions and the gated delta rule, as in
 * Gated DeltaNet (arXiv 2412.06464; Qwen3-Next, Qwen3.5) and Kimi Delta Attention (arXiv 2510.26692). Shape letters are in
 * ../ops.ts. E and Ev are the widths of a head's keys and values; both are multiples of four.
 *
 * What a token sees of a {@link RecurrentState} is what its sequence's earlier tokens left; at position 0 it is zeros.
 */
import { invariant } from '../../errors.js'
import {
  view,
  type HeadView,
  type RecurrentState,
  type UsedWeight,
  type Value,
  type View,
  type Weight,
} from '../values.js'
import { used } from '../weights.js'
import { SparseBuilder } from './sparse.js'

/** Inputs that a short convolution looks at, the token's own included. */
export const CONV_TAPS = 4

/**
 * Causal convolution of every column by itself, then SiLU: out_t = silu(sum over j < 4 of weight[:, j] * x_(t - 3 + j)).
 * x and out [T, C], which may be the same columns; weight [C, 1, 4] or [C, 4]. Keeps the last three inputs, [3, C].
 */
export interface ShortConvOp {
  readonly op: 'shortConv'
  readonly x: View
  readonly weight: UsedWeight<'vector'>
  readonly recurrent: RecurrentState
  readonly out: View
}

/**
 * How much of the state stays: out = exp(g), in (0, 1], from x [T, H * n], bias [H * n] and the first H numbers of rate; column
 * c is of head floor(c / n).
 *   softplus:  g = -exp(rate) * softplus(x + bias)
 *   bounded:   g = bound * sigmoid(exp(rate) * (x + bias)), bound < 0   (Kimi K3)
 * n is 1 (a head decays as one) or the width of its keys (every channel by itself). out may be x.
 */
export interface DecayOp {
  readonly op: 'decay'
  readonly x: View
  readonly rate: UsedWeight<'vector'>
  readonly bias: UsedWeight<'vector'>
  readonly nHeads: number
  /** Absent: softplus. */
  readonly bound?: number
  readonly out: View
}

/** Tokens that the delta rule takes together; where they begin depends on positions alone. */
export const DELTA_CHUNK = 16

/**
 * The gated delta rule. Head h of H keeps a matrix S [E, Ev]; for each token in turn
 *   q' = E^-0.5 * q / sqrt(sum q^2 + 1e-6),  k' = k / sqrt(sum k^2 + 1e-6),  beta' = sigmoid(beta)
 *   S = decay * S   (decay of the head, or of each row of S)
 *   S = S + k' (beta' * (v - k'^T S))^T
 *   out = q'^T S
 * q and k [T, K * E], of which head h reads number floor(h / (H / K)); v and out [T, H * Ev]; decay [T, H] or [T, H * E];
 * beta [T, H].
 *
 * Sixteen tokens are one product with S (the WY form, arXiv 2406.06484): what a chunk adds to S is put in at its end, and
 * its tokens see it through their keys. So the state holds S as it was at the last position that is a multiple of 16, and
 * for each token since then its key, decayed, and what it wrote: the result does not depend on how tokens came in steps.
 */
export interface DeltaRuleOp {
  readonly op: 'deltaRule'
  readonly q: View
  readonly k: View
  readonly v: View
  readonly decay: View
  readonly beta: View
  readonly recurrent: RecurrentState
  readonly nHeads: number
  readonly nKeyHeads: number
  readonly keyDim: number
  readonly valueDim: number
  readonly out: View
}

/**
 * What {@link DeltaRuleOp} keeps of a head: S [E, Ev], the decay since the chunk began [E], keys [16, E], writes [16, Ev];
 * Ev rounded up to sixteens.
 */
export function deltaHeadFloats(keyDim: number, valueDim: number): number {
  const columns = Math.ceil(valueDim / 16) * 16
  return keyDim * columns + keyDim + DELTA_CHUNK * (keyDim + columns)
}

/** out = weight * x * rsqrt(mean(x^2) + eps) * activation(gate), for each of `heads` slices; weight [E], the rest [T, heads * E]. */
export interface GatedNormOp {
  readonly op: 'gatedNorm'
  readonly x: View
  readonly gate: View
  readonly weight: UsedWeight<'vector'>
  readonly activation: 'silu' | 'sigmoid'
  readonly heads: number
  readonly eps: number
  readonly out: View
}

/** out = sigmoid(gate) * x; x and out [T, N], which may be the same columns; gate [T, N], or [T, 1] for all of them. */
export interface SigmoidGateOp {
  readonly op: 'sigmoidGate'
  readonly x: View
  readonly gate: View
  readonly out: View
}

/** Copies `width` columns of each head to where `out` wants them. */
export interface CopyHeadsOp {
  readonly op: 'copyHeads'
  readonly x: HeadView
  readonly out: HeadView
  readonly nHeads: number
  readonly width: number
}

export type RecurrentOp = ShortConvOp | DecayOp | DeltaRuleOp | GatedNormOp | SigmoidGateOp | CopyHeadsOp

export class RecurrentBuilder<Other> extends SparseBuilder<Other | RecurrentOp> {
  /** Writes over x. */
  shortConv(x: Value | View, weight: Weight): View {
    const out = view(x)
    invariant(out.width % 4 === 0, `shortConv of ${out.width} columns`)
    invariant(weight.shape[0] === out.width && weight.shape.at(-1) === CONV_TAPS, `shortConv ${weight.name}`)
    const kept = { weight: used(weight, 'vector'), recurrent: this.recurrent(3 * out.width) }
    return this.push({ op: 'shortConv', x: out, ...kept, out }, out)
  }

  /** Writes over x. */
  decay(x: Value | View, rate: Weight, bias: Weight, options: Pick<DecayOp, 'nHeads' | 'bound'>): View {
    const out = view(x)
    invariant(out.width % options.nHeads === 0 && bias.shape[0] === out.width, `decay of ${out.width} columns`)
    invariant(Math.max(...rate.shape) >= options.nHeads, `decay ${rate.name} for ${options.nHeads} heads`)
    const read = { rate: used(rate, 'vector'), bias: used(bias, 'vector') }
    return this.push({ op: 'decay', x: out, ...read, ...options, out }, out)
  }

  deltaRule(
    inputs: Record<'q' | 'k' | 'v' | 'decay' | 'beta', Value | View>,
    shape: Pick<DeltaRuleOp, 'nHeads' | 'nKeyHeads' | 'keyDim' | 'valueDim'>,
    out: View = view(this.value(shape.nHeads * shape.valueDim)),
  ): View {
    const { nHeads, nKeyHeads, keyDim, valueDim } = shape
    const views = {
      q: view(inputs.q),
      k: view(inputs.k),
      v: view(inputs.v),
      decay: view(inputs.decay),
      beta: view(inputs.beta),
    }
    invariant(nHeads % nKeyHeads === 0 && keyDim % 4 === 0 && valueDim % 4 === 0, 'deltaRule heads')
    invariant(views.q.width === nKeyHeads * keyDim && views.k.width === views.q.width, 'deltaRule q or k width')
    invariant(views.v.width === nHeads * valueDim && views.beta.width === nHeads, 'deltaRule v or beta width')
    invariant([nHeads, nHeads * keyDim].includes(views.decay.width), `deltaRule decay of ${views.decay.width} columns`)
    const recurrent = this.recurrent(nHeads * deltaHeadFloats(keyDim, valueDim))
    invariant(out.width === views.v.width, 'deltaRule out width')
    return this.push({ op: 'deltaRule', ...views, recurrent, nHeads, nKeyHeads, keyDim, valueDim, out }, out)
  }

  gatedNorm(
    x: Value | View,
    gate: Value | View,
    weight: Weight,
    options: { eps: number; activation: 'silu' | 'sigmoid' },
  ): Value {
    const heads = view(x).width / weight.shape[0]!
    invariant(Number.isInteger(heads) && view(gate).width === view(x).width, `gatedNorm of ${view(x).width} columns`)
    invariant(weight.shape[0]! % 4 === 0, `gatedNorm of heads of ${weight.shape[0]} columns`)
    const out = this.value(view(x).width)
    const views = { x: view(x), gate: view(gate), weight: used(weight, 'vector') }
    return this.push({ op: 'gatedNorm', ...views, ...options, heads, out: view(out) }, out)
  }

  /** Writes over x. */
  sigmoidGate(x: Value | View, gate: Value | View): View {
    const out = view(x)
    invariant([1, out.width].includes(view(gate).width), `sigmoidGate of ${out.width} columns by ${view(gate).width}`)
    return this.push({ op: 'sigmoidGate', x: out, gate: view(gate), out }, out)
  }

  copyHeads(x: HeadView, out: HeadView, nHeads: number, width: number): HeadView {
    return this.push({ op: 'copyHeads', x, out, nHeads, width }, out)
  }
}
