// Integer dot products for blocks with scales of two levels and codes into tables (dequantize-blocks.ts): one row of x
// times eight rows of weights, and the panels of sixteen for more rows. linear-int.ts says how both work.
// A minimum costs one product a block: with the sum of the activations, which comes with them.
import { INT4_MIN, INT4_MIN_PANEL, INT7, INT7_PANEL, IQ4, IQ4_PANEL, MXFP4, MXFP4_PANEL, Matrix, X_BLOCK_BYTES } from './contract.generated'
import { products, scratch } from './control'
import { lower4, lowerFp8, lowerPowers, upper4, upperFp8, upperPowers } from './dequantize-blocks'
import { blocksOf, scaleBytes, superBytes, supersOf } from './descriptor'
import { heldNibbles } from './held'
import { panelAt } from './scratch.generated'
import { BYTES_SIGNED, NIBBLES, dot2, dot4, loadF16x4, lookUp, madd, nextF16x4 } from './simd'
import { highNibbles, joined, lowNibbles, outAt, pairs, scaled, start, tileBothNibbles, tileBytes, tileMx, xAt } from './tiles'

/** What lies behind the codes of a block of x. */
const X_REST: usize = X_BLOCK_BYTES - 32

/** Twice e2m1, plus 12. */
// @ts-ignore: decorator
@inline function e2m1Codes(): v128 { return i8x16(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0) }
// IQ4_NL's points plus 128, in two halves of four bits.
// @ts-ignore: decorator
@inline function iq4Low(): v128 { return i8x16(1, 8, 13, 15, 15, 13, 10, 6, 1, 13, 9, 6, 5, 5, 9, 1) }
// @ts-ignore: decorator
@inline function iq4High(): v128 { return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 15) }

/** What 12 too much in every code costs, where `sums` are what 8 too much does. */
// @ts-ignore: decorator
@inline function twelves(sums: v128): v128 { return i16x8.add(sums, i16x8.shr_s(sums, 1)) }
/** -8 times the sums of the codes in the first 16 columns; of the others. */
// @ts-ignore: decorator
@inline function firstSums(x: usize): v128 { return v128.load32_splat(x, 40) }
// @ts-ignore: decorator
@inline function otherSums(x: usize): v128 { return i16x8.sub(start(x), firstSums(x)) }
/** Minus the sum of the activations, from -8 times that of their codes. */
// @ts-ignore: decorator
@inline function minusSum(sums: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(pairs(sums)), f32x4.mul(scale, f32x4.splat(0.125)))
}

/** One row of x times the eight rows of group g. */
export function blocksOne(d: Matrix, g: i32, entry: usize, to: usize): void {
  const format = d.format
  if (format == INT4_MIN) int4MinOne(d, g, entry, to)
  else if (format == INT7) int7One(d, g, entry, to)
  else if (format == MXFP4) mxfp4One(d, g, entry, to)
  else if (format == IQ4) iq4One(d, g, entry, to)
  else nvfp4One(d, g, entry, to)
}

