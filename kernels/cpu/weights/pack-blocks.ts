// Staged blocks, one for each 32 columns of a row (src/backends/cpu/load/stage-blocks.ts), into the kernels' blocks.
import {
  GROUP_ROWS,
  INT4_MIN,
  INT4_MIN_CODES,
  INT5_MIN,
  INT5_MIN_CODES,
  INT6,
  INT6_BLOCK,
  INT6_CODES,
  INT7,
  MXFP4,
  MXFP4_BLOCK,
  MXFP4_CODES,
  Matrix,
  NVFP4,
  RAISE,
  STAGED_BYTES,
  STAGED_MINS,
  STAGED_MIN_SCALE,
  STAGED_SCALE,
  STAGED_SCALES,
} from '../contract.generated'
import { SIX_BITS } from './run-scales'
import { blockBytes, blocksOf, codesAt, groupAt, runAt, runOf, scalesAt, superBytes } from './descriptor'
import { storePaired, storeWords, widened } from './pack'
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
function storeSix(codes: usize, first: v128, others: v128): void {
  const mask = i8x16.splat(15)
  storeWords(codes, v128.or(v128.and(first, mask), i8x16.shl(others, 4)))
  const four = v128.or(i8x16.shr_u(first, 4), i8x16.shl(i8x16.shr_u(others, 4), 2)),
    both = v128.or(four, i64x2.shr_u(four, 28))
  store<i32>(codes, i32x4.extract_lane(both, 0), 128)
  store<i32>(codes, i32x4.extract_lane(both, 2), 160)
}

/** The same of five bits: bit j of byte i of the upper ones is that of column 4j + i, bit 4 + j of column 16 + 4j + i. @inline */
function storeFive(codes: usize, first: v128, others: v128): void {
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
function storeRun(to: usize, scale: i32, min: i32, mins: i32): void {
  store<u16>(to, <u16>scale)
  if (mins) store<u16>(to, <u16>min, 16)
}

/** Those bits of an f16 that block i of a run has above its scale or minimum. @inline */
function bitsFor(i: i32, half: i32): u8 {
  return <u8>((half >> (i << 1)) << 6)
}

// The formats that large models come in, from their stored bytes: the same result, several times faster.

/** An f16 of the file, times 2^RAISE where it is to be `raised`. -1 where f16 cannot hold it, or it is no number. */
function raisedHalf(half: i32, raised: i32): i32 {
  const size = half & 0x7fff,
    exponent = size >> 10
  if (exponent == 31) return -1
  if (!raised || size == 0) return half
  if (exponent + RAISE > 30) return -1
  if (exponent > 0) return half + (RAISE << 10)
  // The highest bit of a subnormal one moves to where a normal one has it without saying so.
  const moved = clz<i32>(size) - 21
  return (half & 0x8000) | ((size << moved) & 0x3ff) | ((1 + RAISE - moved) << 10)
}

/** ggml q4_k: f16 d and dmin, eight scales and minima of six bits, 256 codes. */
export function packQ4k(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    mask = i8x16.splat(15)
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, g)
    for (let b = 0; b < nb; b += 8, source += 144) {
      if (!storeScales(p + lane, source, d.raised)) return r + 1
      p += 8 * SIX_BITS
      for (let from = source + 16, end = source + 144; from < end; from += 32, p += 2 * INT4_MIN_CODES) {
        const codes = p + (lane << 2),
          q = v128.load(from),
          s = v128.load(from, 16)
        storeWords(codes, v128.or(v128.and(q, mask), i8x16.shl(s, 4)))
        storeWords(codes + INT4_MIN_CODES, v128.or(i8x16.shr_u(q, 4), v128.andnot(s, mask)))
      }
    }
  }
  return 0
}

/**
 * What q4_k and q5_k begin with: f16 d and dmin for a run, and eight scales and minima of six bits, in twelve bytes, for its
 * blocks. False where d or dmin is refused.
 * @inline
 */
