// Exact products of weights that are stored as floats. BF16: four rows are widened in registers for one row of x,
// without the way over scratch that pays only when several rows of x share it; sums have the order of dot4rows
// (linear.ts), so that the bits are the same. FP8: blocks of codes are summed, and the sums are multiplied by the
// block's scale, for any number of rows of x.
import { CHUNK_COLUMNS, Matrix } from '../contract.generated'
import { scratch } from '../control'
import { lowerCodes, lowerHalves, upperCodes, upperHalves, widenWoven } from '../weights/dequantize'
import { isInterleaved, isWoven, piecesOf } from '../weights/descriptor'
import { heldFp8Bits, heldLift, heldRest } from '../held'
import { madd, sums4 } from '../simd'

/** Whether dotBf16 and dotFp8 can do `rows` rows from `row` on: four that lie interleaved. */
export function isGroup(d: Matrix, row: i32, rows: i32): boolean {
  return rows == 4 && (row & 3) == 0 && isInterleaved(d, row)
}

/** Whether the products of `d` are sums of scaled sums of blocks: of fp8, where a block is whole vectors. */
export function isFp8(d: Matrix): boolean {
  return isWoven(d) && (d.blockCols & 15) == 0
}

/** Four of eight 16-bit numbers as the upper halves of 32-bit ones. @inline */
function low(w: v128): v128 {
  return v128.shuffle<i16>(i16x8.splat(0), w, 0, 8, 1, 9, 2, 10, 3, 11)
}
/** @inline */
function high(w: v128): v128 {
  return v128.shuffle<i16>(i16x8.splat(0), w, 4, 12, 5, 13, 6, 14, 7, 15)
}

/** Dot products of x, from column `col` on, with rows [row, row + 4) and columns [col, col + n). */
export function dotBf16(d: Matrix, row: i32, col: i32, n: i32, x: usize): v128 {
  let p = piecesOf(d, row, col << 1),
    a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0
  for (const end = x + ((<usize>n) << 2); x < end; x += 32, p += 64) {
    const u = v128.load(x),
      v = v128.load(x, 16)
    let w = v128.load(p)
    a0 = madd(v, high(w), madd(u, low(w), a0))
    w = v128.load(p, 16)
    a1 = madd(v, high(w), madd(u, low(w), a1))
    w = v128.load(p, 32)
    a2 = madd(v, high(w), madd(u, low(w), a2))
    w = v128.load(p, 48)
    a3 = madd(v, high(w), madd(u, low(w), a3))
  }
  return sums4(a0, a1, a2, a3)
}

// Codes are 2^-120 of their value (dequantize.ts). x is times 2^64 (heldLift), so that products are not too small to be
// normal; the sums are times the rest, 2^56.

/** Row r of four rows from `row` on; the last one of the matrix for those that do not exist. @inline */
export function rowAt(d: Matrix, row: i32, r: i32): i32 {
  return min(row + r, d.rows - 1)
}
/** The scales of a row's blocks. @inline */
export function scalesAt(d: Matrix, row: i32): usize {
  return d.scales + ((<usize>((row / d.blockRows) * d.gridCols)) << 2)
}

/**
 * As twoRows (linear.ts), for one row of x and four rows that lie interleaved: the codes are widened in registers, and
 * the sums of blocks wait in scratch.
 */
export function dotFp8(d: Matrix, row: i32, col: i32, n: i32, x: usize): v128 {
  const blockCols = d.blockCols,
    end = col + n,
    sums = scratch,
    scales = scratch + 64
  let p = piecesOf(d, row, col),
    stop = (col / blockCols) * blockCols
  for (let r = 0; r < 4; r++) {
    v128.store(sums + ((<usize>r) << 4), i32x4.splat(0))
    store<u32>(scales + ((<usize>r) << 2), <u32>(scalesAt(d, row + r) + ((<usize>(col / blockCols)) << 2)))
  }
  for (let block: usize = 0; col < end; block += 4) {
    stop += blockCols
    const lift = heldLift(),
      mask = heldFp8Bits()
    let a0 = f32x4.splat(0),
      a1 = a0,
      a2 = a0,
      a3 = a0
    for (const to = x + ((<usize>(min(end, stop) - col)) << 2); x < to; x += 64, p += 64) {
      const x0 = f32x4.mul(v128.load(x), lift),
        x1 = f32x4.mul(v128.load(x, 16), lift),
        x2 = f32x4.mul(v128.load(x, 32), lift),
        x3 = f32x4.mul(v128.load(x, 48), lift)
      a0 = addWoven(a0, v128.load(p), mask, x0, x1, x2, x3)
      a1 = addWoven(a1, v128.load(p, 16), mask, x0, x1, x2, x3)
      a2 = addWoven(a2, v128.load(p, 32), mask, x0, x1, x2, x3)
      a3 = addWoven(a3, v128.load(p, 48), mask, x0, x1, x2, x3)
    }
    const rest = heldRest()
    addScaled(sums, a0, rest, load<u32>(scales) + block)
    addScaled(sums + 16, a1, rest, load<u32>(scales, 4) + block)
    addScaled(sums + 32, a2, rest, load<u32>(scales, 8) + block)
    addScaled(sums + 48, a3, rest, load<u32>(scales, 12) + block)
    col = stop
  }
  return sums4(v128.load(sums), v128.load(sums, 16), v128.load(sums, 32), v128.load(sums, 48))
}

/** @inline */
function addWoven(acc: v128, v: v128, mask: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const odd = upperCodes(v),
    even = lowerCodes(v)
  return madd(
    x3,
    upperHalves(odd, mask),
    madd(x2, upperHalves(even, mask), madd(x1, lowerHalves(odd, mask), madd(x0, lowerHalves(even, mask), acc))),
  )
}

/** @inline */
function addScaled(sums: usize, a: v128, rest: v128, scale: usize): void {
  v128.store(sums, madd(f32x4.mul(a, rest), v128.load32_splat(scale), v128.load(sums)))
}

/** Codes of rows [row, row + 4), columns [col, col + n), as f32 [4][CHUNK_COLUMNS] in scratch. */
export function widenFp8(d: Matrix, row: i32, col: i32, n: i32): void {
  for (let r = 0; r < 4; r++) widenWoven(d, rowAt(d, row, r), col, n, scratch + ((<usize>(r * CHUNK_COLUMNS)) << 2))
}
