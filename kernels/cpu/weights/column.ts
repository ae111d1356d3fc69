// One column of a group of eight rows, as f32. A code of row r and column 4j + i lies in byte i of word r of the block's j-th
// pair of vectors, so that one shift brings those of four rows to where they are numbers. Values are those of dequantize.ts, bit by bit.
import { INT4, INT4_MIN, INT5_MIN, INT6, INT7, INT8, MXFP4, Matrix, NVFP4 } from '../contract.generated'
import { lower4, lowerFp8, lowerPowers, meanings, upper4, upperFp8, upperPowers } from './dequantize-blocks'
import { superBytes } from './descriptor'
import { joinedD, joinedDmin, lowerSix, upperBits, upperSix } from './run-scales'
import { loadF16x4, lookUp, lowerF16x4, nextF16x4, upperF16x4 } from '../simd'

/** Column j of the block of eight rows whose run, codes and scales begin there, to out[8]. */
export function column(d: Matrix, run: usize, p: usize, s: usize, j: i32, out: usize): void {
  const format = d.format,
    half = j >> 4
  let codes: v128, next: v128
  if (format == INT8 || format == INT7) {
    const at = p + ((<usize>(j >> 2)) << 5),
      mask = i32x4.splat(255),
      offset = i32x4.splat(format == INT8 ? 128 : 64)
    codes = i32x4.sub(field(v128.load(at), (j & 3) << 3, mask), offset)
    next = i32x4.sub(field(v128.load(at, 16), (j & 3) << 3, mask), offset)
  } else {
    const at = p + ((<usize>((j & 15) >> 2)) << 5),
      shift = ((j & 3) << 3) + (half << 2),
      mask = i32x4.splat(15)
    codes = field(v128.load(at), shift, mask)
    next = field(v128.load(at, 16), shift, mask)
    if (format == INT6) {
      const upper = p + 128 + ((<usize>((j & 15) >> 3)) << 5),
        bits = ((j & 3) << 3) + (half << 1) + (((j >> 2) & 1) << 2)
      codes = i32x4.sub(withUpper(codes, v128.load(upper), bits, 3), i32x4.splat(32))
      next = i32x4.sub(withUpper(next, v128.load(upper, 16), bits, 3), i32x4.splat(32))
    } else if (format == INT5_MIN) {
      const bits = ((j & 3) << 3) + (half << 2) + ((j & 15) >> 2)
      codes = withUpper(codes, v128.load(p, 128), bits, 1)
      next = withUpper(next, v128.load(p, 144), bits, 1)
    } else if (format == INT4) {
      codes = i32x4.sub(codes, i32x4.splat(8))
      next = i32x4.sub(next, i32x4.splat(8))
    } else if (format != INT4_MIN) {
      const table = meanings(format)
      codes = i32x4.shr_s(i32x4.shl(lookUp(table, codes), 24), 24)
      next = i32x4.shr_s(i32x4.shl(lookUp(table, next), 24), 24)
    }
  }
  const first = f32x4.convert_i32x4_s(codes),
    others = f32x4.convert_i32x4_s(next),
    multiplier = f32x4.splat(d.multiplier)
  if (format == INT4 || format == INT8) {
    v128.store(out, f32x4.mul(first, loadF16x4(s, multiplier)))
    v128.store(out, f32x4.mul(others, nextF16x4(s, multiplier)), 16)
  } else if (format == MXFP4) {
    v128.store(out, f32x4.mul(first, lowerPowers(s)))
    v128.store(out, f32x4.mul(others, upperPowers(s)), 16)
  } else if (format == NVFP4) {
    const scales = s + ((<usize>half) << 3)
    v128.store(out, f32x4.mul(first, lowerFp8(scales, multiplier)))
    v128.store(out, f32x4.mul(others, upperFp8(scales, multiplier)), 16)
  } else if (format == INT4_MIN || format == INT5_MIN) {
    let ds: v128, ms: v128
    if (superBytes(d)) {
      ds = v128.load(run)
      ms = v128.load(run, 16)
    } else {
      const low = upperBits(run),
        high = upperBits(run + 64)
      ds = joinedD(low, high)
      ms = joinedDmin(low, high)
    }
    const a = f32x4.mul(first, f32x4.mul(lowerF16x4(ds, multiplier), lowerSix(s))),
      c = f32x4.mul(others, f32x4.mul(upperF16x4(ds, multiplier), upperSix(s)))
    v128.store(out, f32x4.sub(a, f32x4.mul(lowerF16x4(ms, multiplier), lowerSix(s + 8))))
    v128.store(out, f32x4.sub(c, f32x4.mul(upperF16x4(ms, multiplier), upperSix(s + 8))), 16)
  } else {
    // Scales of sixteen columns, or of all 32; then the minima, where there are any.
    const sixteen = format == INT7 || format == INT6,
      scales = s + (sixteen ? (<usize>half) << 3 : 0)
    let a = f32x4.mul(first, f32x4.mul(loadF16x4(run, multiplier), lower4(scales))),
      c = f32x4.mul(others, f32x4.mul(nextF16x4(run, multiplier), upper4(scales)))
    if (format == INT7 && d.mins) {
      const mins = scales + 16
      a = f32x4.sub(a, f32x4.mul(loadF16x4(run + 16, multiplier), lower4(mins)))
      c = f32x4.sub(c, f32x4.mul(nextF16x4(run + 16, multiplier), upper4(mins)))
    }
    v128.store(out, a)
    v128.store(out, c, 16)
  }
}

/** @inline */
function field(words: v128, shift: i32, mask: v128): v128 {
  return v128.and(i32x4.shr_u(words, shift), mask)
}

/** With bits of `mask` of the upper ones as bits 4 and up. @inline */
function withUpper(codes: v128, upper: v128, shift: i32, mask: i32): v128 {
  return v128.or(codes, i32x4.shl(field(upper, shift, i32x4.splat(mask)), 4))
}