/** `n` rows of x, two at a time, times the sixteen rows of groups g and g + 1. */
export function blocksPanel(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const nb = blocksOf(d), end = table + (<usize>n << 3), format = d.format
  if (format == INT4_MIN) {
    unpackMin(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileMinNibbles(nb, entry, to)
      else tileMinBytes(nb, entry, to)
  } else if (format == MXFP4) {
    unpackMx(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileMx(nb, entry, to)
      else tileBytes(nb, entry, to, 3)
  } else if (format == IQ4) {
    unpackIq4(d, g)
    for (let entry = table; entry < end; entry += 16)
      if (products == NIBBLES) tileBothNibbles(nb, entry, to)
      else tileBytes(nb, entry, to, products == BYTES_SIGNED ? 0 : 32)
  } else {
    unpack16(d, g)
    const mins = d.mins
    for (let entry = table; entry < end; entry += 16)
      if (mins) tile16Min(nb, entry, to)
      else tile16(nb, entry, to)
  }
}

function int4MinOne(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d), per = d.per, at = <usize>(g * nb), multiplier = f32x4.splat(d.multiplier), mask = heldNibbles(), zero = i16x8.splat(0)
  let p = d.data + (at << 7), s = d.scales + (at << 4), run = supersOf(d, g), x = xAt(entry, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i += per, run += 32) {
    const d0 = loadF16x4(run, multiplier), d1 = nextF16x4(run, multiplier), m0 = loadF16x4(run + 16, multiplier), m1 = nextF16x4(run + 16, multiplier)
    for (const end = s + (<usize>min(per, nb - i) << 4); s < end; s += 16, x += X_BLOCK_BYTES - 16) {
      let c0 = zero, e0 = zero, u = zero, v = zero
      for (const stop = p + 128; p < stop; p += 32, x += 4) {
        const q = v128.load(p), r = v128.load(p, 16)
        u = v128.load32_splat(x); v = v128.load32_splat(x, 16)
        c0 = dot2(dot2(c0, u, lowNibbles(q, mask)), v, highNibbles(q, mask)); e0 = dot2(dot2(e0, u, lowNibbles(r, mask)), v, highNibbles(r, mask))
      }
      u = v128.load32_splat(x, 16); v = v128.load32_splat(x, 28)
      a0 = scaled(a0, pairs(c0), f32x4.mul(d0, lower4(s)), u); b0 = scaled(b0, pairs(e0), f32x4.mul(d1, upper4(s)), u)
      a0 = madd(f32x4.mul(m0, lower4(s + 8)), v, a0); b0 = madd(f32x4.mul(m1, upper4(s + 8)), v, b0)
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0); v128.store(o, b0, 16)
}

function mxfp4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d), at = <usize>(g * nb), mask = heldNibbles(), table = e2m1Codes()
  let p = d.data + (at << 7), s = d.scales + (at << 3), x = xAt(entry, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i++, s += 8, x += X_BLOCK_BYTES) {
    let c0 = v128.load32_splat(x, 48), e0 = c0, u = c0
    for (let j: usize = 0; j < 16; j += 4, p += 32) {
      const q = v128.load(p), r = v128.load(p, 16)
      const l = lookUp(table, lowNibbles(q, mask)), m = lookUp(table, lowNibbles(r, mask)), h = lookUp(table, highNibbles(q, mask)), k = lookUp(table, highNibbles(r, mask))
      u = v128.load32_splat(x + j); const v = v128.load32_splat(x + j, 16)
      c0 = dot2(dot2(c0, u, l), v, h); e0 = dot2(dot2(e0, u, m), v, k)
    }
    u = v128.load32_splat(x, 32); a0 = scaled(a0, pairs(c0), lowerPowers(s), u); b0 = scaled(b0, pairs(e0), upperPowers(s), u)
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0); v128.store(o, b0, 16)
}

function iq4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d), per = d.per, at = <usize>(g * nb), multiplier = f32x4.splat(d.multiplier), mask = heldNibbles(), low = iq4Low(), high = iq4High()
  let p = d.data + (at << 7), s = d.scales + (at << 3), run = supersOf(d, g), x = xAt(entry, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i += per, run += 16) {
    const d0 = loadF16x4(run, multiplier), d1 = nextF16x4(run, multiplier)
    for (const end = s + (<usize>min(per, nb - i) << 3); s < end; s += 8, x += X_BLOCK_BYTES) {
      let c0 = start(x), e0 = c0, f0 = i16x8.splat(0), h0 = f0, u = f0, v = f0
      for (let j: usize = 0; j < 16; j += 4, p += 32) {
        const q = v128.load(p), r = v128.load(p, 16)
        const l = lowNibbles(q, mask), m = lowNibbles(r, mask), h = highNibbles(q, mask), k = highNibbles(r, mask)
        u = v128.load32_splat(x + j); v = v128.load32_splat(x + j, 16)
        f0 = dot2(dot2(f0, u, lookUp(low, l)), v, lookUp(low, h)); h0 = dot2(dot2(h0, u, lookUp(low, m)), v, lookUp(low, k))
        c0 = dot2(dot2(c0, u, lookUp(high, l)), v, lookUp(high, h)); e0 = dot2(dot2(e0, u, lookUp(high, m)), v, lookUp(high, k))
      }
      u = v128.load32_splat(x, 32)
      a0 = scaled(a0, joined(f0, c0), f32x4.mul(d0, lower4(s)), u); b0 = scaled(b0, joined(h0, e0), f32x4.mul(d1, upper4(s)), u)
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0); v128.store(o, b0, 16)
}

