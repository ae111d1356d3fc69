// Exact products of weights that are stored as floats. BF16: four rows are widened in registers for one row of x, without the way
// over scratch that pays only when several rows of x share it; sums have the order of dot4rows (linear.ts), so that the bits
// are the same. FP8: blocks of codes are summed, and the sums are multiplied by the block's scale, for any number of rows of x.
import { scratch } from './control'
import { BF16, CHUNK, FP8, wCols, wData, wFormat, wRows, wScales, wStride } from './dequantize'
import { heldFp8Bits, heldLift } from './held'
import { madd, sums4 } from './simd'
import { touch } from './touch'

/** Whether dotBf16 can do `rows` rows from `row` on: whole vectors. */
export function isBf16(d: usize, row: i32, rows: i32): boolean {
  return wFormat(d) == BF16 && rows == 4 && (row & 3) == 0 && (wCols(d) & 7) == 0
}

/** Whether the products of `d` are sums of scaled sums of blocks: of fp8, where a block is whole vectors. */
export function isFp8(d: usize): boolean {
  return wFormat(d) == FP8 && (wCols(d) & 7) == 0 && (load<i32>(d, 36) & 7) == 0
}

/** Four of eight 16-bit numbers as the upper halves of 32-bit ones. */
// @ts-ignore: decorator
@inline function low(w: v128): v128 { return v128.shuffle<i16>(i16x8.splat(0), w, 0, 8, 1, 9, 2, 10, 3, 11) }
// @ts-ignore: decorator
@inline function high(w: v128): v128 { return v128.shuffle<i16>(i16x8.splat(0), w, 4, 12, 5, 13, 6, 14, 7, 15) }

