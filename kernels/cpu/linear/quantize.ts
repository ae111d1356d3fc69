// Activations to int8 per block of 32: x ~ scale * code, code in -127..127. A block: 32 codes i8, the scale f32, then
// two i16: -8 times the sum of the codes in columns 0, 1 (mod 4) and of those in columns 2, 3. These are the lanes in
// which linear-int.ts sums, and what the offset of its codes costs there. Then the same two for the first 16 columns;
// f32 minus the sum of all activations; and the first two times 3/2, for codes that are 12 too large. What a kernel can
// load and splat is shared by the halves of a wide register; what it computes is not. After the blocks: which column the codes
// leave out, and its activation (outliers.ts).
import { QuantizeRecord, X_BLOCK_BYTES } from '../contract.generated'
import { endOwn, firstOwn, rowsOf, scratch } from '../control'
import { larger, largest, rounded, sum4 } from '../simd'

export function quantize(rec: QuantizeRecord): void {
  const rows = rowsOf(rec)
  for (let i = firstOwn(rows), end = endOwn(rows); i < end; i++) {
    quantizeRow(rec.xRow(i), rec.outRow(i), rec.columns)
    if (rec.outlier) leaveOut(rec.xRow(i), rec.outRow(i), rec.columns)
  }
}

/** Of the sum of the blocks' squared errors, which are as the squares of their scales: at least so much has to be saved. */
const WORTH: f32 = 0.2

/**
 * Leaves the largest activation of a row out of its codes, where that makes its block's steps so much finer that the row's error shrinks
 * by a fifth. What comes after a norm almost always has such a column: it halves the distance of `fast` from `exact` (docs/speed-log.md).
 */
function leaveOut(x: usize, blocks: usize, K: i32): void {
  let total: f32 = 0,
    most: f32 = 0,
    p = blocks,
    block = p
  for (const end = p + <usize>((K + 31) >> 5) * X_BLOCK_BYTES; p < end; p += X_BLOCK_BYTES) {
    const scale = load<f32>(p, 32)
    total += scale * scale
    if (scale > most) {
      most = scale
      block = p
    }
  }
  store<i32>(p, -1)
  store<f32>(p, 0, 4)
  const first = (<i32>((block - blocks) / X_BLOCK_BYTES)) << 5,
    n = min(32, K - first),
    from = x + ((<usize>first) << 2)
  let largest: f32 = 0,
    next: f32 = 0,
    at = 0
  for (let i = 0; i < n; i++) {
    const v = abs(load<f32>(from + ((<usize>i) << 2)))
    if (v > largest) {
      next = largest
      largest = v
      at = i
    } else if (v > next) next = v
  }
  const rest = next / 127
  // False for NaN and infinity too.
  if (!(most * most - rest * rest > WORTH * total)) return
  store<i32>(p, first + at)
  store<f32>(p, load<f32>(from + ((<usize>at) << 2)), 4)
  memory.fill(scratch, 0, 128)
  memory.copy(scratch, from, (<usize>n) << 2)
  store<f32>(scratch + ((<usize>at) << 2), 0)
  quantizeBlock(scratch, block)
}

function quantizeRow(x: usize, out: usize, K: i32): void {
  const full = K & ~31
  for (let c = 0; c < full; c += 32, x += 128, out += X_BLOCK_BYTES) quantizeBlock(x, out)
  if (full == K) return
  // the ragged end, padded with zeros in scratch
  memory.fill(scratch, 0, 128)
  memory.copy(scratch, x, (<usize>(K - full)) << 2)
  quantizeBlock(scratch, out)
}

/** @inline */
function quantizeBlock(x: usize, out: usize): void {
  let m = f32x4.splat(0),
    total = m
  for (let i: usize = 0; i < 128; i += 16) {
    const v = f32x4.abs(v128.load(x + i))
    m = larger(m, v)
    total = f32x4.add(total, v)
  }
  const amax = largest(m)
  // a NaN, which the maximum does not see, shall be seen in the result
  const nan = sum4(total)
  store<f32>(out, nan == nan ? amax / 127 : nan, 32)
  const inverse = f32x4.splat(amax > 0 ? 127 / amax : 0)
  let sum = i32x4.splat(0)
  for (let half: usize = 0; half < 2; half++) {
    const p = x + (half << 6)
    const a = rounded(f32x4.mul(v128.load(p), inverse)),
      b = rounded(f32x4.mul(v128.load(p, 16), inverse))
    const c = rounded(f32x4.mul(v128.load(p, 32), inverse)),
      d = rounded(f32x4.mul(v128.load(p, 48), inverse))
    sum = i32x4.add(sum, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)))
    if (half == 0) storeSums(out, sum, 40)
    v128.store(out + (half << 4), i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
  }
  storeSums(out, sum, 36)
  const all =
    i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + (i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3))
  store<f32>(out, -(<f32>all) * load<f32>(out, 32), 44)
  store<i16>(out, (load<i16>(out, 36) / 2) * 3, 48)
  store<i16>(out, (load<i16>(out, 38) / 2) * 3, 50)
}

/** @inline */
function storeSums(out: usize, sum: v128, at: usize): void {
  store<i16>(out + at, <i16>(-8 * (i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1))))
  store<i16>(out + at, <i16>(-8 * (i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3))), 2)
}