function nvfp4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d), at = <usize>(g * nb), multiplier = f32x4.splat(d.multiplier), mask = heldNibbles(), table = e2m1Codes()
  let p = d.data + (at << 7), s = d.scales + (at << 4), x = xAt(entry, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i++, s += 16, x += X_BLOCK_BYTES) {
    let c0 = twelves(firstSums(x)), e0 = c0, f0 = twelves(otherSums(x)), h0 = f0, u = c0
    for (let j: usize = 0; j < 16; j += 4, p += 32) {
      const q = v128.load(p), r = v128.load(p, 16)
      u = v128.load32_splat(x + j); const v = v128.load32_splat(x + j, 16)
      c0 = dot2(c0, u, lookUp(table, lowNibbles(q, mask))); e0 = dot2(e0, u, lookUp(table, lowNibbles(r, mask)))
      f0 = dot2(f0, v, lookUp(table, highNibbles(q, mask))); h0 = dot2(h0, v, lookUp(table, highNibbles(r, mask)))
    }
    u = v128.load32_splat(x, 32)
    a0 = scaled(a0, pairs(c0), lowerFp8(s, multiplier), u); b0 = scaled(b0, pairs(e0), upperFp8(s, multiplier), u)
    a0 = scaled(a0, pairs(f0), lowerFp8(s + 8, multiplier), u); b0 = scaled(b0, pairs(h0), upperFp8(s + 8, multiplier), u)
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0); v128.store(o, b0, 16)
}

function int7One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d), per = d.per, at = <usize>(g * nb), multiplier = f32x4.splat(d.multiplier), mins = d.mins, each = scaleBytes(d)
  let p = d.data + (at << 8), s = d.scales + at * each, run = supersOf(d, g), x = xAt(entry, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i += per, run += superBytes(d)) {
    const d0 = loadF16x4(run, multiplier), d1 = nextF16x4(run, multiplier)
    for (const end = s + <usize>min(per, nb - i) * each; s < end; s += each, x += X_REST) {
      const scale = v128.load32_splat(x, 32)
      let sums = firstSums(x)
      const others = otherSums(x)
      for (let h: usize = 0; h < 16; h += 8) {
        let c0 = i32x4.shl(pairs(sums), 3), e0 = c0
        for (const stop = p + 128; p < stop; p += 32, x += 4) {
          const u = v128.load32_splat(x)
          c0 = dot4(c0, u, v128.load(p)); e0 = dot4(e0, u, v128.load(p, 16))
        }
        a0 = scaled(a0, c0, f32x4.mul(d0, lower4(s + h)), scale); b0 = scaled(b0, e0, f32x4.mul(d1, upper4(s + h)), scale)
        if (mins) {
          const v = minusSum(sums, scale)
          a0 = madd(f32x4.mul(loadF16x4(run + 16, multiplier), lower4(s + h + 16)), v, a0)
          b0 = madd(f32x4.mul(nextF16x4(run + 16, multiplier), upper4(s + h + 16)), v, b0)
        }
        sums = others
      }
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0); v128.store(o, b0, 16)
}

// Panels. The codes are laid out as in linear-int.ts; behind the scales f32 [16], or [2][16], lie the minima.

/** d or dmin times four whole numbers, of a group. */
// @ts-ignore: decorator
@inline function lowerProduct(run: usize, s: usize, multiplier: v128): v128 { return f32x4.mul(loadF16x4(run, multiplier), lower4(s)) }
// @ts-ignore: decorator
@inline function upperProduct(run: usize, s: usize, multiplier: v128): v128 { return f32x4.mul(loadF16x4(run, multiplier), upper4(s)) }

function unpackMin(d: Matrix, g: i32): void {
  const nb = blocksOf(d), per = d.per, multiplier = f32x4.splat(d.multiplier), next = <usize>nb << 4
  unpackTable(d, g, i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), INT4_MIN_PANEL)
  let s = d.scales + <usize>(g * nb) * 16, to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += 16, to += INT4_MIN_PANEL) {
    const run = supersOf(d, g) + (<usize>(i / per) << 5), other = supersOf(d, g + 1) + (<usize>(i / per) << 5)
    v128.store(to, lowerProduct(run, s, multiplier)); v128.store(to, upperProduct(run + 8, s, multiplier), 16)
    v128.store(to, lowerProduct(other, s + next, multiplier), 32); v128.store(to, upperProduct(other + 8, s + next, multiplier), 48)
    v128.store(to, lowerProduct(run + 16, s + 8, multiplier), 64); v128.store(to, upperProduct(run + 24, s + 8, multiplier), 80)
    v128.store(to, lowerProduct(other + 16, s + next + 8, multiplier), 96); v128.store(to, upperProduct(other + 24, s + next + 8, multiplier), 112)
  }
}

