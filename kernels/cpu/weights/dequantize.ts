// Weights to f32: four rows of any kernel format, a chunk of columns, row-major. The exact path of every matrix.
import {
  CHUNK_COLUMNS,
  F16,
  F32,
  FP8,
  INT4,
  INT4_BLOCK,
  INT4_CODES,
  INT8,
  INT8_BLOCK,
  INT8_CODES,
  Matrix,
} from '../contract.generated'
import { dequantizeBlocks } from './dequantize-blocks'
import { groupAt, isInterleaved, isWoven, piecesOf } from './descriptor'
import { heldF16Unit, heldFp8Bits, heldUpperF16Bits, heldUpperHalf } from '../held'
import { loadF16x4 } from '../simd'

/**
 * Rows [row, row + 4) and columns [col, col + n) of a matrix to out[4][CHUNK_COLUMNS]; rows past the end are not
 * written. For int formats row is a multiple of 4 and col of 32. n <= CHUNK_COLUMNS.
 */
export function dequantize(d: Matrix, row: i32, col: i32, n: i32, out: usize): void {
  const format = d.format
  if (format > INT4) return dequantizeBlocks(d, row, col, n, out)
  if (format == INT4) return dequantize_int4(d, row, col, n, out)
  if (format == INT8) return dequantize_int8(d, row, col, n, out)
  const end = min(row + 4, d.rows)
  for (let r = row; r < end; r++, out += (<usize>CHUNK_COLUMNS) << 2) {
    const p = d.data + <usize>r * d.stride
    if (format == F32) memory.copy(out, p + ((<usize>col) << 2), (<usize>n) << 2)
    else if (format == FP8) dequantize_fp8(d, p, r, col, n, out)
    else if (isInterleaved(d, r)) widenPieces(format == F16, piecesOf(d, r, col << 1), n, out)
    else if (format == F16) dequantize_f16(p + ((<usize>col) << 1), n, out)
    else dequantize_bf16(p + ((<usize>col) << 1), n, out)
  }
}

/**
 * Interleaves whole groups of four of the rows at p; `spare` has room for four. Of `halves`, bf16 and f16, eight that lie together are woven as well:
 * 32 bits hold columns i and 4 + i, which shifts and masks alone make f32 of, four side by side.
 */
export function interleave(p: usize, rows: i32, rowBytes: usize, spare: usize, halves: i32): void {
  for (let row = 0; row + 4 <= rows; row += 4, p += rowBytes << 2) {
    memory.copy(spare, p, rowBytes << 2)
    for (let i: usize = 0; i < rowBytes; i += 16)
      for (let r: usize = 0; r < 4; r++) {
        const v = v128.load(spare + r * rowBytes + i)
        v128.store(p + (i << 2) + (r << 4), halves ? v128.shuffle<u16>(v, v, 0, 4, 1, 5, 2, 6, 3, 7) : v)
      }
  }
}

/** The first four of eight woven columns, f32, or f16 times 2^-112. @inline */
export function firstHalves(f16: boolean, woven: v128, mask: v128): v128 {
  const up = i32x4.shl(woven, 16)
  return f16 ? v128.and(i32x4.shr_s(up, 3), mask) : up
}
/** The others; `mask`: heldUpperF16Bits or heldUpperHalf. @inline */
export function secondHalves(f16: boolean, woven: v128, mask: v128): v128 {
  return v128.and(f16 ? i32x4.shr_s(woven, 3) : woven, mask)
}

