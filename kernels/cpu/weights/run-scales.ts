// Runs of int4_min and int5_min. A run begins with d and dmin, f16 [8] each; then come the scales [8] and minima [8] of its blocks, u8, and
// then their codes. Scales and minima have six bits: where there are eight blocks, as in Q4_K and Q5_K, d and dmin lie in the upper two, and
// not before them. Bits 2j and 2j + 1 of an f16 are those of block j.
import { heldSix } from '../held'

/** Bytes of the scales and minima of a block. */
export const SIX_BITS: usize = 16

/** Of d of eight rows, then of their dmin, the eight bits that four blocks have, whose scales begin at s. @inline */
export function upperBits(s: usize): v128 {
  const upper = i8x16.splat(-64)
  return v128.or(
    v128.or(i16x8.shr_u(v128.and(v128.load(s), upper), 6), i16x8.shr_u(v128.and(v128.load(s, 16), upper), 4)),
    v128.or(i16x8.shr_u(v128.and(v128.load(s, 32), upper), 2), v128.and(v128.load(s, 48), upper)),
  )
}

// From the bits of the first four blocks, and of the others.
/** @inline */
export function joinedD(low: v128, high: v128): v128 {
  return v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}
/** @inline */
export function joinedDmin(low: v128, high: v128): v128 {
  return v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}

/** d [8] of the run at p; `above`: bytes before its scales. */
export function dOf(p: usize, above: usize): v128 {
  return above ? v128.load(p) : joinedD(upperBits(p), upperBits(p + 64))
}
/** dmin [8] */
export function dminOf(p: usize, above: usize): v128 {
  return above ? v128.load(p, 16) : joinedDmin(upperBits(p), upperBits(p + 64))
}

// Four of the eight scales or minima of six bits at p.
/** @inline */
export function lowerSix(p: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(v128.and(v128.load8x8_u(p), heldSix())))
}
/** @inline */
export function upperSix(p: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(v128.and(v128.load8x8_u(p), heldSix())))
}
