// The online softmax (arXiv 1805.02867): a page's scores join those before.
import { exp1, exp4, larger, sum4, tanh4 } from '../simd'

/**
 * Scores [from, own) of a page, whose rows have room for eight at a time, to unit * exp(scale * s - max), the rest of `count` to 0; sum and maximum are brought
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
  const padded = (count + 7) & ~7
  for (let i = own; i < padded; i++) store<f32>(scores + ((<usize>i) << 2), -Infinity)
  const before = load<f32>(maximum),
    sv = f32x4.splat(scale),
    uv = f32x4.splat(unit),
    end = scores + ((<usize>padded) << 2)
  let m0 = f32x4.splat(before),
    m1 = m0
  for (let p = scores; p < end; p += 32) {
    const a = f32x4.mul(v128.load(p), sv),
      b = f32x4.mul(v128.load(p, 16), sv)
    m0 = larger(m0, a)
    m1 = larger(m1, b)
    v128.store(p, b, 16)
    v128.store(p, a)
  }
  m0 = larger(m0, m1)
  m0 = larger(m0, v128.shuffle<i32>(m0, m0, 2, 3, 0, 1))
  m0 = larger(m0, v128.shuffle<i32>(m0, m0, 1, 0, 3, 2))
  const m = f32x4.extract_lane(m0, 0)
  let sum0 = f32x4.splat(0),
    sum1 = sum0
  for (let p = scores; p < end; p += 32) {
    const a = exp4(f32x4.sub(v128.load(p), m0)),
      b = exp4(f32x4.sub(v128.load(p, 16), m0))
    sum0 = f32x4.add(sum0, a)
    sum1 = f32x4.add(sum1, b)
    v128.store(p, f32x4.mul(b, uv), 16)
    v128.store(p, f32x4.mul(a, uv))
  }
  const factor: f32 = before == -Infinity ? 0 : exp1(before - m)
  store<f32>(sum, load<f32>(sum) * factor + sum4(f32x4.add(sum0, sum1)))
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