/** Codes of four bits through a table, blocks `size` bytes apart. */
// @ts-ignore: decorator
@inline function unpackTable(d: Matrix, g: i32, table: v128, size: usize): void {
  const nb = blocksOf(d), next = <usize>nb << 7, mask = heldNibbles()
  let p = d.data + (<usize>(g * nb) << 7), block = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, block += size) {
    let to = block
    for (let j = 0; j < 4; j++, p += 32, to += 64) {
      const a = v128.load(p), b = v128.load(p, 16), c = v128.load(p + next), e = v128.load(p + next, 16)
      v128.store(to, lookUp(table, lowNibbles(a, mask))); v128.store(to, lookUp(table, lowNibbles(b, mask)), 16)
      v128.store(to, lookUp(table, lowNibbles(c, mask)), 32); v128.store(to, lookUp(table, lowNibbles(e, mask)), 48)
      v128.store(to, lookUp(table, highNibbles(a, mask)), 256); v128.store(to, lookUp(table, highNibbles(b, mask)), 272)
      v128.store(to, lookUp(table, highNibbles(c, mask)), 288); v128.store(to, lookUp(table, highNibbles(e, mask)), 304)
    }
  }
}

function unpackMx(d: Matrix, g: i32): void {
  const nb = blocksOf(d), next = <usize>nb << 3
  unpackTable(d, g, e2m1Codes(), MXFP4_PANEL)
  let s = d.scales + (<usize>(g * nb) << 3), to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += 8, to += MXFP4_PANEL) {
    v128.store(to, lowerPowers(s)); v128.store(to, upperPowers(s), 16)
    v128.store(to, lowerPowers(s + next), 32); v128.store(to, upperPowers(s + next), 48)
  }
}

/** A block of a panel in bytes: 32 columns of sixteen rows, and their scales. */
const BYTES_PANEL: usize = 576

/** As int8 does it: both halves of the codes, or bytes. */
function unpackIq4(d: Matrix, g: i32): void {
  const nb = blocksOf(d), per = d.per, multiplier = f32x4.splat(d.multiplier), next = <usize>nb << 3, nibbles = products == NIBBLES
  const size = nibbles ? IQ4_PANEL : BYTES_PANEL
  if (nibbles) {
    unpackTable(d, g, iq4High(), IQ4_PANEL)
    unpackLowIq4(d, g)
  } else {
    const codes = v128.or(iq4Low(), i8x16.shl(iq4High(), 4))
    unpackTable(d, g, v128.xor(codes, i8x16.splat(products == BYTES_SIGNED ? -128 : 0)), BYTES_PANEL)
  }
  let s = d.scales + (<usize>(g * nb) << 3), to = scratch + <usize>panelAt() + size - 64
  for (let i = 0; i < nb; i++, s += 8, to += size) {
    const run = supersOf(d, g) + (<usize>(i / per) << 4), other = supersOf(d, g + 1) + (<usize>(i / per) << 4)
    v128.store(to, lowerProduct(run, s, multiplier)); v128.store(to, upperProduct(run + 8, s, multiplier), 16)
    v128.store(to, lowerProduct(other, s + next, multiplier), 32); v128.store(to, upperProduct(other + 8, s + next, multiplier), 48)
  }
}

function unpackLowIq4(d: Matrix, g: i32): void {
  const nb = blocksOf(d), next = <usize>nb << 7, mask = heldNibbles(), table = iq4Low()
  let p = d.data + (<usize>(g * nb) << 7), block = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, block += IQ4_PANEL) {
    let to = block
    for (let j = 0; j < 4; j++, p += 32, to += 64)
      for (let k: usize = 0; k < 2; k++) {
        const a = v128.load(p + (k << 4)), c = v128.load(p + next + (k << 4)), t = to + (k << 4)
        v128.store(t, lookUp(table, lowNibbles(a, mask))); v128.store(t, lookUp(table, lowNibbles(c, mask)), 32)
        v128.store(t, lookUp(table, highNibbles(a, mask)), 256); v128.store(t, lookUp(table, highNibbles(c, mask)), 288)
      }
  }
}

