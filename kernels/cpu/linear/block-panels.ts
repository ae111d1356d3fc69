// Blocks unpacked into panels of sixteen rows. The codes are laid out as in linear-int.ts; after the scales f32 [16],
// or [2][16], lie the minima.
import {
  INT4_MIN_PANEL,
  INT5_MIN_CODES,
  INT5_MIN_PANEL,
  INT6_BLOCK,
  INT6_CODES,
  INT7_PANEL,
  IQ4_BLOCK,
  IQ4_PANEL,
  MXFP4_BLOCK,
  MXFP4_PANEL,
  Matrix,
  NVFP4,
} from '../contract.generated'
import { dot4IsFast, products, scratch } from '../control'
import { lower4, lowerFp8, lowerPowers, upper4, upperFp8, upperPowers } from '../weights/dequantize-blocks'
import {
  areScalesApart,
  blockBytes,
  blocksOf,
  codeBytes,
  groupAt,
  groupBytes,
  runOf,
  scaleBytes,
  superBytes,
} from '../weights/descriptor'
import { fiveHigh, fiveLow, nextSixHigh, nextSixLow, sixHigh, sixLow } from '../weights/own-bits'
import { SIX_BITS, dOf, dminOf, lowerSix, upperSix } from '../weights/run-scales'
import { heldE2m1, heldIq4, heldIq4High, heldIq4Low, heldNibbles, heldUpperOne, heldUpperTwo } from '../held'
import { panelAt } from '../scratch.generated'
import { BYTES_SIGNED, NIBBLES, loadF16x4, lookUp, lowerF16x4, nextF16x4, upperF16x4 } from '../simd'
import { highNibbles, lowNibbles, twice } from './sums'

// Panels. The codes are laid out as in linear-int.ts; after the scales f32 [16], or [2][16], lie the minima.

/** Of each block the whole numbers at `at` times the f16 at `from` of its run, of sixteen rows: f32 [16] at `to` of its panel. */
function unpackProducts(d: Matrix, g: i32, from: usize, at: usize, panel: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    size = blockBytes(d),
    above = superBytes(d),
    next = groupBytes(d)
  let p = groupAt(d, g)
  to += scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    const run = p + from,
      d0 = loadF16x4(run, multiplier),
      d1 = nextF16x4(run, multiplier),
      d2 = loadF16x4(run + next, multiplier),
      d3 = nextF16x4(run + next, multiplier)
    p += above
    for (const end = p + <usize>min(per, nb - i) * size; p < end; p += size, to += panel) {
      const s = p + at
      v128.store(to, f32x4.mul(d0, lower4(s)))
      v128.store(to, f32x4.mul(d1, upper4(s)), 16)
      v128.store(to, f32x4.mul(d2, lower4(s + next)), 32)
      v128.store(to, f32x4.mul(d3, upper4(s + next)), 48)
    }
  }
}

export function unpackMin(d: Matrix, g: i32): void {
  unpackNibbles(d, g, INT4_MIN_PANEL)
  unpackMinima(d, g, INT4_MIN_PANEL)
}

/** Scales and minima of 32 columns, of six bits. */
function unpackMinima(d: Matrix, g: i32, panel: usize): void {
  unpackSixBits(d, g, false, panel, 512)
  unpackSixBits(d, g, true, panel, 576)
}

/** As unpackProducts, of the scales or of the minima. */
function unpackSixBits(d: Matrix, g: i32, minima: boolean, panel: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    above = superBytes(d),
    codes = codeBytes(d),
    next = groupBytes(d)
  let p = groupAt(d, g)
  to += scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    const n = <usize>min(per, nb - i),
      a = minima ? dminOf(p, above) : dOf(p, above),
      c = minima ? dminOf(p + next, above) : dOf(p + next, above),
      d0 = lowerF16x4(a, multiplier),
      d1 = upperF16x4(a, multiplier),
      d2 = lowerF16x4(c, multiplier),
      d3 = upperF16x4(c, multiplier)
    p += above
    for (let s = p + (minima ? 8 : 0), end = s + n * SIX_BITS; s < end; s += SIX_BITS, to += panel) {
      v128.store(to, f32x4.mul(d0, lowerSix(s)))
      v128.store(to, f32x4.mul(d1, upperSix(s)), 16)
      v128.store(to, f32x4.mul(d2, lowerSix(s + next)), 32)
      v128.store(to, f32x4.mul(d3, upperSix(s + next)), 48)
    }
    p += n * (SIX_BITS + codes)
  }
}

/** Codes of four bits as they are, blocks of a panel `size` bytes apart. V8 fuses no look-ups into 256 bits. @inline */
export function unpackNibbles(d: Matrix, g: i32, size: usize): void {
  unpackCodes(d, g, i8x16.splat(0), size, false)
}

/** Codes of four bits through a table. @inline */
function unpackTable(d: Matrix, g: i32, table: v128, size: usize): void {
  unpackCodes(d, g, table, size, true)
}

