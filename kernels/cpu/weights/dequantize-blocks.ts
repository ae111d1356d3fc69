// Blocks with scales of two levels, and codes into tables, to f32. Eight rows lie interleaved as in int4 and int8; a
// block's scales are whole numbers or small floats for each of the eight rows:
//   int4_min  codes 0..15;      u8 scale [8], u8 minimum [8]                     value = d * scale * code - dmin *
// minimum
//   int7      codes + 64;       i8 scale [2][8], then, with minima, i8 [2][8]    the same, per 16 columns
//   int5_min  codes 0..31;      as int4_min
//   int6      codes + 32;       i8 scale [2][8]                                  the same, per 16 columns
//   iq4       codes of a table; i8 scale [8]                                     value = d * scale * table[code]
//   mxfp4     e2m1 codes;       e8m0 [8]                                         value = 2^(scale - 127) * e2m1[code]
//   nvfp4     e2m1 codes;       e4m3 [2][8]                                      value = scale * multiplier *
// e2m1[code]
// d and dmin are f16 [8], [8] for each run of blocks (run-scales.ts).
import { CHUNK_COLUMNS, INT4_MIN, INT5_MIN, INT6, INT7, IQ4, MXFP4, Matrix } from '../contract.generated'
import {
  areScalesApart,
  blockBytes,
  codeBytes,
  codesAt,
  groupAt,
  runAt,
  runOf,
  scaleBytes,
  scalesAt,
  superBytes,
} from './descriptor'
import { fiveHigh, fiveLow, nextSixHigh, nextSixLow, sixHigh, sixLow } from './own-bits'
import { dOf, dminOf, lowerSix, upperSix } from './run-scales'
import { heldE2m1, heldIq4, heldNibbles, heldUpperOne, heldUpperTwo } from '../held'
import { loadF16x4, lookUp, lowerF16x4, upperF16x4 } from '../simd'

/** Four of the eight whole numbers of eight bits at p: the lower or the upper ones. V8 fuses the two. @inline */
export function lower4(p: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(v128.load8x8_s(p)))
}
/** @inline */
export function upper4(p: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(v128.load8x8_s(p)))
}
/** The same for e8m0, halved, because tables hold twice e2m1. Byte 0 is the subnormal 2^-127. @inline */
export function lowerPowers(p: usize): v128 {
  return power(i32x4.extend_low_i16x8_u(v128.load8x8_u(p)))
}
/** @inline */
export function upperPowers(p: usize): v128 {
  return power(i32x4.extend_high_i16x8_u(v128.load8x8_u(p)))
}
/** @inline */
function power(bytes: v128): v128 {
  return f32x4.mul(i32x4.max_s(i32x4.shl(bytes, 23), i32x4.splat(0x400000)), f32x4.splat(0.5))
}
/** The same for e4m3 without sign, times multiplier / 2^120. @inline */
export function lowerFp8(p: usize, multiplier: v128): v128 {
  return f32x4.mul(i32x4.shl(i32x4.extend_low_i16x8_u(v128.load8x8_u(p)), 20), multiplier)
}
/** @inline */
export function upperFp8(p: usize, multiplier: v128): v128 {
  return f32x4.mul(i32x4.shl(i32x4.extend_high_i16x8_u(v128.load8x8_u(p)), 20), multiplier)
}

/** What nibbles mean, twice where they are e2m1; themselves but for tables. @inline */
export function meanings(format: i32): v128 {
  return format == INT4_MIN
    ? i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    : format == IQ4
      ? i8x16.sub(heldIq4(), i8x16.splat(-128))
      : i8x16.sub(heldE2m1(), i8x16.splat(12))
}

