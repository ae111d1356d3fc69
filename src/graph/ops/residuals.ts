/** Attention over residuals: what a block reads is a mixture of all residuals before it (Kimi K3, July 2026). */
import { invariant } from '../../errors.js'
import { view, type UsedWeight, type Value, type View, type Weight } from '../values.js'
import { used } from '../weights.js'
import { StreamBuilder } from './streams.js'

/** Rows that {@link MixResidualsOp} can mix. */
export const MOST_RESIDUALS = 14

/**
 * out [T, D] = sum over blocks b of share_b * b, where share = softmax over the blocks of
 *   (norm * proj) . b * rsqrt(mean(b^2) + eps)
 * blocks: up to 14 of [T, D]; norm [D], proj [1, D].
 */
export interface MixResidualsOp {
  readonly op: 'mixResiduals'
  readonly blocks: readonly View[]
  readonly norm: UsedWeight<'vector'>
  readonly proj: UsedWeight<'vector'>
  readonly eps: number
  readonly out: View
}

export type ResidualOp = MixResidualsOp

export class ResidualBuilder<Other> extends StreamBuilder<Other | ResidualOp> {
  mixResiduals(blocks: readonly (Value | View)[], norm: Weight, proj: Weight, eps: number): View {
    const views = blocks.map((block) => view(block))
    const { width } = views[0]!
    invariant(
      views.length <= MOST_RESIDUALS && views.every((v) => v.width === width),
      `mixResiduals of ${views.length}`,
    )
    const out = view(this.value(width))
    const read = { norm: used(norm, 'vector'), proj: used(proj, 'vector') }
    return this.push({ op: 'mixResiduals', blocks: views, ...read, eps, out }, out)
  }
}
