// Activations to int8 per block of 32: x ~ scale * code, code in -127..127.
// A quantised row of Kp = K rounded up to 32 columns: codes i8 [Kp], their positive parts [Kp], their negative parts
// [Kp], scales f32 [Kp/32], -8 * sum of codes i32 [Kp/32] (what the offset of 4-bit codes costs).
import { claim, claimSize, field, fieldPtr, rowsOf, scratch } from './control'

/** Record: 5 x, 6 x row bytes, 7 out, 8 out row bytes, 9 K. */
export function quantize(rec: usize): void {
  const rows = rowsOf(rec), size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++)
      quantizeRow(fieldPtr(rec, 5) + <usize>i * <usize>field(rec, 6), fieldPtr(rec, 7) + <usize>i * <usize>field(rec, 8), field(rec, 9))
}

function quantizeRow(x: usize, out: usize, K: i32): void {
  const Kp = <usize>((K + 31) & ~31), scales = out + 3 * Kp, offsets = scales + (Kp >> 3)
  const full = K & ~31
  for (let c = 0; c < full; c += 32, x += 128)
    quantizeBlock(x, out + <usize>c, Kp, scales + (<usize>c >> 3), offsets + (<usize>c >> 3))
  if (full < K) {
    // the ragged end, padded with zeros in scratch
    const pad = scratch
    memory.fill(pad, 0, 128)
    for (let i = full; i < K; i++) store<f32>(pad + (<usize>(i - full) << 2), load<f32>(x + (<usize>(i - full) << 2)))
    quantizeBlock(pad, out + <usize>full, Kp, scales + (<usize>full >> 3), offsets + (<usize>full >> 3))
  }
}

// @ts-ignore: decorator
@inline function quantizeBlock(x: usize, out: usize, Kp: usize, scale: usize, offset: usize): void {
  let m = f32x4.splat(0)
  for (let i: usize = 0; i < 128; i += 16) m = f32x4.max(m, f32x4.abs(v128.load(x + i)))
  const amax = max(max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)), max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)))
  store<f32>(scale, amax / 127)
  const inverse = f32x4.splat(amax > 0 ? 127 / amax : 0), zero = i8x16.splat(0)
  let sum = i32x4.splat(0)
  for (let half: usize = 0; half < 2; half++) {
    const p = x + (half << 6)
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(p), inverse)))
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(p, 16), inverse)))
    const c = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(p, 32), inverse)))
    const d = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(p, 48), inverse)))
    sum = i32x4.add(sum, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)))
    const codes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
    v128.store(out + (half << 4), codes)
    v128.store(out + Kp + (half << 4), i8x16.max_s(codes, zero))
    v128.store(out + 2 * Kp + (half << 4), i8x16.max_s(i8x16.neg(codes), zero))
  }
  store<i32>(offset, -8 * (i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)))
}
