// The online softmax (arXiv 1805.02867): a page's scores join those before.
import { exp1, exp4, larger, sum4, tanh4 } from '../simd'

/**
 * Scores [from, own) of a page to unit * exp(scale * s - max), the rest of `count` to 0; sum and maximum are brought
 * up to date. Returns what the sums so far must be multiplied by.
 */
export function softmaxPage(
  scores: usize,
  from: i32,
  own: i32,
  count: i32,
  scale: f32,
  unit: f32,
  cap: f32,
  sum: usize,
  maximum: usize,
): f32 {
  if (from >= own) {
    memory.fill(scores, 0, (<usize>((count + 3) & ~3)) << 2)
    return 1
  }
  if (cap != 0) {
    capScores(scores, count, scale, cap)
    scale = 1
  }
  for (let i = 0; i < from; i++) store<f32>(scores + ((<usize>i) << 2), -Infinity)
  for (let i = own; i < ((count + 3) & ~3); i++) store<f32>(scores + ((<usize>i) << 2), -Infinity)
  const before = load<f32>(maximum)
  let mv = f32x4.splat(before)
  const sv = f32x4.splat(scale),
    uv = f32x4.splat(unit),
    end = (<usize>count) << 2
  for (let i: usize = 0; i < end; i += 16) {
    const s = f32x4.mul(v128.load(scores + i), sv)
    v128.store(scores + i, s)
    mv = larger(mv, s)
  }
  const m = max(
    max(f32x4.extract_lane(mv, 0), f32x4.extract_lane(mv, 1)),
    max(f32x4.extract_lane(mv, 2), f32x4.extract_lane(mv, 3)),
  )
  mv = f32x4.splat(m)
  let acc = f32x4.splat(0)
  for (let i: usize = 0; i < end; i += 16) {
    const e = exp4(f32x4.sub(v128.load(scores + i), mv))
    v128.store(scores + i, f32x4.mul(e, uv))
    acc = f32x4.add(acc, e)
  }
  const factor: f32 = before == -Infinity ? 0 : exp1(before - m)
  store<f32>(sum, load<f32>(sum) * factor + sum4(acc))
  store<f32>(maximum, m)
  return factor
}

/** scores to cap * tanh(scale * s / cap) */
function capScores(scores: usize, count: i32, scale: f32, cap: f32): void {
  const by = f32x4.splat(scale / cap),
    end = (<usize>count) << 2
  for (let i: usize = 0; i < end; i += 16)
    v128.store(scores + i, f32x4.mul(f32x4.splat(cap), tanh4(f32x4.mul(v128.load(scores + i), by))))
}
