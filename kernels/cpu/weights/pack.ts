// Stored weights into the kernels' integer blocks, and checks, while a model is loaded. `d` is the target's descriptor;
// rows [row, row + count) lie at `source`. Functions that may refuse return the first bad row + 1, or 0.
import { CHUNK_COLUMNS, GROUP_ROWS, INT4, INT4_BLOCK, INT4_SCALES, Matrix } from '../contract.generated'
import { scratch } from '../control'
import { dequantize } from './dequantize'
import { blockBytes, blocksOf, codeBytes, groupAt } from './descriptor'
import { larger, largest, rounded, toHalf } from '../simd'

/** Where the codes of row's first block begin, of int4 or int8; byte 32j + 4 lane + i of a block. @inline */
function codesAt(d: Matrix, row: i32): usize {
  return groupAt(d, row / GROUP_ROWS) + ((<usize>(row % GROUP_ROWS)) << 2)
}
/** Bytes from there to the row's scale. @inline */
function toScale(d: Matrix, row: i32): usize {
  return codeBytes(d) - ((<usize>(row % GROUP_ROWS)) << 1)
}

/** ggml q4_0 or q8_0 rows, bit for bit: only the order changes, and signed bytes get their offset. */
export function packGgml(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const int4 = d.format == INT4,
    words: i32 = int4 ? 4 : 8,
    offset: u32 = int4 ? 0 : 0x80808080,
    nb = blocksOf(d)
  for (let r = row; r < row + count; r++) {
    const scales = toScale(d, r)
    let codes = codesAt(d, r)
    for (let b = 0; b < nb; b++, codes += INT4_SCALES) {
      const scale = load<u16>(source)
      if ((scale & 0x7c00) == 0x7c00) return r + 1
      store<u16>(codes + scales, scale)
      source += 2
      for (let j = 0; j < words; j++, source += 4, codes += 32) store<u32>(codes, load<u32>(source) ^ offset)
    }
  }
  return 0
}

/**
 * compressed-tensors words (nibble j of a word is column 8c + j) with their f32 scales, times `factor`. Refuses a row
 * with a scale that f16 cannot hold.
 */
export function packWords(d: Matrix, source: usize, grid: usize, factor: f32, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    mask = i8x16.splat(15)
  for (let r = row; r < row + count; r++) {
    const scales = toScale(d, r)
    let codes = codesAt(d, r)
    for (let b = 0; b < nb; b++, source += 16, grid += 4, codes += INT4_BLOCK) {
      const scale = load<f32>(grid) * factor,
        half = <u16>toHalf(f32x4.splat(scale))
      if (widened(half) != scale) return r + 1
      store<u16>(codes + scales, half)
      storePaired(codes, v128.load(source), mask)
    }
  }
  return 0
}

/**
 * Symmetric requantisation of the rows of matrix `s` (any float format) to int8 (127 steps) or int4 (8 steps); scales
 * are stored times `factor`.
 */
export function packFloats(d: Matrix, s: Matrix, factor: f32, row: i32, count: i32): void {
  const K = d.cols,
    end = row + count,
    int4 = d.format == INT4,
    size = blockBytes(d)
  for (let r = row; r < end; r += 4)
    for (let col = 0; col < K; col += CHUNK_COLUMNS) {
      const n = min(CHUNK_COLUMNS, K - col),
        blocks = (n + 31) >> 5
      dequantize(s, r, col, n, scratch)
      for (let i = 0; i < min(4, end - r); i++) {
        const x = scratch + ((<usize>(i * CHUNK_COLUMNS)) << 2)
        memory.fill(x + ((<usize>n) << 2), 0, (<usize>((blocks << 5) - n)) << 2)
        const to = toScale(d, r + i)
        let codes = codesAt(d, r + i) + <usize>(col >> 5) * size
        for (let b = 0; b < blocks; b++, codes += size)
          packBlock(int4, x + ((<usize>b) << 7), codes, codes + to, factor)
      }
    }
}