/** Rows [row, row + 4) and columns [col, col + n), as dequantize. */
export function dequantizeBlocks(d: Matrix, row: i32, col: i32, n: i32, out: usize): void {
  const format = d.format,
    half = <usize>(row & 4)
  const multiplier = f32x4.splat(d.multiplier),
    mask = i8x16.splat(15),
    zero = f32x4.splat(0)
  const table = meanings(format)
  let b = col >> 5
  const group = groupAt(d, row >> 3),
    above = superBytes(d),
    per = runOf(d),
    apart = areScalesApart(d),
    toCodes = apart ? codeBytes(d) : blockBytes(d),
    toScales = apart ? scaleBytes(d) : toCodes,
    sixteen = format == INT7 || format == INT6 // columns that share a scale
  for (const end = b + (n >> 5); b < end;) {
    const begin = group + runAt(d, b),
      run = begin + (half << 1),
      stop = min(end, b - (b % per) + per)
    let p = begin + codesAt(d, b) + (half << 2),
      s = begin + scalesAt(d, b),
      scale = zero,
      min4 = zero
    if (apart) {
      scale = halves(dOf(begin, above), half, multiplier)
      min4 = halves(dminOf(begin, above), half, multiplier)
    } else if (above) {
      scale = loadF16x4(run, multiplier)
      if (d.mins) min4 = loadF16x4(run + 16, multiplier)
    }
    for (; b < stop; b++, out += 128, p += toCodes, s += toScales) {
      let s0 = zero,
        s1 = zero,
        m0 = zero,
        m1 = zero
      if (format == MXFP4) {
        s0 = half ? upperPowers(s) : lowerPowers(s)
        s1 = s0
      } else if (apart) {
        s0 = f32x4.mul(scale, six(s, half))
        s1 = s0
        m0 = f32x4.mul(min4, six(s + 8, half))
        m1 = m0
      } else if (above) {
        s0 = f32x4.mul(scale, four(s, half))
        s1 = sixteen ? f32x4.mul(scale, four(s + 8, half)) : s0
        if (d.mins) {
          m0 = f32x4.mul(min4, four(s + 16, half))
          m1 = f32x4.mul(min4, four(s + 24, half))
        }
      } else if (half) {
        s0 = upperFp8(s, multiplier)
        s1 = upperFp8(s + 8, multiplier)
      } else {
        s0 = lowerFp8(s, multiplier)
        s1 = lowerFp8(s + 8, multiplier)
      }
      if (format == INT7) {
        const offset = i8x16.splat(64)
        for (let j: usize = 0; j < 4; j++) storeRows(i8x16.sub(v128.load(p + (j << 5)), offset), s0, m0, out + (j << 4))
        for (let j: usize = 4; j < 8; j++) storeRows(i8x16.sub(v128.load(p + (j << 5)), offset), s1, m1, out + (j << 4))
        continue
      }
      if (format == INT6) {
        const nibbles = heldNibbles(),
          two = heldUpperTwo(),
          offset = i8x16.splat(32)
        for (let h: usize = 0; h < 2; h++) {
          const o = out + (h << 5),
            upper = v128.load(p + 128 + (h << 5))
          let q = v128.load(p + (h << 6))
          storeRows(i8x16.sub(sixLow(q, upper, nibbles, two), offset), s0, m0, o)
          storeRows(i8x16.sub(sixHigh(q, upper, nibbles, two), offset), s1, m1, o + 64)
          q = v128.load(p + (h << 6), 32)
          storeRows(i8x16.sub(nextSixLow(q, upper, nibbles, two), offset), s0, m0, o + 16)
          storeRows(i8x16.sub(nextSixHigh(q, upper, nibbles, two), offset), s1, m1, o + 80)
        }
        continue
      }
      if (format == INT5_MIN) {
        const nibbles = heldNibbles(),
          one = heldUpperOne()
        let upper = v128.load(p, 128)
        for (let j: usize = 0; j < 4; j++) {
          const q = v128.load(p + (j << 5))
          storeRows(fiveLow(q, upper, nibbles, one), s0, m0, out + (j << 4))
          storeRows(fiveHigh(q, upper, nibbles, one), s1, m1, out + 64 + (j << 4))
          upper = i16x8.shr_u(upper, 1)
        }
        continue
      }
      for (let j: usize = 0; j < 4; j++) {
        const q = v128.load(p + (j << 5))
        storeRows(lookUp(table, v128.and(q, mask)), s0, m0, out + (j << 4))
        storeRows(lookUp(table, i8x16.shr_u(q, 4)), s1, m1, out + 64 + (j << 4))
      }
    }
  }
}

/** @inline */
function four(p: usize, half: usize): v128 {
  return half ? upper4(p) : lower4(p)
}
/** @inline */
function six(p: usize, half: usize): v128 {
  return half ? upperSix(p) : lowerSix(p)
}
/** @inline */
function halves(eight: v128, half: usize, multiplier: v128): v128 {
  return half ? upperF16x4(eight, multiplier) : lowerF16x4(eight, multiplier)
}

/** 4 rows x 4 columns of i8, times s, less m. @inline */
function storeRows(codes: v128, s: v128, m: v128, out: usize): void {
  const row = (<usize>CHUNK_COLUMNS) << 2
  const lo = i16x8.extend_low_i8x16_s(codes),
    hi = i16x8.extend_high_i8x16_s(codes)
  v128.store(
    out,
    f32x4.sub(
      f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(lo)), v128.shuffle<i32>(s, s, 0, 0, 0, 0)),
      v128.shuffle<i32>(m, m, 0, 0, 0, 0),
    ),
  )
  v128.store(
    out + row,
    f32x4.sub(
      f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(lo)), v128.shuffle<i32>(s, s, 1, 1, 1, 1)),
      v128.shuffle<i32>(m, m, 1, 1, 1, 1),
    ),
  )
  v128.store(
    out + 2 * row,
    f32x4.sub(
      f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(hi)), v128.shuffle<i32>(s, s, 2, 2, 2, 2)),
      v128.shuffle<i32>(m, m, 2, 2, 2, 2),
    ),
  )
  v128.store(
    out + 3 * row,
    f32x4.sub(
      f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(hi)), v128.shuffle<i32>(s, s, 3, 3, 3, 3)),
      v128.shuffle<i32>(m, m, 3, 3, 3, 3),
    ),
  )
}