/** Dot products of x, from column `col` on, with rows [row, row + 4) and columns [col, col + n). */
export function dotBf16(d: usize, row: i32, col: i32, n: i32, x: usize): v128 {
  const stride = wStride(d), p = wData(d) + <usize>row * stride + (<usize>col << 1)
  for (let r: usize = 0; r < 4; r++) touch(p + r * stride, <usize>n << 1)
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

// The codes of fp8 are moved into a bf16, sign, four bits of exponent, three of mantissa, which is 2^-120 of their value.

// @ts-ignore: decorator
@inline function codes(p: usize, mask: v128): v128 { return v128.and(i16x8.shl(v128.load8x8_s(p), 4), mask) }
/** x is times 2^64 (heldLift), so that products with 2^-120 are not too small to be normal; the sums are times the rest, 2^56. */
const REST: f32 = reinterpret<f32>(0x5b800000)

/** Row r of four rows from `row` on; the last one of the matrix for those that do not exist. */
// @ts-ignore: decorator
@inline function rowAt(d: usize, row: i32, r: i32): i32 { return min(row + r, wRows(d) - 1) }
// @ts-ignore: decorator
@inline function scaleAt(d: usize, row: i32, block: i32): v128 {
  return v128.load32_splat(wScales(d) + (<usize>(row / load<i32>(d, 32) * load<i32>(d, 28) + block) << 2))
}

/** As dotWidened, for one row of x: the codes are widened in registers, and the sums of blocks wait in scratch. */
export function dotFp8(d: usize, row: i32, col: i32, n: i32, x: usize): v128 {
  const stride = wStride(d), p0 = wData(d) + <usize>row * stride
  const p1 = wData(d) + <usize>rowAt(d, row, 1) * stride, p2 = wData(d) + <usize>rowAt(d, row, 2) * stride, p3 = wData(d) + <usize>rowAt(d, row, 3) * stride
  const blockCols = load<i32>(d, 36), end = col + n, sums = scratch
  memory.fill(sums, 0, 64)
  // The four rows behind are one stream in memory; these four are four, along which the processor reads ahead less well.
  const more = row + 8 <= wRows(d), step: usize = more ? 32 : 0
  let ahead = more ? p0 + 4 * stride + (<usize>col << 2) : p0, sink = f32x4.splat(0)
  while (col < end) {
    const block = col / blockCols, stop = min(end, (block + 1) * blockCols), lift = heldLift(), mask = heldFp8Bits()
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
    for (let i = <usize>col, to = <usize>stop; i < to; i += 8, x += 32) {
      const u = f32x4.mul(v128.load(x), lift), v = f32x4.mul(v128.load(x, 16), lift)
      sink = v128.or(sink, v128.load(ahead)); ahead += step
      let w = codes(p0 + i, mask)
      a0 = madd(v, high(w), madd(u, low(w), a0))
      w = codes(p1 + i, mask)
      a1 = madd(v, high(w), madd(u, low(w), a1))
      w = codes(p2 + i, mask)
      a2 = madd(v, high(w), madd(u, low(w), a2))
      w = codes(p3 + i, mask)
      a3 = madd(v, high(w), madd(u, low(w), a3))
    }
    addScaled(sums, a0, d, row, block); addScaled(sums + 16, a1, d, rowAt(d, row, 1), block)
    addScaled(sums + 32, a2, d, rowAt(d, row, 2), block); addScaled(sums + 48, a3, d, rowAt(d, row, 3), block)
    col = stop
  }
  v128.store(sums, sink, 64)
  return sums4(v128.load(sums), v128.load(sums, 16), v128.load(sums, 32), v128.load(sums, 48))
}

// @ts-ignore: decorator
@inline function addScaled(sums: usize, a: v128, d: usize, row: i32, block: i32): void {
  v128.store(sums, madd(f32x4.mul(a, f32x4.splat(REST)), scaleAt(d, row, block), v128.load(sums)))
}

/** Codes of rows [row, row + 4), columns [col, col + n), as f32 [4][CHUNK] in scratch. */
export function widenFp8(d: usize, row: i32, col: i32, n: i32): void {
  const unbias = f32x4.splat(reinterpret<f32>(0x7b800000)) // 2^120
  const mask = heldFp8Bits()
  for (let r = 0; r < 4; r++) {
    let p = wData(d) + <usize>rowAt(d, row, r) * wStride(d) + <usize>col, to = scratch + (<usize>(r * CHUNK) << 2)
    for (const end = p + <usize>n; p < end; p += 8, to += 32) {
      const w = codes(p, mask)
      v128.store(to, f32x4.mul(low(w), unbias)); v128.store(to, f32x4.mul(high(w), unbias), 16)
    }
  }
}

/** Dot products of x, from column `col` on, with the four rows in scratch, of columns [col, col + n). */
export function dotWidened(d: usize, row: i32, col: i32, n: i32, x: usize): v128 {
  const blockCols = load<i32>(d, 36), end = col + n, zero = f32x4.splat(0), next = <usize>CHUNK << 2
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero, p = scratch
  while (col < end) {
    const block = col / blockCols, stop = min(end, (block + 1) * blockCols)
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero
    for (const to = p + (<usize>(stop - col) << 2); p < to; p += 32, x += 32) {
      const u = v128.load(x), v = v128.load(x, 16)
      a0 = madd(v, v128.load(p, 16), madd(u, v128.load(p), a0)); a1 = madd(v, v128.load(p + next, 16), madd(u, v128.load(p + next), a1))
      a2 = madd(v, v128.load(p + 2 * next, 16), madd(u, v128.load(p + 2 * next), a2)); a3 = madd(v, v128.load(p + 3 * next, 16), madd(u, v128.load(p + 3 * next), a3))
    }
    t0 = madd(a0, scaleAt(d, row, block), t0); t1 = madd(a1, scaleAt(d, rowAt(d, row, 1), block), t1)
    t2 = madd(a2, scaleAt(d, rowAt(d, row, 2), block), t2); t3 = madd(a3, scaleAt(d, rowAt(d, row, 3), block), t3)
    col = stop
  }
  return sums4(t0, t1, t2, t3)
}
