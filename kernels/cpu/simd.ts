// Vector building blocks. Those that products are made of are the one place where relaxed SIMD and baseline SIMD
// differ.
import {
  ROUNDER,
  expBias,
  expLeast,
  expMost,
  expOne,
  expRounder,
  expStep,
  expStepRest,
  expSteps,
  expTerm,
  heldF16Bits,
} from './held'

/**
 * acc + pairs of products in i16: acc[r, h] += a[r][2h] b[r][2h] + a[r][2h + 1] b[r][2h + 1]; a: i8, b: codes 0..15.
 * Eight of them fit: 8 * 2 * 127 * 15 = 30480.
 * @inline
 */
export function dot2(acc: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.add(acc, i16x8.relaxed_dot_i8x16_i7x16_s(a, b))
  else {
    const lo = i16x8.extmul_low_i8x16_s(a, b),
      hi = i16x8.extmul_high_i8x16_s(a, b)
    const even = v128.shuffle<i16>(lo, hi, 0, 2, 4, 6, 8, 10, 12, 14)
    const odd = v128.shuffle<i16>(lo, hi, 1, 3, 5, 7, 9, 11, 13, 15)
    return i16x8.add(acc, i16x8.add(even, odd))
  }
}

// What the second operand of dot4 may be. Its top bit is left to the engine by the relaxed SIMD proposal.
/** 7 bits, and dot2 is the faster one. */
export const NIBBLES: i32 = 0
export const BYTES_UNSIGNED: i32 = 1
export const BYTES_SIGNED: i32 = 2

/** acc + sums of four products in i32: acc[r] += a[r][0..3] b[r][0..3]; a: i8, b: see above. @inline */
export function dot4(acc: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, acc)
  else return i32x4.add(acc, i32x4.extadd_pairwise_i16x8_s(dot2(i16x8.splat(0), a, b)))
}

/**
 * Asks dot4 what it does with 8 bits; `at`: 32 bytes, so that no compiler knows the answer. Instructions that take 7
 * saturate.
 */
export function productsOf(at: usize): i32 {
  memory.fill(at, 127, 16)
  memory.fill(at + 16, 255, 16)
  const sum = i32x4.extract_lane(dot4(i32x4.splat(0), v128.load(at), v128.load(at, 16)), 0)
  return sum == 4 * 127 * 255 ? BYTES_UNSIGNED : sum == 4 * 127 * -1 ? BYTES_SIGNED : NIBBLES
}

/** table[index] for 16 indices below 16. @inline */
export function lookUp(table: v128, index: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(table, index) : i8x16.swizzle(table, index)
}

/** a * b + c: rounded once with relaxed SIMD on processors that fuse it, else twice. @inline */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

/** Of the four lanes. @inline */
export function largest(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  )
}

/** Sum of the four lanes, always in the same order. @inline */
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

/** Four sums at once: lane r of the result is the sum of the lanes of vector r. @inline */
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5),
    ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5),
    cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  const ab = f32x4.add(ab0, ab1),
    cd = f32x4.add(cd0, cd1)
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3))
}

/**
 * Four pairs of vectors, side by side at p: what V8 makes vectors of 256 bits by, if of each pair the upper one is stored first (docs/kernels.md). @inline
 */
export function storePairs(p: usize, a: v128, a1: v128, b: v128, b1: v128, c: v128, c1: v128, d: v128, d1: v128): void {
  v128.store(p, a1, 16)
  v128.store(p, a)
  v128.store(p, b1, 48)
  v128.store(p, b, 32)
  v128.store(p, c1, 80)
  v128.store(p, c, 64)
  v128.store(p, d1, 112)
  v128.store(p, d, 96)
}

/** Four sums, each of two vectors that lie side by side. @inline */
export function halves4(p: usize): v128 {
  return sums4(
    f32x4.add(v128.load(p), v128.load(p, 16)),
    f32x4.add(v128.load(p, 32), v128.load(p, 48)),
    f32x4.add(v128.load(p, 64), v128.load(p, 80)),
    f32x4.add(v128.load(p, 96), v128.load(p, 112)),
  )
}

/** Four f16, widened to i32, to f32 times 2^-112: the bits are moved into place. @inline */
export function moveF16x4(halves: v128, mask: v128): v128 {
  return v128.and(i32x4.shl(halves, 13), mask)
}
/**
 * Four f16, widened to i32, to f32 times `multiplier / 2^112`: the bits are moved into place and the exponent bias is
 * mended by the multiplication, which also makes subnormals right. Infinities and NaN are refused by the loader.
 * @inline
 */