function storeScales(at: usize, source: usize, raised: i32): boolean {
  const scale = raisedHalf(load<u16>(source), raised),
    min = raisedHalf(load<u16>(source, 2), raised)
  if ((scale | min) < 0) return false
  const a = load<u32>(source, 4),
    m = load<u32>(source, 8),
    c = load<u32>(source, 12)
  storeSixBits(at, a & 0x3f3f3f3f, (c & 0x0f0f0f0f) | ((a >> 2) & 0x30303030), scale)
  storeSixBits(at + 8, m & 0x3f3f3f3f, ((c >> 4) & 0x0f0f0f0f) | ((m >> 2) & 0x30303030), min)
  return true
}

/** A row's scales or minima of a run, of the first four blocks and of the others, and an f16 above them (run-scales.ts). @inline */
function storeSixBits(at: usize, first: u32, others: u32, half: u32): void {
  const low = first | pairsOf(half),
    high = others | pairsOf(half >> 8)
  for (let i: usize = 0; i < 4; i++) {
    store<u8>(at + i * SIX_BITS, <u8>(low >> ((<u32>i) << 3)))
    store<u8>(at + i * SIX_BITS, <u8>(high >> ((<u32>i) << 3)), 4 * SIX_BITS)
  }
}

/** Pairs of eight bits as the upper ones of four bytes. @inline */
function pairsOf(bits: u32): u32 {
  return ((bits << 6) & 0xc0) | ((bits << 12) & 0xc000) | ((bits << 18) & 0xc00000) | ((bits << 24) & 0xc0000000)
}

/** ggml q5_k: as q4_k, with the upper bits of all codes before the nibbles: bit k of byte i is that of column 32k + i. */
export function packQ5k(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d)
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, g)
    for (let b = 0; b < nb; b += 8, source += 176) {
      if (!storeScales(p + lane, source, d.raised)) return r + 1
      p += 8 * SIX_BITS
      for (let k = 0; k < 8; k++, p += INT5_MIN_CODES) {
        const q = source + 48 + ((<usize>(k >> 1)) << 5)
        storeFive(p + (lane << 2), codesOf(q, k & 1, source + 16, k, 1), codesOf(q + 16, k & 1, source + 32, k, 1))
      }
    }
  }
  return 0
}

/** Sixteen codes: nibbles at q, upper ones of their bytes or lower ones, and above them the bits of `mask` at h, `shift` to the right. @inline */
function codesOf(q: usize, isUpper: i32, h: usize, shift: i32, mask: i32): v128 {
  const nibbles = i8x16.shr_u(v128.load(q), isUpper ? 4 : 0),
    upper = v128.and(i8x16.shr_u(v128.load(h), shift), i8x16.splat(<i8>mask))
  return v128.or(v128.and(nibbles, i8x16.splat(15)), i8x16.shl(upper, 4))
}

/** ggml q6_k: lower four bits, upper two bits, sixteen i8 scales, f16 d. */
export function packQ6k(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d)
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, g)
    for (let b = 0; b < nb; b += 8, source += 210) {
      const scale = raisedHalf(load<u16>(source, 208), d.raised)
      if (scale < 0) return r + 1
      store<u16>(p + (lane << 1), <u16>scale)
      p += 16
      for (let half: usize = 0; half < 2; half++)
        for (let k = 0; k < 4; k++, p += INT6_BLOCK) {
          const q = source + (half << 6) + (k & 1 ? 32 : 0),
            h = source + 128 + (half << 5),
            scales = source + (half << 3) + ((<usize>k) << 1)
          store<u8>(p + lane, load<u8>(scales, 192), INT6_CODES)
          store<u8>(p + lane, load<u8>(scales, 193), INT6_CODES + 8)
          storeSix(p + (lane << 2), codesOf(q, k & 2, h, 2 * k, 3), codesOf(q + 16, k & 2, h + 16, 2 * k, 3))
        }
    }
  }
  return 0
}

