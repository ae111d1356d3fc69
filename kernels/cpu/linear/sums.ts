// What the integer kernels share (linear-int.ts says how they work): the table of a strip's rows, codes, and a block's
// sums.
import { X_BLOCK_BYTES } from '../contract.generated'
import { fused } from '../control'
import { heldOnes } from '../held'
import { dot2, dot4, madd } from '../simd'

/** What comes after the codes of a block of x. */
export const X_REST: usize = X_BLOCK_BYTES - 32

/** Where a block of x has -8 times the sum of its codes, and -12 times, in two parts of i16 each. */
export const EIGHTS: usize = 36
export const TWELVES: usize = 48

/** @inline */
export function xAt(table: usize, i: usize): usize {
  return <usize>load<u32>(table + (i << 3))
}
/** @inline */
export function outAt(table: usize, i: usize, to: usize): usize {
  return <usize>load<u32>(table + (i << 3), 4) + to
}

/** Where the sums of a block start: -8 times the codes' sum, in the i16 lanes that will hold them. @inline */
export function start(x: usize): v128 {
  return v128.load32_splat(x, 36)
}

/** What 128 too much in every code costs: nothing where products take them as signed. @inline */
export function startOfBytes(x: usize, isSigned: boolean): v128 {
  return isSigned ? i32x4.splat(0) : i32x4.shl(pairs(start(x)), 4)
}

/** acc + block sum * weight scales * activation scale. @inline */
export function scaled(acc: v128, sums: v128, scales: v128, scale: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sums), f32x4.mul(scales, scale), acc)
}

/** What sums of i16 begin with; the build makes i32 of it for `Bytes` (kernel-rows.mjs). @inline */
export function sums(first: v128): v128 {
  return first
}
/** Sums of two lanes, in i32: V8 makes the ones anew for extadd_pairwise. @inline */
export function pairs(sums: v128): v128 {
  return i32x4.dot_i16x8_s(sums, heldOnes())
}
/** Products of `bytes` are summed in i32, others in i16. @inline */
export function dot(acc: v128, a: v128, b: v128, bytes: boolean): v128 {
  return bytes ? dot4(acc, a, b) : dot2(acc, a, b)
}
/** @inline */
export function summed(acc: v128, bytes: boolean): v128 {
  return bytes ? acc : pairs(acc)
}
/**
 * acc + sums of two lanes times the whole scale that both lanes of `scales` have, in i32: for the price of pairs. @inline
 */
export function weighted(acc: v128, sums: v128, scales: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(sums, scales))
}
/**
 * The same of sums in i32, with acc and scales in f32: below 2^24, and so exact. Two multiplications of lanes of i32 take
 * longer on Intel's processors. @inline
 */
export function weightedBytes(acc: v128, sums: v128, scales: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sums), scales, acc)
}
/** Such a total in f32. Where sums are of i32, the build takes weightedBytes, whose total is in f32 already (kernel-rows.mjs). @inline */
export function total(sums: v128): v128 {
  return f32x4.convert_i32x4_s(sums)
}
/** Whole scales that both lanes of i16 have, for weighted. @inline */
export function wholeScales(twice: v128): v128 {
  return twice
}
/** For weightedBytes. @inline */
export function wholeScalesBytes(twice: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(twice, 16))
}
/** Scales of eight rows, i8, twice each. @inline */
export function twice(p: usize): v128 {
  const v = v128.load64_zero(p)
  return v128.shuffle<i8>(v, v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}
/** 16 high + low, as i32. @inline */
export function joined(low: v128, high: v128): v128 {
  return i32x4.add(pairs(low), i32x4.shl(pairs(high), 4))
}
/** @inline */
export function lowNibbles(q: v128, mask: v128): v128 {
  return v128.and(q, mask)
}
/** @inline */
export function highNibbles(q: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(q, 4), mask)
}

/** -8 times the sums of the codes in the first 16 columns; of the others. @inline */
export function firstSums(x: usize): v128 {
  return v128.load32_splat(x, 40)
}
/** @inline */
export function otherSums(x: usize): v128 {
  return i16x8.sub(start(x), firstSums(x))
}
/** Such sums times a power of two, for sums of i16; the build makes i32 of it for `Bytes` (kernel-rows.mjs). @inline */
export function shifted(sums: v128, bits: i32): v128 {
  return i16x8.shl(sums, bits)
}
/** Minus the sum of the activations, from -8 times that of their codes. @inline */
export function minusSum(sums: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(pairs(sums)), f32x4.mul(scale, f32x4.splat(0.125)))
}

/** Rows of x of the tile at `entry` of the table: the last of an odd number is there twice (linear-int.ts). @inline */
export function tileRows(entry: usize, end: usize): i32 {
  return fused() && entry + 24 <= end ? 4 : 2
}
