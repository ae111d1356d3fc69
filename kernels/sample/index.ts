// What a sampler asks of a row of logits (src/engine/sample/row-scan.ts): of each block of 32 tokens the largest logit, and the weights
// exp((logit - largest) / temperature) with their sums. A module of its own, with a memory of its own: rows come from any backend.
import { HELD_END, storeHeld } from '../cpu/held'
import { exp4, sum4 } from '../cpu/simd'

/** Tokens of a block. */
const BLOCK: usize = 32

/** Stores constants, before all else; the address after them. */
export function init(): usize {
  storeHeld()
  return HELD_END
}

/** The largest of each block of `logits`, NaN where one is NaN. */
export function maxima(logits: usize, blocks: usize, to: usize): void {
  for (const end = to + (blocks << 2); to < end; to += 4, logits += BLOCK << 2) {
    const a = f32x4.max(v128.load(logits), v128.load(logits, 16)),
      b = f32x4.max(v128.load(logits, 32), v128.load(logits, 48)),
      c = f32x4.max(v128.load(logits, 64), v128.load(logits, 80)),
      d = f32x4.max(v128.load(logits, 96), v128.load(logits, 112))
    // largest (simd.ts) takes half as long again: scalars are compared one after the other
    const e = f32x4.max(f32x4.max(a, b), f32x4.max(c, d)),
      f = f32x4.max(e, v128.shuffle<i32>(e, e, 2, 3, 0, 1)),
      g = f32x4.max(f, v128.shuffle<i32>(f, f, 1, 0, 3, 2))
    store<f32>(to, f32x4.extract_lane(g, 0))
  }
}

/** The weights of all logits, which mean nothing above `most`, and the sum of each block's; `scale`: 1 / temperature. */
export function weigh(logits: usize, blocks: usize, most: f32, scale: f32, weights: usize, sums: usize): void {
  const from = f32x4.splat(most),
    factor = f32x4.splat(scale)
  for (const end = sums + (blocks << 2); sums < end; sums += 4) {
    let sum = f32x4.splat(0)
    for (const next = logits + (BLOCK << 2); logits < next; logits += 16, weights += 16) {
      const w = exp4(f32x4.mul(f32x4.sub(v128.load(logits), from), factor))
      v128.store(weights, w)
      sum = f32x4.add(sum, w)
    }
    store<f32>(sums, sum4(sum))
  }
}
