// Exact products with one row of x: four rows of weights are widened in registers, without the way over scratch that pays
// only when several rows of x share it. Sums have the order of dot4rows (linear.ts), so that the bits are the same.
import { BF16, FP8, wCols, wData, wFormat, wScales, wStride } from './dequantize'
import { madd, sums4 } from './simd'
import { touch } from './touch'

/** Whether dotStored can do `rows` rows from `row` on: whole vectors, and one row of scales. */
export function isStoredFloat(d: usize, row: i32, rows: i32): boolean {
  const format = wFormat(d)
  if (rows < 4 || (row & 3) || (wCols(d) & 7)) return false
  if (format == BF16) return true
  if (format != FP8 || (load<i32>(d, 32) & 3) || (load<i32>(d, 36) & 7)) return false
  // larger scales would not stay finite in dotFp8
  const blocks = load<i32>(d, 28), grid = gridRow(d, row)
  for (let b = 0; b < blocks; b++) if (!(abs(load<f32>(grid + (<usize>b << 2))) < 128)) return false
  return true
}

// @ts-ignore: decorator
@inline function gridRow(d: usize, row: i32): usize {
  return wScales(d) + (<usize>(row / load<i32>(d, 32)) * <usize>load<i32>(d, 28) << 2)
}

/** Dot products of x, from column `col` on, with rows [row, row + 4) and columns [col, col + n). */
export function dotStored(d: usize, row: i32, col: i32, n: i32, x: usize): v128 {
  const stride = wStride(d), p = wData(d) + <usize>row * stride, bf16 = wFormat(d) == BF16
  const from = p + (<usize>col << (bf16 ? 1 : 0)), bytes = <usize>n << (bf16 ? 1 : 0)
  // fp8 has so few bytes an instruction that the processor keeps up by itself
  if (bf16) for (let r: usize = 0; r < 4; r++) touch(from + r * stride, bytes)
  return bf16 ? dotBf16(from, stride, n, x) : dotFp8(d, row, col, n, from, stride, x)
}

/** Four of eight 16-bit numbers as the upper halves of 32-bit ones. */
// @ts-ignore: decorator
@inline function low(w: v128): v128 { return v128.shuffle<i16>(i16x8.splat(0), w, 0, 8, 1, 9, 2, 10, 3, 11) }
// @ts-ignore: decorator
@inline function high(w: v128): v128 { return v128.shuffle<i16>(i16x8.splat(0), w, 4, 12, 5, 13, 6, 14, 7, 15) }

function dotBf16(p: usize, stride: usize, n: i32, x: usize): v128 {
  const p1 = p + stride, p2 = p1 + stride, p3 = p2 + stride
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
  for (let i: usize = 0, end = <usize>n << 1; i < end; i += 16, x += 32) {
    const u = v128.load(x), v = v128.load(x, 16)
    let w = v128.load(p + i)
    a0 = madd(v, high(w), madd(u, low(w), a0))
    w = v128.load(p1 + i)
    a1 = madd(v, high(w), madd(u, low(w), a1))
    w = v128.load(p2 + i)
    a2 = madd(v, high(w), madd(u, low(w), a2))
    w = v128.load(p3 + i)
    a3 = madd(v, high(w), madd(u, low(w), a3))
  }
  return sums4(a0, a1, a2, a3)
}

/** Eight e4m3fn codes as bf16 times 2^-120: sign, four bits of exponent, three of mantissa, moved into place. */
// @ts-ignore: decorator
@inline function codes(p: usize, mask: v128): v128 { return v128.and(i16x8.shl(v128.load8x8_s(p), 4), mask) }

function dotFp8(d: usize, row: i32, col: i32, n: i32, p: usize, stride: usize, x: usize): v128 {
  const p1 = p + stride, p2 = p1 + stride, p3 = p2 + stride, mask = i16x8.splat(<i16>0x87f0), blockCols = load<i32>(d, 36)
  const grid = gridRow(d, row)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, i: usize = 0
  for (let at = col, end = col + n; at < end;) {
    const block = at / blockCols, stop = min(end, (block + 1) * blockCols), to = <usize>(stop - col)
    // one factor: the product is rounded once, as that of the code and the scale is
    const s = f32x4.splat(load<f32>(grid + (<usize>block << 2)) * reinterpret<f32>(0x7b800000)) // 2^120
    for (; i < to; i += 8, x += 32) {
      const u = v128.load(x), v = v128.load(x, 16)
      let w = codes(p + i, mask)
      a0 = madd(v, f32x4.mul(high(w), s), madd(u, f32x4.mul(low(w), s), a0))
      w = codes(p1 + i, mask)
      a1 = madd(v, f32x4.mul(high(w), s), madd(u, f32x4.mul(low(w), s), a1))
      w = codes(p2 + i, mask)
      a2 = madd(v, f32x4.mul(high(w), s), madd(u, f32x4.mul(low(w), s), a2))
      w = codes(p3 + i, mask)
      a3 = madd(v, f32x4.mul(high(w), s), madd(u, f32x4.mul(low(w), s), a3))
    }
    at = stop
  }
  return sums4(a0, a1, a2, a3)
}
