// What a sampler asks of a row of logits (src/engine/sample/row-scan.ts): of each block of 32 tokens the largest logit, and the weights
// exp((logit - largest) / temperature) with their sums. A module of its own, with a memory of its own: rows come from any backend.

/** Tokens of a block. */
const BLOCK: usize = 32

/** Where weigh has the constants of exp4, for V8 makes a vector of a constant again wherever it is used; before all else (row-scan.ts). */
const EXP: usize = 0

/** The largest of each block of `logits`, NaN where one is NaN. */
export function maxima(logits: usize, blocks: usize, to: usize): void {
  for (const end = to + (blocks << 2); to < end; to += 4, logits += BLOCK << 2) {
    const a = f32x4.max(v128.load(logits), v128.load(logits, 16)),
      b = f32x4.max(v128.load(logits, 32), v128.load(logits, 48)),
      c = f32x4.max(v128.load(logits, 64), v128.load(logits, 80)),
      d = f32x4.max(v128.load(logits, 96), v128.load(logits, 112))
    const e = f32x4.max(f32x4.max(a, b), f32x4.max(c, d)),
      f = f32x4.max(e, v128.shuffle<i32>(e, e, 2, 3, 0, 1)),
      g = f32x4.max(f, v128.shuffle<i32>(f, f, 1, 0, 3, 2))
    store<f32>(to, f32x4.extract_lane(g, 0))
  }
}

/** The weights of all logits, none of which is above `largest`, and the sum of each block's; `scale`: 1 / temperature. */
export function weigh(logits: usize, blocks: usize, largest: f32, scale: f32, weights: usize, sums: usize): void {
  const most = f32x4.splat(largest),
    factor = f32x4.splat(scale)
  storeConstants()
  for (const end = sums + (blocks << 2); sums < end; sums += 4) {
    let sum = f32x4.splat(0)
    for (const next = logits + (BLOCK << 2); logits < next; logits += 16, weights += 16) {
      const w = exp4(f32x4.mul(f32x4.sub(v128.load(logits), most), factor))
      v128.store(weights, w)
      sum = f32x4.add(sum, w)
    }
    const two = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1)),
      one = f32x4.add(two, v128.shuffle<i32>(two, two, 1, 0, 3, 2))
    store<f32>(sums, f32x4.extract_lane(one, 0))
  }
}

function storeConstants(): void {
  store<f32>(EXP, -87)
  store<f32>(EXP, 1.4426950408889634, 4) // 1 / ln 2
  store<f32>(EXP, 12582912, 8) // 1.5 * 2^23: what is added to it is rounded to an integer, in its lowest bits
  // -ln 2 in two parts; the first has few bits, so that its products are exact
  store<f32>(EXP, -0.693359375, 12)
  store<f32>(EXP, 2.1219444e-4, 16)
  store<f32>(EXP, 1.98756915e-4, 20)
  store<f32>(EXP, 1.3981999507e-3, 24)
  store<f32>(EXP, 8.3334519073e-3, 28)
  store<f32>(EXP, 4.1665795894e-2, 32)
  store<f32>(EXP, 1.6666665459e-1, 36)
  store<f32>(EXP, 5.0000001201e-1, 40)
  store<f32>(EXP, 1, 44)
  store<i32>(EXP, 127, 48)
}

/** exp in f32 of x <= 0, within 2 units in the last place; 0 below -87. Cephes' polynomial (expf), S. Moshier. @inline */
function exp4(x: v128): v128 {
  const least = v128.load32_splat(EXP),
    rounder = v128.load32_splat(EXP, 8),
    clamped = f32x4.pmax(x, least)
  const shifted = f32x4.add(f32x4.mul(clamped, v128.load32_splat(EXP, 4)), rounder),
    n = f32x4.sub(shifted, rounder)
  const r = f32x4.add(
    f32x4.add(clamped, f32x4.mul(n, v128.load32_splat(EXP, 12))),
    f32x4.mul(n, v128.load32_splat(EXP, 16)),
  )
  let p = f32x4.add(f32x4.mul(v128.load32_splat(EXP, 20), r), v128.load32_splat(EXP, 24))
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 28))
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 32))
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 36))
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 40))
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), v128.load32_splat(EXP, 44))
  const scale = i32x4.shl(i32x4.add(shifted, v128.load32_splat(EXP, 48)), 23) // the rounder's own bits fall out
  return v128.andnot(f32x4.mul(p, scale), f32x4.lt(x, least))
}