/** Codes plus 64, scales f32 [2][16], minima f32 [2][16]: for int7 and nvfp4. */
function unpack16(d: Matrix, g: i32): void {
  const nb = blocksOf(d), per = d.per, multiplier = f32x4.splat(d.multiplier), each = scaleBytes(d), next = <usize>nb * each, mins = d.mins
  const int7 = d.format == INT7
  if (int7) unpackBytes(d, g)
  else unpackTable(d, g, i8x16.add(e2m1Codes(), i8x16.splat(52)), INT7_PANEL)
  let s = d.scales + <usize>(g * nb) * each, to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += each, to += INT7_PANEL)
    for (let h: usize = 0; h < 2; h++) {
      const t = to + (h << 6), q = s + (h << 3)
      if (!int7) {
        v128.store(t, lowerFp8(q, multiplier)); v128.store(t, upperFp8(q, multiplier), 16)
        v128.store(t, lowerFp8(q + next, multiplier), 32); v128.store(t, upperFp8(q + next, multiplier), 48)
        continue
      }
      const run = supersOf(d, g) + <usize>(i / per) * superBytes(d), other = supersOf(d, g + 1) + <usize>(i / per) * superBytes(d)
      v128.store(t, lowerProduct(run, q, multiplier)); v128.store(t, upperProduct(run + 8, q, multiplier), 16)
      v128.store(t, lowerProduct(other, q + next, multiplier), 32); v128.store(t, upperProduct(other + 8, q + next, multiplier), 48)
      if (!mins) continue
      v128.store(t, lowerProduct(run + 16, q + 16, multiplier), 128); v128.store(t, upperProduct(run + 24, q + 16, multiplier), 144)
      v128.store(t, lowerProduct(other + 16, q + next + 16, multiplier), 160); v128.store(t, upperProduct(other + 24, q + next + 16, multiplier), 176)
    }
}

function unpackBytes(d: Matrix, g: i32): void {
  const nb = blocksOf(d), next = <usize>nb << 8
  let p = d.data + (<usize>(g * nb) << 8), to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, to += 256)
    for (let j = 0; j < 8; j++, p += 32, to += 64) {
      v128.store(to, v128.load(p)); v128.store(to, v128.load(p, 16), 16)
      v128.store(to, v128.load(p + next), 32); v128.store(to, v128.load(p + next, 16), 48)
    }
}

// Tiles: two rows of x (a, b) times a panel. One body each; what differs is constant where it is inlined.

function tileMinNibbles(nb: i32, table: usize, to: usize): void { tileMin(nb, table, to, false) }
function tileMinBytes(nb: i32, table: usize, to: usize): void { tileMin(nb, table, to, true) }

// @ts-ignore: decorator
@inline function dot(acc: v128, a: v128, b: v128, bytes: boolean): v128 { return bytes ? dot4(acc, a, b) : dot2(acc, a, b) }
// @ts-ignore: decorator
@inline function summed(acc: v128, bytes: boolean): v128 { return bytes ? acc : pairs(acc) }

// @ts-ignore: decorator
@inline function tileMin(nb: i32, table: usize, to: usize, bytes: boolean): void {
  let x = xAt(table, 0), y = xAt(table, 1), p = scratch + <usize>panelAt()
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  for (let i = 0; i < nb; i++, p += 128, x += X_REST, y += X_REST) {
    let c0 = i32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, e0 = c0, e1 = c0, e2 = c0, e3 = c0
    const f = v128.load32_splat(x, 44), h = v128.load32_splat(y, 44)
    for (const end = p + 512; p < end; p += 64, x += 4, y += 4) {
      const w0 = v128.load(p), w1 = v128.load(p, 16), w2 = v128.load(p, 32), w3 = v128.load(p, 48), u = v128.load32_splat(x), v = v128.load32_splat(y)
      c0 = dot(c0, u, w0, bytes); c1 = dot(c1, u, w1, bytes); c2 = dot(c2, u, w2, bytes); c3 = dot(c3, u, w3, bytes)
      e0 = dot(e0, v, w0, bytes); e1 = dot(e1, v, w1, bytes); e2 = dot(e2, v, w2, bytes); e3 = dot(e3, v, w3, bytes)
    }
    let s0 = v128.load(p), s1 = v128.load(p, 16), s2 = v128.load(p, 32), s3 = v128.load(p, 48), u = v128.load32_splat(x), v = v128.load32_splat(y)
    a0 = scaled(a0, summed(c0, bytes), s0, u); a1 = scaled(a1, summed(c1, bytes), s1, u); a2 = scaled(a2, summed(c2, bytes), s2, u); a3 = scaled(a3, summed(c3, bytes), s3, u)
    b0 = scaled(b0, summed(e0, bytes), s0, v); b1 = scaled(b1, summed(e1, bytes), s1, v); b2 = scaled(b2, summed(e2, bytes), s2, v); b3 = scaled(b3, summed(e3, bytes), s3, v)
    s0 = v128.load(p, 64); s1 = v128.load(p, 80); s2 = v128.load(p, 96); s3 = v128.load(p, 112); u = f; v = h
    a0 = madd(s0, u, a0); a1 = madd(s1, u, a1); a2 = madd(s2, u, a2); a3 = madd(s3, u, a3)
    b0 = madd(s0, v, b0); b1 = madd(s1, v, b1); b2 = madd(s2, v, b2); b3 = madd(s3, v, b3)
  }
  const o = outAt(table, 0, to), q = outAt(table, 1, to)
  v128.store(o, a0); v128.store(o, a1, 16); v128.store(o, a2, 32); v128.store(o, a3, 48)
  v128.store(q, b0); v128.store(q, b1, 16); v128.store(q, b2, 32); v128.store(q, b3, 48)
}