/** The 32 values at x into the codes of a row's block, and its scale. */
function packBlock(int4: boolean, x: usize, codes: usize, scaleAt: usize, factor: f32): void {
  let most = f32x4.splat(0),
    least = most
  for (let i: usize = 0; i < 128; i += 16) {
    const v = v128.load(x + i)
    most = larger(most, v)
    least = larger(least, f32x4.neg(v))
  }
  const up = largest(most),
    down = largest(least)
  // int4 as ggml does it: the extreme value becomes code -8, which wastes no code
  const step: f32 = int4 ? (up > down ? up : -down) / -8 : max(up, down) / 127
  const half = <u16>toHalf(f32x4.splat(step * factor)),
    scale = widened(half) / factor
  store<u16>(scaleAt, half)
  const inverse = f32x4.splat(scale == 0 ? 0 : 1 / scale)
  const low = codes16(x, inverse),
    high = codes16(x + 64, inverse)
  if (int4) {
    const eight = i8x16.splat(8),
      seven = i8x16.splat(7),
      least = i8x16.splat(-8)
    const l = i8x16.add(i8x16.min_s(i8x16.max_s(low, least), seven), eight),
      h = i8x16.add(i8x16.min_s(i8x16.max_s(high, least), seven), eight)
    storeWords(codes, v128.or(l, i8x16.shl(h, 4)))
  } else {
    storeWords(codes, v128.xor(low, i8x16.splat(-128)))
    storeWords(codes + 128, v128.xor(high, i8x16.splat(-128)))
  }
}

/** 16 values times `inverse`, rounded, as i8. @inline */
function codes16(x: usize, inverse: v128): v128 {
  const a = rounded(f32x4.mul(v128.load(x), inverse)),
    b = rounded(f32x4.mul(v128.load(x, 16), inverse))
  const c = rounded(f32x4.mul(v128.load(x, 32), inverse)),
    e = rounded(f32x4.mul(v128.load(x, 48), inverse))
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, e))
}

/** 16 bytes with the codes of two neighbouring columns each, into a block whose bytes hold columns 16 apart. @inline */
export function storePaired(codes: usize, q: v128, mask: v128): void {
  const even = v128.and(q, mask),
    odd = i8x16.shr_u(q, 4)
  const low = v128.shuffle<u8>(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
  const high = v128.shuffle<u8>(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  storeWords(codes, v128.or(low, i8x16.shl(high, 4)))
}

/** Four words of four columns into a block, 32 bytes apart. @inline */
export function storeWords(codes: usize, v: v128): void {
  store<i32>(codes, i32x4.extract_lane(v, 0))
  store<i32>(codes, i32x4.extract_lane(v, 1), 32)
  store<i32>(codes, i32x4.extract_lane(v, 2), 64)
  store<i32>(codes, i32x4.extract_lane(v, 3), 96)
}

/** f16 to f32, exactly. @inline */
export function widened(half: u16): f32 {
  return reinterpret<f32>(((<u32>(<i32>(<i16>half))) << 13) & 0x8fffffff) * reinterpret<f32>(0x77800000)
}

/** 1 if any element has all bits of `mask` set (NaN or infinity), elements of `width` bytes. */
export function anyMasked(p: usize, bytes: usize, width: i32, mask: i32): i32 {
  const end = p + bytes,
    m = width == 1 ? i8x16.splat(<i8>mask) : width == 2 ? i16x8.splat(<i16>mask) : i32x4.splat(mask)
  for (; p < end; p += 16) {
    if (p + 16 > end) {
      v128.store(scratch, i32x4.splat(0))
      memory.copy(scratch, p, end - p)
      p = scratch
    }
    const v = v128.and(v128.load(p), m)
    if (v128.any_true(width == 1 ? i8x16.eq(v, m) : width == 2 ? i16x8.eq(v, m) : i32x4.eq(v, m))) return 1
    if (p == scratch) return 0
  }
  return 0
}
