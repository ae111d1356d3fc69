// Staged blocks, one for each 32 columns of a row (src/backends/cpu/load/stage-blocks.ts), into the kernels' blocks.
import {
  GROUP_ROWS,
  INT4_MIN,
  INT5_MIN,
  INT6,
  INT7,
  MXFP4,
  Matrix,
  NVFP4,
  RAISE,
  STAGED_BYTES,
  STAGED_MINS,
  STAGED_MIN_SCALE,
  STAGED_SCALE,
  STAGED_SCALES,
} from '../contract.generated'
import { blocksOf, codesAt, groupAt, runAt, runOf, scalesAt, superBytes } from './descriptor'
import { storeWords, widened } from './pack'
import { toHalf } from '../simd'

/** Rows [row, row + count). Refuses a row whose d or dmin is no f16, as they are to be stored: returns it plus 1. */
export function packBlocks(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const format = d.format,
    nb = blocksOf(d),
    per = runOf(d),
    above = superBytes(d),
    mins = d.mins,
    factor: f32 = d.raised != 0 ? <f32>(1 << RAISE) : 1,
    inScales = d.inScales
  let scale = 0,
    min = 0
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    for (let b = 0; b < nb; b++, source += STAGED_BYTES) {
      const inRun = b % per,
        run = groupAt(d, g) + runAt(d, b),
        codes = run + codesAt(d, b) + (lane << 2),
        scales = run + scalesAt(d, b) + lane
      if ((above || inScales) && inRun == 0) {
        scale = halfOf(load<f32>(source, STAGED_SCALE) * factor)
        min = mins ? halfOf(load<f32>(source, STAGED_MIN_SCALE) * factor) : 0
        if ((scale | min) < 0) return r + 1
        if (above) storeRun(run + (lane << 1), scale, min, mins)
      }
      if (format == INT7) {
        storeWords(codes, v128.load(source))
        storeWords(codes + 128, v128.load(source, 16))
      } else if (format == INT6) storeSix(codes, v128.load(source), v128.load(source, 16))
      else if (format == INT5_MIN) storeFive(codes, v128.load(source), v128.load(source, 16))
      else storeWords(codes, v128.or(v128.load(source), i8x16.shl(v128.load(source, 16), 4)))
      store<u8>(scales, load<u8>(source, STAGED_SCALES) | (inScales ? bitsFor(inRun, scale) : 0))
      if (format == INT7 || format == INT6 || format == NVFP4) store<u8>(scales, load<u8>(source, STAGED_SCALES + 1), 8)
      if (format == NVFP4 && (load<u16>(source, STAGED_SCALES) & 0x8080) != 0) return r + 1
      if (format == INT4_MIN || format == INT5_MIN)
        store<u8>(scales, load<u8>(source, STAGED_MINS) | (inScales ? bitsFor(inRun, min) : 0), 8)
      if (format == INT7 && mins) {
        store<u8>(scales, load<u8>(source, STAGED_MINS), 16)
        store<u8>(scales, load<u8>(source, STAGED_MINS + 1), 24)
      }
      if (format == MXFP4 && load<u8>(source, STAGED_SCALES) == 255) return r + 1
    }
  }
  return 0
}

/**
 * The codes of six bits of a row's block, columns 0 to 15 and 16 to 31: nibbles as int4 has them, then upper bits. Byte i
 * of half h of these has those of columns 8h + i, 16 + 8h + i, 8h + 4 + i and 20 + 8h + i, from the lowest bit on.
 * @inline
 */
export function storeSix(codes: usize, first: v128, others: v128): void {
  const mask = i8x16.splat(15)
  storeWords(codes, v128.or(v128.and(first, mask), i8x16.shl(others, 4)))
  const four = v128.or(i8x16.shr_u(first, 4), i8x16.shl(i8x16.shr_u(others, 4), 2)),
    both = v128.or(four, i64x2.shr_u(four, 28))
  store<i32>(codes, i32x4.extract_lane(both, 0), 128)
  store<i32>(codes, i32x4.extract_lane(both, 2), 160)
}

/** The same of five bits: bit j of byte i of the upper ones is that of column 4j + i, bit 4 + j of column 16 + 4j + i. @inline */
export function storeFive(codes: usize, first: v128, others: v128): void {
  const mask = i8x16.splat(15)
  storeWords(codes, v128.or(v128.and(first, mask), i8x16.shl(others, 4)))
  const one = v128.or(i8x16.shr_u(first, 4), v128.andnot(others, mask)),
    two = v128.or(one, i64x2.shr_u(one, 31))
  store<i32>(codes, i32x4.extract_lane(two, 0) | (i32x4.extract_lane(two, 2) << 2), 128)
}

/** As f16; -1 where that cannot hold it. */
function halfOf(value: f32): i32 {
  const half = <u16>toHalf(f32x4.splat(value))
  return widened(half) == value ? <i32>half : -1
}

/** d and dmin of a row before its run. @inline */
export function storeRun(to: usize, scale: i32, min: i32, mins: i32): void {
  store<u16>(to, <u16>scale)
  if (mins) store<u16>(to, <u16>min, 16)
}

/** Those bits of an f16 that block i of a run has above its scale or minimum. @inline */
function bitsFor(i: i32, half: i32): u8 {
  return <u8>((half >> (i << 1)) << 6)
}
