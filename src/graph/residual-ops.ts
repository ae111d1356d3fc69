/** Attention over residuals: what a block reads is a mixture of all residuals before it (Kimi K3, July 2026). */
import type { View, Weight } from './values.js'

/** Rows that {@link MixBlocksOp} can mix. */
export const MOST_BLOCKS = 14

/**
 * out [T, D] = sum over blocks b of share_b * b, where share = softmax over the blocks of
 *   (norm * proj) . b * rsqrt(mean(b^2) + eps)
 * blocks: up to 14 of [T, D]; norm [D], proj [1, D].
 */
export interface MixBlocksOp {
  readonly op: 'mixBlocks'
  readonly blocks: readonly View[]
  readonly norm: Weight
  readonly proj: Weight
  readonly eps: number
  readonly out: View
}
