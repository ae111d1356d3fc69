// Products of weights that are stored as floats of 16 or 8 bits, widened in registers for each of a few rows of x: without the way over scratch, which pays only
// when more rows share it. Sums have eight lanes, as those of float-tiles.ts. FP8: blocks of codes are summed, and the sums are multiplied by the
// block's scale, for any number of rows of x.
import { CHUNK_COLUMNS, F16, Matrix } from '../contract.generated'
import { scratch } from '../control'
import {
  firstHalves,
  lowerCodes,
  lowerHalves,
  secondHalves,
  upperCodes,
  upperHalves,
  widenWoven,
} from '../weights/dequantize'
import { isInterleaved, isWoven, piecesOf } from '../weights/descriptor'
import { heldUpperF16Bits, heldFp8Bits, heldLift, heldRest, heldUpperHalf } from '../held'
import { readAheadOf } from './lines-ahead'
import { madd, storePairs, sums4 } from '../simd'

/** What f16 that were moved up lack, but for heldLift: 2^48. */
const F16_REST: f32 = 281474976710656

/** Whether dotHalves and dotFp8 can do `rows` rows from `row` on: four that lie interleaved. */
export function isGroup(d: Matrix, row: i32, rows: i32): boolean {
  return rows == 4 && (row & 3) == 0 && isInterleaved(d, row)
}

/** Whether the products of `d` are sums of scaled sums of blocks: of fp8, where a block is whole vectors. */
export function isFp8(d: Matrix): boolean {
  return isWoven(d) && (d.blockCols & 15) == 0
}

/** Dot products of x, from column `col` on, with rows [row, row + 4) and columns [col, col + n). */
export function dotHalves(d: Matrix, row: i32, col: i32, n: i32, x: usize): v128 {
  const p = piecesOf(d, row, col << 1)
  return d.format == F16 ? f32x4.mul(dotF16(p, n, x), f32x4.splat(F16_REST)) : dotBf16(p, n, x)
}
function dotBf16(p: usize, n: i32, x: usize): v128 {
  return dotWovenHalves(false, p, n, x)
}
function dotF16(p: usize, n: i32, x: usize): v128 {
  return dotWovenHalves(true, p, n, x)
}

/** Those of f16 are 2^-48 of what they are. @inline */
function dotWovenHalves(f16: boolean, p: usize, n: i32, x: usize): v128 {
  const lift = heldLift(),
    mask = f16 ? heldUpperF16Bits() : heldUpperHalf()
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (const end = x + ((<usize>n) << 2); x < end;) {
    readAheadOf(p)
    for (const stop = min(x + 256, end); x < stop; x += 32, p += 64) {
      const u = f16 ? f32x4.mul(v128.load(x), lift) : v128.load(x),
        v = f16 ? f32x4.mul(v128.load(x, 16), lift) : v128.load(x, 16)
      let w = v128.load(p)
      a0 = madd(u, firstHalves(f16, w, mask), a0)
      b0 = madd(v, secondHalves(f16, w, mask), b0)
      w = v128.load(p, 16)
      a1 = madd(u, firstHalves(f16, w, mask), a1)
      b1 = madd(v, secondHalves(f16, w, mask), b1)
      w = v128.load(p, 32)
      a2 = madd(u, firstHalves(f16, w, mask), a2)
      b2 = madd(v, secondHalves(f16, w, mask), b2)
      w = v128.load(p, 48)
      a3 = madd(u, firstHalves(f16, w, mask), a3)
      b3 = madd(v, secondHalves(f16, w, mask), b3)
    }
  }
  return fourSums(scratch, a0, a1, a2, a3, b0, b1, b2, b3)
}

/** The sums of the lanes of a and b of each of four rows; those of two rows lie side by side at `at`. @inline */
function fourSums(at: usize, a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  storePairs(at, a0, a1, a2, a3, b0, b1, b2, b3)
  return sums4(
    f32x4.add(v128.load(at), v128.load(at, 64)),
    f32x4.add(v128.load(at, 16), v128.load(at, 80)),
    f32x4.add(v128.load(at, 32), v128.load(at, 96)),
    f32x4.add(v128.load(at, 48), v128.load(at, 112)),
  )
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

/** As dotHalves, of fp8: what twoRows (linear-floats.ts) gives a row of x. */
export function dotFp8(d: Matrix, row: i32, col: i32, n: i32, x: usize): v128 {
  const blockCols = d.blockCols,
    end = col + n,
    s0 = scalesAt(d, row),
    s1 = scalesAt(d, row + 1),
    s2 = scalesAt(d, row + 2),
    s3 = scalesAt(d, row + 3),
    lift = heldLift(),
    mask = heldFp8Bits(),
    part = scratch
  let p = piecesOf(d, row, col),
    stop = (col / blockCols) * blockCols,
    block = (<usize>(col / blockCols)) << 2,
    sums = f32x4.splat(0)
  for (; col < end; block += 4) {
    stop += blockCols
    let a0 = f32x4.splat(0),
      a1 = a0,
      a2 = a0,
      a3 = a0,
      b0 = a0,
      b1 = a0,
      b2 = a0,
      b3 = a0
    readAheadOf(p)
    for (const to = x + ((<usize>(min(end, stop) - col)) << 2); x < to; x += 64, p += 64) {
      const x0 = f32x4.mul(v128.load(x), lift),
        x1 = f32x4.mul(v128.load(x, 16), lift),
        x2 = f32x4.mul(v128.load(x, 32), lift),
        x3 = f32x4.mul(v128.load(x, 48), lift)
      let v = v128.load(p)
      a0 = addCodes(a0, lowerCodes(v), mask, x0, x2)
      b0 = addCodes(b0, upperCodes(v), mask, x1, x3)
      v = v128.load(p, 16)
      a1 = addCodes(a1, lowerCodes(v), mask, x0, x2)
      b1 = addCodes(b1, upperCodes(v), mask, x1, x3)
      v = v128.load(p, 32)
      a2 = addCodes(a2, lowerCodes(v), mask, x0, x2)
      b2 = addCodes(b2, upperCodes(v), mask, x1, x3)
      v = v128.load(p, 48)
      a3 = addCodes(a3, lowerCodes(v), mask, x0, x2)
      b3 = addCodes(b3, upperCodes(v), mask, x1, x3)
    }
    const block4 = fourSums(part, a0, a1, a2, a3, b0, b1, b2, b3)
    sums = madd(f32x4.mul(block4, heldRest()), scales4(s0, s1, s2, s3, block), sums)
    col = stop
  }
  return sums
}

/** @inline */
function addCodes(acc: v128, codes: v128, mask: v128, x0: v128, x1: v128): v128 {
  return madd(x1, upperHalves(codes, mask), madd(x0, lowerHalves(codes, mask), acc))
}

/** The scales of a block of four rows, whose rows of scales are at s0 to s3. @inline */
export function scales4(s0: usize, s1: usize, s2: usize, s3: usize, block: usize): v128 {
  let scales = v128.load32_zero(s0 + block)
  scales = v128.load32_lane(s1 + block, scales, 1)
  scales = v128.load32_lane(s2 + block, scales, 2)
  return v128.load32_lane(s3 + block, scales, 3)
}

/** Codes of rows [row, row + 4), columns [col, col + n), as f32 [4][CHUNK_COLUMNS] in scratch. */
export function widenFp8(d: Matrix, row: i32, col: i32, n: i32): void {
  for (let r = 0; r < 4; r++) widenWoven(d, rowAt(d, row, r), col, n, scratch + ((<usize>(r * CHUNK_COLUMNS)) << 2))
}