export function widenF16x4(halves: v128, multiplier: v128): v128 {
  return f32x4.mul(moveF16x4(halves, heldF16Bits()), multiplier)
}
/** The four at p. @inline */
export function loadF16x4(p: usize, multiplier: v128): v128 {
  return widenF16x4(v128.load16x4_s(p), multiplier)
}
/** The four after them; V8 loads all eight at once where it fuses vectors, if it sees the offset. @inline */
export function nextF16x4(p: usize, multiplier: v128): v128 {
  return widenF16x4(v128.load16x4_s(p, 8), multiplier)
}

/** Four of eight f16. @inline */
export function lowerF16x4(halves: v128, multiplier: v128): v128 {
  return widenF16x4(i32x4.extend_low_i16x8_s(halves), multiplier)
}
/** The others. @inline */
export function upperF16x4(halves: v128, multiplier: v128): v128 {
  return widenF16x4(i32x4.extend_high_i16x8_s(halves), multiplier)
}

/**
 * f32 to f16 to nearest even: the bias is moved by a multiplication, which also makes subnormals; beyond 65504 clamps.
 * @inline
 */
export function toHalf(v: v128): i64 {
  const m = f32x4.mul(f32x4.pmin(f32x4.abs(v), f32x4.splat(65504)), f32x4.splat(reinterpret<f32>(0x07800000))) // 2^-112
  const odd = v128.and(i32x4.shr_u(m, 13), i32x4.splat(1))
  const bits = i32x4.shr_u(i32x4.add(m, i32x4.add(odd, i32x4.splat(0xfff))), 13)
  const half = v128.or(bits, v128.and(i32x4.shr_u(v, 16), i32x4.splat(0x8000)))
  return i64x2.extract_lane(i16x8.narrow_i32x4_u(half, half), 0)
}

/** To the nearest integer, as i32; |x| < 2^22. Fewer instructions than nearest and trunc_sat. @inline */
export function rounded(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(ROUNDER)), i32x4.splat(0x4b400000))
}

/** The larger of each; one instruction where f32x4.max takes eight. A NaN in b is not seen. @inline */
export function larger(a: v128, b: v128): v128 {
  return f32x4.pmax(a, b)
}

/**
 * exp in f32, within 2 units in the last place for x in [-87, 88]; 0 below. Cephes' polynomial (expf), S. Moshier.
 * @inline
 */
export function exp4(x: v128): v128 {
  const least = expLeast(),
    rounder = expRounder(),
    clamped = f32x4.pmax(f32x4.pmin(x, expMost()), least)
  const shifted = madd(clamped, expSteps(), rounder),
    n = f32x4.sub(shifted, rounder)
  // x - n ln 2, with ln 2 in two parts so that nothing is lost
  const r = madd(n, expStepRest(), madd(n, expStep(), clamped))
  let p = madd(expTerm(0), r, expTerm(1))
  p = madd(p, r, expTerm(2))
  p = madd(p, r, expTerm(3))
  p = madd(p, r, expTerm(4))
  p = madd(p, r, expTerm(5))
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), expOne())
  const scale = i32x4.shl(i32x4.add(shifted, expBias()), 23) // the rounder's own bits fall out
  return v128.andnot(f32x4.mul(p, scale), f32x4.lt(x, least))
}

/** tanh(x) = 1 - 2 / (exp(2 x) + 1): within 2^-22 of it, relative to 1. @inline */
export function tanh4(x: v128): v128 {
  const e = exp4(f32x4.add(x, x)),
    one = f32x4.splat(1)
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)))
}

/** ln(x) of a positive, normal x, within 2 units in the last place. Cephes' polynomial (logf), S. Moshier. */
export function log1(x: f32): f32 {
  const bits = reinterpret<i32>(x)
  let e = (bits >> 23) - 126,
    m = reinterpret<f32>((bits & 0x7fffff) | 0x3f000000) // x = m 2^e, m in [0.5, 1)
  if (m < <f32>0.70710678) {
    e--
    m += m
  }
  m -= 1
  const z = m * m
  let p: f32 = 7.0376836292e-2
  p = p * m - <f32>1.151461031e-1
  p = p * m + <f32>1.167699874e-1
  p = p * m - <f32>1.2420140846e-1
  p = p * m + <f32>1.4249322787e-1
  p = p * m - <f32>1.6668057665e-1
  p = p * m + <f32>2.0000714765e-1
  p = p * m - <f32>2.4999993993e-1
  p = p * m + <f32>3.3333331174e-1
  // ln 2 in two parts, so that nothing is lost
  return m + (p * m * z + <f32>e * <f32>-2.1219444e-4 - <f32>0.5 * z) + <f32>e * <f32>0.693359375
}

/** @inline */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}
