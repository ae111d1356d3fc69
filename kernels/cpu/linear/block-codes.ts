// Codes and sums that the kernels for blocks share (linear-blocks.ts).
import { X_BLOCK_BYTES } from '../contract.generated'
import { pairs, start } from './tiles'

/** What comes after the codes of a block of x. */
export const X_REST: usize = X_BLOCK_BYTES - 32

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