/**
 * ggml q4_1, q5_0 and q5_1 by the format that they become: f16 d, f16 of a minimum that is added, the upper bits of 32 codes, their
 * nibbles. Each block is a run, with a scale and a minimum of one.
 */
export function packSmall(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    format = d.format,
    nibblesAt: usize = d.mins ? 4 : 2,
    bits = format == INT4_MIN ? 0 : 4,
    each = superBytes(d) + blockBytes(d),
    toCodes = codesAt(d, 0),
    toScales = scalesAt(d, 0),
    mask = i8x16.splat(15)
  for (let r = row; r < row + count; r++) {
    const lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, r / GROUP_ROWS)
    for (let b = 0; b < nb; b++, p += each, source += nibblesAt + bits + 16) {
      const scale = raisedHalf(load<u16>(source), d.raised),
        min = d.mins ? raisedHalf(load<u16>(source, 2) ^ 0x8000, d.raised) : 0
      if ((scale | min) < 0) return r + 1
      storeRun(p + (lane << 1), scale, min, d.mins)
      const codes = p + toCodes + (lane << 2),
        scales = p + toScales + lane,
        nibbles = v128.load(source + nibblesAt + bits)
      store<u8>(scales, 1)
      store<u8>(scales, 1, 8) // the minimum, or the scale of the other columns
      if (format == INT4_MIN) {
        storeWords(codes, nibbles)
        continue
      }
      const upper = v128.load32_splat(source + nibblesAt),
        first = v128.or(v128.and(nibbles, mask), fifths(upper, 0)),
        others = v128.or(i8x16.shr_u(nibbles, 4), fifths(upper, 2))
      if (format == INT5_MIN) storeFive(codes, first, others)
      else storeSix(codes, i8x16.add(first, i8x16.splat(16)), i8x16.add(others, i8x16.splat(16)))
    }
  }
  return 0
}

/** Bits of two bytes, from byte `at` on, as bit 4 of sixteen. @inline */
function fifths(bytes: v128, at: i8): v128 {
  const spread = i8x16.swizzle(
      bytes,
      i8x16.add(i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1), i8x16.splat(at)),
    ),
    own = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128)
  return v128.and(i8x16.eq(v128.and(spread, own), own), i8x16.splat(16))
}

/** ggml mxfp4: a power of two and 32 codes, whose order is the kernels' own. */
export function packMxfp4(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d)
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, g)
    for (let b = 0; b < nb; b++, source += 17, p += MXFP4_BLOCK) {
      const scale = load<u8>(source)
      if (scale == 255) return r + 1
      store<u8>(p + lane, scale, MXFP4_CODES)
      storeWords(p + (lane << 2), v128.load(source, 1))
    }
  }
  return 0
}

/**
 * Two codes in a byte, the even column low, with f32 scales at `grid`: powers of two per 32 columns, or e4m3 per 16.
 */
export function packFp4(d: Matrix, source: usize, grid: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    mask = i8x16.splat(15),
    each = blockBytes(d),
    nvfp4 = d.format == NVFP4
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP_ROWS,
      lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, g)
    for (let b = 0; b < nb; b++, source += 16, p += each) {
      const scales = p + MXFP4_CODES + lane
      if (nvfp4) {
        const low = load<f32>(grid),
          high = load<f32>(grid, 4)
        if (low < 0 || high < 0) return r + 1
        store<u8>(scales, <u8>(reinterpret<u32>(low * reinterpret<f32>(0x03800000)) >> 20)) // 2^-120
        store<u8>(scales, <u8>(reinterpret<u32>(high * reinterpret<f32>(0x03800000)) >> 20), 8)
        grid += 8
      } else {
        store<u8>(scales, <u8>(load<u32>(grid) >> 23))
        grid += 4
      }
      storePaired(p + (lane << 2), v128.load(source), mask)
    }
  }
  return 0
}