/** @inline */
function coded(table: v128, codes: v128, listed: boolean): v128 {
  return listed ? lookUp(table, codes) : codes
}

/** @inline */
function unpackCodes(d: Matrix, g: i32, table: v128, size: usize, listed: boolean): void {
  const nb = blocksOf(d),
    per = runOf(d),
    above = superBytes(d),
    apart = areScalesApart(d),
    scales = apart ? 0 : scaleBytes(d),
    next = groupBytes(d),
    mask = heldNibbles()
  let p = groupAt(d, g),
    block = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    const n = <usize>min(per, nb - i)
    p += apart ? above + n * SIX_BITS : above
    for (const end = p + n * (128 + scales); p < end; p += scales, block += size) {
      let to = block
      for (const stop = p + 128; p < stop; p += 32, to += 64) {
        const a = v128.load(p),
          b = v128.load(p, 16),
          c = v128.load(p + next),
          e = v128.load(p + next, 16)
        v128.store(to, coded(table, lowNibbles(a, mask), listed))
        v128.store(to, coded(table, lowNibbles(b, mask), listed), 16)
        v128.store(to, coded(table, lowNibbles(c, mask), listed), 32)
        v128.store(to, coded(table, lowNibbles(e, mask), listed), 48)
        v128.store(to, coded(table, highNibbles(a, mask), listed), 256)
        v128.store(to, coded(table, highNibbles(b, mask), listed), 272)
        v128.store(to, coded(table, highNibbles(c, mask), listed), 288)
        v128.store(to, coded(table, highNibbles(e, mask), listed), 304)
      }
    }
  }
}

export function unpackMx(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    next = groupBytes(d)
  unpackTable(d, g, heldE2m1(), MXFP4_PANEL)
  let s = groupAt(d, g) + 128,
    to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += MXFP4_BLOCK, to += MXFP4_PANEL) {
    v128.store(to, lowerPowers(s))
    v128.store(to, upperPowers(s), 16)
    v128.store(to, lowerPowers(s + next), 32)
    v128.store(to, upperPowers(s + next), 48)
  }
}

/** A block of a panel in bytes: 32 columns of sixteen rows, and their scales. */
const BYTES_PANEL: usize = 576

/** As int8 does it: both halves of the codes, or bytes. */
export function unpackIq4(d: Matrix, g: i32): void {
  const nibbles = products == NIBBLES,
    size = nibbles ? IQ4_PANEL : BYTES_PANEL
  if (nibbles) {
    unpackTable(d, g, heldIq4High(), IQ4_PANEL)
    unpackLowIq4(d, g)
  } else {
    unpackTable(d, g, v128.xor(heldIq4(), i8x16.splat(products == BYTES_SIGNED ? -128 : 0)), BYTES_PANEL)
  }
  unpackProducts(d, g, 0, 128, size, size - 64)
}

function unpackLowIq4(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    per = d.per,
    next = groupBytes(d),
    mask = heldNibbles(),
    table = heldIq4Low()
  let p = groupAt(d, g),
    block = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i += per) {
    p += 16
    for (const end = p + <usize>min(per, nb - i) * IQ4_BLOCK; p < end; p += 8, block += IQ4_PANEL) {
      let to = block
      for (const stop = p + 128; p < stop; p += 32, to += 64)
        for (let k: usize = 0; k < 2; k++) {
          const a = v128.load(p + (k << 4)),
            c = v128.load(p + next + (k << 4)),
            t = to + (k << 4)
          v128.store(t, lookUp(table, lowNibbles(a, mask)))
          v128.store(t, lookUp(table, lowNibbles(c, mask)), 32)
          v128.store(t, lookUp(table, highNibbles(a, mask)), 256)
          v128.store(t, lookUp(table, highNibbles(c, mask)), 288)
        }
    }
  }
}

/** Codes plus 64, scales f32 [2][16], minima f32 [2][16]: for int7 and nvfp4. */
export function unpack16(d: Matrix, g: i32): void {
  if (d.format == NVFP4) {
    unpackTable(d, g, i8x16.add(heldE2m1(), i8x16.splat(52)), INT7_PANEL)
    return unpackFp8(d, g)
  }
  unpackBytes(d, g)
  unpackHalves(d, g, 0)
  if (d.mins) unpackHalves(d, g, 1)
}

/** The scales (`which` 0) or the minima (1) of sixteen columns each. */
function unpackHalves(d: Matrix, g: i32, which: usize): void {
  const from = which << 4,
    at = codeBytes(d) + from,
    to = 512 + (which << 7)
  unpackProducts(d, g, from, at, INT7_PANEL, to)
  unpackProducts(d, g, from, at + 8, INT7_PANEL, to + 64)
}