/** n columns of bf16 or f16 in pieces to f32; n is a multiple of 8. */
function widenPieces(f16: boolean, p: usize, n: i32, out: usize): void {
  if (f16) widenHalves(true, p, n, out)
  else widenHalves(false, p, n, out)
}
/** @inline */
function widenHalves(f16: boolean, p: usize, n: i32, out: usize): void {
  const mask = f16 ? heldUpperF16Bits() : heldUpperHalf(),
    unit = heldF16Unit()
  for (const end = out + ((<usize>n) << 2); out < end; p += 64, out += 32) {
    const w = v128.load(p),
      u = firstHalves(f16, w, mask),
      v = secondHalves(f16, w, mask)
    v128.store(out, f16 ? f32x4.mul(u, unit) : u)
    v128.store(out, f16 ? f32x4.mul(v, unit) : v, 16)
  }
}

function dequantize_bf16(p: usize, n: i32, out: usize): void {
  let i = 0
  for (; i + 4 <= n; i += 4, p += 8, out += 16) v128.store(out, i32x4.shl(v128.load16x4_u(p), 16))
  for (; i < n; i++, p += 2, out += 4) store<u32>(out, (<u32>load<u16>(p)) << 16)
}

function dequantize_f16(p: usize, n: i32, out: usize): void {
  const multiplier = f32x4.splat(reinterpret<f32>(0x77800000)) // 2^112
  let i = 0
  for (; i + 4 <= n; i += 4, p += 8, out += 16) v128.store(out, loadF16x4(p, multiplier))
  for (; i < n; i++, p += 2, out += 4) {
    const bits = ((<u32>(<i32>load<i16>(p))) << 13) & 0x8fffffff
    store<f32>(out, reinterpret<f32>(bits) * reinterpret<f32>(0x77800000))
  }
}

/** e4m3fn to f32: seven bits moved under the f32 exponent and multiplied by 2^120, then by the block's scale. */
function dequantize_fp8(d: Matrix, p: usize, row: i32, col: i32, n: i32, out: usize): void {
  if (isWoven(d)) widenWoven(d, row, col, n, out)
  else
    for (let i = 0; i < n; i++) {
      const b = <u32>load<u8>(p + <usize>(col + i))
      store<f32>(
        out + ((<usize>i) << 2),
        reinterpret<f32>(((b << 20) & 0x07f00000) | ((b << 24) & 0x80000000)) * reinterpret<f32>(0x7b800000),
      )
    }
  const blockCols = d.blockCols,
    grid = d.scales + ((<usize>(row / d.blockRows) * <usize>d.gridCols) << 2)
  for (let end = col + n, stop = col; col < end; col = stop) {
    const block = col / blockCols,
      scale = load<f32>(grid + ((<usize>block) << 2))
    stop = min(end, (block + 1) * blockCols)
    let i = col
    for (; i + 4 <= stop; i += 4, out += 16) v128.store(out, f32x4.mul(v128.load(out), f32x4.splat(scale)))
    for (; i < stop; i++, out += 4) store<f32>(out, load<f32>(out) * scale)
  }
}

// FP8 lies woven where rows are whole vectors: byte 4i + k of sixteen holds column 4k + i. Shifts and masks alone then
// move four columns side by side into four vectors; in order, they would have to be spread by shuffles, of which a
// processor does half as many.

/** Weaves rows as they are stored; `bytes` is a multiple of 16. */
export function weave(p: usize, bytes: usize): void {
  for (const end = p + bytes; p < end; p += 16) {
    const v = v128.load(p)
    v128.store(p, v128.shuffle<u8>(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15))
  }
}

// Of two codes in 16 bits the upper one, and the lower one, as the sign, exponent and mantissa of a bf16, whose value
// is 2^-120 of theirs; below are bits that the mask takes off.
/** @inline */
export function upperCodes(woven: v128): v128 {
  return i16x8.shr_s(woven, 4)
}
/** @inline */
export function lowerCodes(woven: v128): v128 {
  return i16x8.shr_s(i16x8.shl(woven, 8), 4)
}
/** Those in the upper halves of 32 bits, as f32; and those in the lower. @inline */
export function upperHalves(codes: v128, mask: v128): v128 {
  return v128.and(codes, mask)
}
/** @inline */
export function lowerHalves(codes: v128, mask: v128): v128 {
  return v128.and(i32x4.shl(codes, 16), mask)
}

