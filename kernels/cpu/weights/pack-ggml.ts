// Blocks of ggml, as files have them, into the kernels' blocks: what packBlocks makes, several times faster. A function returns the first row
// whose d or dmin is no f16, as they are to be stored, plus 1; or 0.
import {
  GROUP_ROWS,
  INT4_MIN,
  INT4_MIN_CODES,
  INT5_MIN,
  INT5_MIN_CODES,
  INT6_BLOCK,
  INT6_CODES,
  INT7_CODES,
  IQ4_CODES,
  MXFP4_BLOCK,
  MXFP4_CODES,
  Matrix,
  NVFP4,
  RAISE,
} from '../contract.generated'
import { blockBytes, blocksOf, codesAt, groupAt, scalesAt, superBytes } from './descriptor'
import { storePaired, storeWords } from './pack'
import { storeFive, storeRun, storeSix } from './pack-blocks'
import { SIX_BITS } from './run-scales'

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

/** ggml iq4_nl, f16 and the codes of 32 columns, or iq4_xs: f16, the upper two and lower four bits of eight scales, 256 codes. */
export function packIq4(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    per = d.per,
    each = blockBytes(d),
    above = superBytes(d),
    codesFrom: usize = per == 8 ? 8 : 2
  for (let r = row; r < row + count; r++) {
    const lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, r / GROUP_ROWS)
    for (let b = 0; b < nb; b += per, source += codesFrom + ((<usize>per) << 4)) {
      const scale = raisedHalf(load<u16>(source), d.raised)
      if (scale < 0) return r + 1
      store<u16>(p + (lane << 1), <u16>scale)
      p += above
      for (let i = 0; i < per; i++, p += each) {
        storeWords(p + (lane << 2), v128.load(source + codesFrom + ((<usize>i) << 4)))
        store<i8>(p + lane, per == 8 ? scaleOfXs(source, i) : 1, IQ4_CODES)
      }
    }
  }
  return 0
}

/** @inline */
function scaleOfXs(source: usize, i: i32): i8 {
  const low = ((<i32>load<u8>(source + ((<usize>i) >> 1), 4)) >> ((i & 1) << 2)) & 15,
    high = ((<i32>load<u16>(source, 2)) >> (i << 1)) & 3
  return <i8>(low | (high << 4)) - 32
}

/** ggml q3_k: an upper bit of 256 codes, two lower ones, sixteen scales of six bits, f16 d. */
export function packQ3k(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d)
  for (let r = row; r < row + count; r++) {
    const lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, r / GROUP_ROWS)
    for (let b = 0; b < nb; b += 8, source += 110) {
      const scale = raisedHalf(load<u16>(source, 108), d.raised)
      if (scale < 0) return r + 1
      store<u16>(p + (lane << 1), <u16>scale)
      p += 16
      for (let k = 0; k < 8; k++, p += INT6_BLOCK) {
        const q = source + 32 + ((<usize>(k >> 2)) << 5)
        store<i8>(p + lane, scaleOfQ3k(source + 96, 2 * k), INT6_CODES)
        store<i8>(p + lane, scaleOfQ3k(source + 96, 2 * k + 1), INT6_CODES + 8)
        storeSix(p + (lane << 2), thirdsAt(q, source, k), thirdsAt(q + 16, source + 16, k))
      }
    }
  }
  return 0
}

/** @inline */
function scaleOfQ3k(scales: usize, i: i32): i8 {
  const low = ((<i32>load<u8>(scales + <usize>(i & 7))) >> ((i >> 3) << 2)) & 15,
    high = ((<i32>load<u8>(scales + <usize>(i & 3), 8)) >> ((i >> 2) << 1)) & 3
  return <i8>((low | (high << 4)) - 32)
}

/** Sixteen codes of q3_k, plus 32: two bits at q, of block k, and a third at h. @inline */
function thirdsAt(q: usize, h: usize, k: i32): v128 {
  const two = v128.and(i8x16.shr_u(v128.load(q), (k & 3) << 1), i8x16.splat(3)),
    third = i8x16.shl(v128.and(i8x16.shr_u(v128.load(h), k), i8x16.splat(1)), 2)
  return i8x16.add(v128.or(two, third), i8x16.splat(28))
}

/** ggml q2_k: sixteen scales and minima of four bits, codes of two, f16 d and dmin. */
export function packQ2k(d: Matrix, source: usize, row: i32, count: i32): i32 {
  const nb = blocksOf(d),
    each = blockBytes(d)
  for (let r = row; r < row + count; r++) {
    const lane = <usize>(r % GROUP_ROWS)
    let p = groupAt(d, r / GROUP_ROWS)
    for (let b = 0; b < nb; b += 8, source += 84) {
      const scale = raisedHalf(load<u16>(source, 80), d.raised),
        min = raisedHalf(load<u16>(source, 82), d.raised)
      if ((scale | min) < 0) return r + 1
      storeRun(p + (lane << 1), scale, min, 1)
      p += 32
      for (let k = 0; k < 8; k++, p += each) {
        const q = source + 16 + ((<usize>(k >> 2)) << 5),
          s = source + ((<usize>k) << 1),
          codes = p + (lane << 2)
        storeWords(codes, pairsAt(q, k))
        storeWords(codes + 128, pairsAt(q + 16, k))
        for (let h: usize = 0; h < 2; h++) {
          const both = load<u8>(s + h)
          store<u8>(p + lane + (h << 3), both & 15, INT7_CODES)
          store<u8>(p + lane + (h << 3), both >> 4, INT7_CODES + 16)
        }
      }
    }
  }
  return 0
}

/** Sixteen codes of q2_k, plus 64, of block k. @inline */
function pairsAt(q: usize, k: i32): v128 {
  return i8x16.add(v128.and(i8x16.shr_u(v128.load(q), (k & 3) << 1), i8x16.splat(3)), i8x16.splat(64))
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