/** Scales in fp8, of sixteen columns each. */
function unpackFp8(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    multiplier = f32x4.splat(d.multiplier),
    size = blockBytes(d),
    next = groupBytes(d)
  let s = groupAt(d, g) + codeBytes(d),
    to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += size, to += INT7_PANEL)
    for (let h: usize = 0; h < 2; h++) {
      const q = s + (h << 3),
        t = to + (h << 6)
      v128.store(t, lowerFp8(q, multiplier))
      v128.store(t, upperFp8(q, multiplier), 16)
      v128.store(t, lowerFp8(q + next, multiplier), 32)
      v128.store(t, upperFp8(q + next, multiplier), 48)
    }
}

function unpackBytes(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    per = d.per,
    scales = scaleBytes(d),
    above = superBytes(d),
    next = groupBytes(d)
  let p = groupAt(d, g),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    p += above
    for (const end = p + <usize>min(per, nb - i) * (256 + scales); p < end; p += scales, to += INT7_PANEL - 512)
      for (const stop = p + 256; p < stop; p += 32, to += 64) {
        v128.store(to, v128.load(p))
        v128.store(to, v128.load(p, 16), 16)
        v128.store(to, v128.load(p + next), 32)
        v128.store(to, v128.load(p + next, 16), 48)
      }
  }
}

/** Codes plus 32, scales twice each, i16 [2][16][2], and those of the run, f32 [16]. */
export function unpackSix(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    next = groupBytes(d)
  let p = groupAt(d, g),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    const d0 = loadF16x4(p, multiplier),
      d1 = nextF16x4(p, multiplier),
      d2 = loadF16x4(p + next, multiplier),
      d3 = nextF16x4(p + next, multiplier)
    p += 16
    for (const end = p + <usize>min(per, nb - i) * INT6_BLOCK; p < end; p += INT6_BLOCK, to += INT7_PANEL) {
      unpackSixRows(p, to)
      unpackSixRows(p + next, to + 32)
      for (let h: usize = 0; h < 2; h++) {
        const s = p + INT6_CODES + (h << 3),
          t = to + 512 + (h << 6)
        storeWhole(s, t)
        storeWhole(s + next, t + 32)
      }
      v128.store(to, d0, 640)
      v128.store(to, d1, 656)
      v128.store(to, d2, 672)
      v128.store(to, d3, 688)
    }
  }
}

/** Whole scales of eight rows as the tiles take them (block-tiles.ts): in f32, or i16 twice. @inline */
function storeWhole(from: usize, to: usize): void {
  const scales = twice(from)
  v128.store(to, dot4IsFast() ? lower4(from) : i16x8.extend_low_i8x16_s(scales))
  v128.store(to, dot4IsFast() ? upper4(from) : i16x8.extend_high_i8x16_s(scales), 16)
}

/** A block of eight rows. @inline */
function unpackSixRows(p: usize, to: usize): void {
  const mask = heldNibbles(),
    two = heldUpperTwo()
  for (let t = p + 128, stop = t + 64; t < stop; t += 32, p += 64, to += 128) {
    const m = v128.load(t),
      n = v128.load(t, 16)
    let q = v128.load(p),
      r = v128.load(p, 16)
    v128.store(to, sixLow(q, m, mask, two))
    v128.store(to, sixLow(r, n, mask, two), 16)
    v128.store(to, sixHigh(q, m, mask, two), 256)
    v128.store(to, sixHigh(r, n, mask, two), 272)
    q = v128.load(p, 32)
    r = v128.load(p, 48)
    v128.store(to, nextSixLow(q, m, mask, two), 64)
    v128.store(to, nextSixLow(r, n, mask, two), 80)
    v128.store(to, nextSixHigh(q, m, mask, two), 320)
    v128.store(to, nextSixHigh(r, n, mask, two), 336)
  }
}

export function unpackFive(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    per = d.per,
    above = superBytes(d),
    next = groupBytes(d)
  let p = groupAt(d, g),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i += per) {
    const n = <usize>min(per, nb - i)
    p += above + n * SIX_BITS
    for (const end = p + n * INT5_MIN_CODES; p < end; p += INT5_MIN_CODES, to += INT5_MIN_PANEL) {
      unpackFiveRows(p, to)
      unpackFiveRows(p + next, to + 32)
    }
  }
  unpackMinima(d, g, INT5_MIN_PANEL)
}

/** A block of eight rows. @inline */
function unpackFiveRows(p: usize, to: usize): void {
  const mask = heldNibbles(),
    one = heldUpperOne()
  let m = v128.load(p, 128),
    n = v128.load(p, 144)
  for (const stop = p + 128; p < stop; p += 32, to += 64) {
    const q = v128.load(p),
      r = v128.load(p, 16)
    v128.store(to, fiveLow(q, m, mask, one))
    v128.store(to, fiveLow(r, n, mask, one), 16)
    v128.store(to, fiveHigh(q, m, mask, one), 256)
    v128.store(to, fiveHigh(r, n, mask, one), 272)
    m = i16x8.shr_u(m, 1)
    n = i16x8.shr_u(n, 1)
  }
}