/** Woven codes of columns [col, col + n) of a row to f32, without their scales; n is a multiple of 16. */
export function widenWoven(d: Matrix, row: i32, col: i32, n: i32, out: usize): void {
  const together = isInterleaved(d, row),
    step: usize = together ? 64 : 16
  let p = together ? piecesOf(d, row, col) : d.data + <usize>row * d.stride + <usize>col
  const unbias = f32x4.splat(reinterpret<f32>(0x7b800000)),
    mask = heldFp8Bits() // 2^120
  for (const end = out + ((<usize>n) << 2); out < end; p += step, out += 64) {
    const v = v128.load(p),
      odd = upperCodes(v),
      even = lowerCodes(v)
    v128.store(out, f32x4.mul(lowerHalves(even, mask), unbias))
    v128.store(out, f32x4.mul(lowerHalves(odd, mask), unbias), 16)
    v128.store(out, f32x4.mul(upperHalves(even, mask), unbias), 32)
    v128.store(out, f32x4.mul(upperHalves(odd, mask), unbias), 48)
  }
}

/** @inline */
function storeRows(codes: v128, s: v128, out: usize): void {
  // codes: 4 rows x 4 columns of i8
  const row = (<usize>CHUNK_COLUMNS) << 2
  const lo = i16x8.extend_low_i8x16_s(codes),
    hi = i16x8.extend_high_i8x16_s(codes)
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(lo)), v128.shuffle<i32>(s, s, 0, 0, 0, 0)))
  v128.store(
    out + row,
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(lo)), v128.shuffle<i32>(s, s, 1, 1, 1, 1)),
  )
  v128.store(
    out + 2 * row,
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(hi)), v128.shuffle<i32>(s, s, 2, 2, 2, 2)),
  )
  v128.store(
    out + 3 * row,
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(hi)), v128.shuffle<i32>(s, s, 3, 3, 3, 3)),
  )
}

/**
 * Group of 8 rows, block of 32 columns: 128 bytes; byte 32j + 4r + i holds columns 4j + i (low) and 16 + 4j + i (high).
 */
function dequantize_int4(d: Matrix, row: i32, col: i32, n: i32, out: usize): void {
  const half = <usize>(row & 4)
  let p = groupAt(d, row >> 3) + <usize>(col >> 5) * INT4_BLOCK
  const multiplier = f32x4.splat(d.multiplier),
    eight = i8x16.splat(8),
    mask = i8x16.splat(15)
  for (let b = 0; b < n; b += 32, p += INT4_BLOCK, out += 128) {
    const scale = loadF16x4(p + INT4_CODES + (half << 1), multiplier)
    for (let j: usize = 0; j < 4; j++) {
      const q = v128.load(p + (half << 2) + (j << 5))
      storeRows(i8x16.sub(v128.and(q, mask), eight), scale, out + (j << 4))
      storeRows(i8x16.sub(i8x16.shr_u(q, 4), eight), scale, out + 64 + (j << 4))
    }
  }
}

/** Group of 8 rows, block of 32 columns: 256 bytes; byte 32j + 4r + i holds column 4j + i, offset 128. */
function dequantize_int8(d: Matrix, row: i32, col: i32, n: i32, out: usize): void {
  const half = <usize>(row & 4)
  let p = groupAt(d, row >> 3) + <usize>(col >> 5) * INT8_BLOCK
  const multiplier = f32x4.splat(d.multiplier)
  for (let b = 0; b < n; b += 32, p += INT8_BLOCK, out += 128) {
    const scale = loadF16x4(p + INT8_CODES + (half << 1), multiplier)
    for (let j: usize = 0; j < 8; j++)
      storeRows(v128.xor(v128.load(p + (half << 2) + (j << 5)), i8x16.splat(-128)), scale, out + (j << 4))
  }
}