function tile16(nb: i32, table: usize, to: usize): void { tileHalves(nb, table, to, false) }
function tile16Min(nb: i32, table: usize, to: usize): void { tileHalves(nb, table, to, true) }

/** Scales of 16 columns; codes of seven bits, sums in i32. */
// @ts-ignore: decorator
@inline function tileHalves(nb: i32, table: usize, to: usize, mins: boolean): void {
  let x = xAt(table, 0), y = xAt(table, 1), p = scratch + <usize>panelAt()
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  for (let i = 0; i < nb; i++, p += 256, x += X_REST, y += X_REST) {
    let f = firstSums(x), h = firstSums(y)
    const scaleX = v128.load32_splat(x, 32), scaleY = v128.load32_splat(y, 32), otherX = otherSums(x), otherY = otherSums(y)
    for (let s = p + 512, stop = s + 128; s < stop; s += 64) {
      let c0 = i32x4.shl(pairs(f), 3), c1 = c0, c2 = c0, c3 = c0, e0 = i32x4.shl(pairs(h), 3), e1 = e0, e2 = e0, e3 = e0
      for (const end = p + 256; p < end; p += 64, x += 4, y += 4) {
        const w0 = v128.load(p), w1 = v128.load(p, 16), w2 = v128.load(p, 32), w3 = v128.load(p, 48), u = v128.load32_splat(x), v = v128.load32_splat(y)
        c0 = dot4(c0, u, w0); c1 = dot4(c1, u, w1); c2 = dot4(c2, u, w2); c3 = dot4(c3, u, w3)
        e0 = dot4(e0, v, w0); e1 = dot4(e1, v, w1); e2 = dot4(e2, v, w2); e3 = dot4(e3, v, w3)
      }
      let s0 = v128.load(s), s1 = v128.load(s, 16), s2 = v128.load(s, 32), s3 = v128.load(s, 48)
      a0 = scaled(a0, c0, s0, scaleX); a1 = scaled(a1, c1, s1, scaleX); a2 = scaled(a2, c2, s2, scaleX); a3 = scaled(a3, c3, s3, scaleX)
      b0 = scaled(b0, e0, s0, scaleY); b1 = scaled(b1, e1, s1, scaleY); b2 = scaled(b2, e2, s2, scaleY); b3 = scaled(b3, e3, s3, scaleY)
      if (mins) {
        s0 = v128.load(s, 128); s1 = v128.load(s, 144); s2 = v128.load(s, 160); s3 = v128.load(s, 176)
        const u = minusSum(f, scaleX), v = minusSum(h, scaleY)
        a0 = madd(s0, u, a0); a1 = madd(s1, u, a1); a2 = madd(s2, u, a2); a3 = madd(s3, u, a3)
        b0 = madd(s0, v, b0); b1 = madd(s1, v, b1); b2 = madd(s2, v, b2); b3 = madd(s3, v, b3)
      }
      f = otherX; h = otherY
    }
  }
  const o = outAt(table, 0, to), q = outAt(table, 1, to)
  v128.store(o, a0); v128.store(o, a1, 16); v128.store(o, a2, 32); v128.store(o, a3, 48)
  v128.store(q, b0); v128.store(q, b1, 16); v128.store(q, b2, 32); v128.store(q, b3, 48)
}
