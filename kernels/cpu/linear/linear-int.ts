// Integer dot products: int4 and int8 weights, eight rows interleaved, times activations in int8 (quantize.ts). One
// v128 of weights holds 4 rows x 4 columns, and four columns of the activations are splatted against it. Codes are
// unsigned; their offset, 8 for a nibble and 128 for a byte, is the value that a block's sums start from, so that it
// costs nothing. Decoding reads the weights once and unpacks on the way; more rows of x share a panel of sixteen rows,
// unpacked into scratch. The sums of a block are exact, so every way gives the same bits. Measured in
// docs/speed-log.md; truth: backends/reference.
import { GROUP_ROWS, INT4, Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { products, scratch } from '../control'
import { blocksOf, multipliersOf } from '../weights/descriptor'
import { heldNibbles } from '../held'
import { blocksOne, blocksPanel } from './linear-blocks'
import { panelAt } from '../scratch.generated'
import { BYTES_SIGNED, BYTES_UNSIGNED, NIBBLES, dot2, loadF16x4, nextF16x4 } from '../simd'
import {
  highNibbles,
  joined,
  lowNibbles,
  outAt,
  pairs,
  scaled,
  start,
  tileBothNibbles,
  tileBytes,
  tileNibbles,
  xAt,
} from './tiles'

/** Rows of x that pass over a claim's weights together; their codes stay in the second-level cache. */
const STRIP: i32 = 64

/** Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). */
export function linearInt(
  d: Matrix,
  g0: i32,
  g1: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  n: i32,
  out: usize,
  outStride: usize,
): void {
  const whole = d.rows / GROUP_ROWS,
    rest = (<usize>(d.rows % GROUP_ROWS)) << 2
  const table = scratch + 64 // of a strip: pointers to a row of x and to its row of out, u32 each
  for (let from = 0; from < n; from += STRIP) {
    const count = min(STRIP, n - from)
    for (let i = 0; i < count; i++) {
      const id = list ? load<i32>(list + ((<usize>(from + i)) << 2)) : from + i,
        entry = table + ((<usize>i) << 3)
      store<u32>(entry, <u32>(x + <usize>(id / div) * xStride))
      store<u32>(entry, <u32>(out + <usize>id * outStride), 4)
    }
    // an odd row goes with itself
    if (count & 1) store<u64>(table + ((<usize>count) << 3), load<u64>(table + ((<usize>count) << 3) - 8))
    for (let g = g0; g < g1; g++) {
      const to = (<usize>g) << 5
      if (count > 1 && g + 1 < min(g1, whole)) {
        panel(d, g, table, count, to)
        g++
      } else if (g < whole) for (let i = 0; i < count; i++) one(d, g, table + ((<usize>i) << 3), to)
      else
        for (let i = 0; i < count; i++) {
          // fewer than eight rows: sum beside, keep those that exist
          const entry = table + ((<usize>i) << 3),
            outRow = outAt(entry, 0, to)
          store<u32>(entry, <u32>scratch, 4)
          one(d, g, entry, 0)
          store<u32>(entry, <u32>(outRow - to), 4)
          memory.copy(outRow, scratch, rest)
        }
    }
  }
}

/** One row of x times eight rows of weights. */
function one(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    s = d.scales + (at << 4)
  if (d.format > INT4) blocksOne(d, g, entry, to)
  else if (d.format == INT4) int4One(d, d.data + (at << 7), s, nb, entry, to)
  else int8One(d, d.data + (at << 8), s, nb, entry, to)
}

/** `n` rows of x, two at a time, times the sixteen rows of groups g and g + 1. */
function panel(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const nb = blocksOf(d),
    end = table + ((<usize>n) << 3)
  if (d.format > INT4) return blocksPanel(d, g, table, n, to)
  if (d.format == INT4) unpackNibbles(d, g)
  else if (products == NIBBLES) unpackBothNibbles(d, g)
  else unpackBytes(d, g, products == BYTES_SIGNED)
  for (let entry = table; entry < end; entry += 16)
    if (products == NIBBLES)
      if (d.format == INT4) tileNibbles(nb, entry, to)
      else tileBothNibbles(nb, entry, to)
    else tileBytes(nb, entry, to, d.format == INT4 ? 2 : products == BYTES_UNSIGNED ? 32 : 0)
}

// A panel: per block the codes [column group][16 rows][4 columns], one byte each, then the scales f32 [16].
// Bytes of a block of a panel: 8 * 64 + 64, or, with both nibbles of int8, first the high ones, 16 * 64 + 64.

/** The scales of one block of groups g and g + 1. @inline */
function unpackScales(s: usize, next: usize, multiplier: v128, to: usize): void {
  v128.store(to, loadF16x4(s, multiplier))
  v128.store(to, nextF16x4(s, multiplier), 16)
  v128.store(to, loadF16x4(s + next, multiplier), 32)
  v128.store(to, nextF16x4(s + next, multiplier), 48)
}

function unpackNibbles(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    next = (<usize>nb) << 7,
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles()
  let p = d.data + (at << 7),
    s = d.scales + (at << 4),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, s += 16, to += 320) {
    for (let j = 0; j < 4; j++, p += 32, to += 64) {
      const a = v128.load(p),
        b = v128.load(p, 16),
        c = v128.load(p + next),
        e = v128.load(p + next, 16)
      v128.store(to, lowNibbles(a, mask))
      v128.store(to, lowNibbles(b, mask), 16)
      v128.store(to, lowNibbles(c, mask), 32)
      v128.store(to, lowNibbles(e, mask), 48)
      v128.store(to, highNibbles(a, mask), 256)
      v128.store(to, highNibbles(b, mask), 272)
      v128.store(to, highNibbles(c, mask), 288)
      v128.store(to, highNibbles(e, mask), 304)
    }
    unpackScales(s, (<usize>nb) << 4, multiplier, to + 256)
  }
}

function unpackBothNibbles(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    next = (<usize>nb) << 8,
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles()
  let p = d.data + (at << 8),
    s = d.scales + (at << 4),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, s += 16, to += 576) {
    for (let j = 0; j < 8; j++, p += 32, to += 64) {
      const a = v128.load(p),
        b = v128.load(p, 16),
        c = v128.load(p + next),
        e = v128.load(p + next, 16)
      v128.store(to, highNibbles(a, mask))
      v128.store(to, highNibbles(b, mask), 16)
      v128.store(to, highNibbles(c, mask), 32)
      v128.store(to, highNibbles(e, mask), 48)
      v128.store(to, lowNibbles(a, mask), 512)
      v128.store(to, lowNibbles(b, mask), 528)
      v128.store(to, lowNibbles(c, mask), 544)
      v128.store(to, lowNibbles(e, mask), 560)
    }
    unpackScales(s, (<usize>nb) << 4, multiplier, to + 512)
  }
}

/** Bytes as they are, or with their offset taken off. */
function unpackBytes(d: Matrix, g: i32, signed: boolean): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    next = (<usize>nb) << 8,
    multiplier = f32x4.splat(d.multiplier),
    flip = i8x16.splat(signed ? -128 : 0)
  let p = d.data + (at << 8),
    s = d.scales + (at << 4),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, s += 16, to += 64) {
    for (let j = 0; j < 8; j++, p += 32, to += 64) {
      v128.store(to, v128.xor(v128.load(p), flip))
      v128.store(to, v128.xor(v128.load(p, 16), flip), 16)
      v128.store(to, v128.xor(v128.load(p + next), flip), 32)
      v128.store(to, v128.xor(v128.load(p + next, 16), flip), 48)
    }
    unpackScales(s, (<usize>nb) << 4, multiplier, to)
  }
}

/** One row of x times eight rows of int4 weights: decoding. */
function int4One(d: Matrix, p: usize, s: usize, nb: i32, table: usize, to: usize): void {
  const mask = heldNibbles()
  let x0 = xAt(table, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK_BYTES - 16) {
    let c0 = start(x0),
      d0 = c0
    for (const end = p + 128; p < end; p += 64, x0 += 8) {
      let q = v128.load(p),
        r = v128.load(p, 16),
        u = v128.load32_splat(x0),
        v = v128.load32_splat(x0, 16)
      c0 = dot2(dot2(c0, u, lowNibbles(q, mask)), v, highNibbles(q, mask))
      d0 = dot2(dot2(d0, u, lowNibbles(r, mask)), v, highNibbles(r, mask))
      q = v128.load(p, 32)
      r = v128.load(p, 48)
      u = v128.load32_splat(x0, 4)
      v = v128.load32_splat(x0, 20)
      c0 = dot2(dot2(c0, u, lowNibbles(q, mask)), v, highNibbles(q, mask))
      d0 = dot2(dot2(d0, u, lowNibbles(r, mask)), v, highNibbles(r, mask))
    }
    const multiplier = multipliersOf(d),
      w = loadF16x4(s, multiplier),
      z = nextF16x4(s, multiplier),
      u = v128.load32_splat(x0, 16)
    a0 = scaled(a0, pairs(c0), w, u)
    b0 = scaled(b0, pairs(d0), z, u)
  }
  const o0 = outAt(table, 0, to)
  v128.store(o0, a0)
  v128.store(o0, b0, 16)
}

/** One row of x times eight rows of int8 weights: decoding. */
function int8One(d: Matrix, p: usize, s: usize, nb: i32, table: usize, to: usize): void {
  const mask = heldNibbles(),
    zero = i16x8.splat(0)
  let x0 = xAt(table, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK_BYTES) {
    let c0 = start(x0),
      d0 = c0
    let e0 = zero,
      f0 = zero,
      u = zero
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p),
        l = lowNibbles(q, mask),
        h = highNibbles(q, mask),
        r = v128.load(p, 16),
        m = lowNibbles(r, mask),
        k = highNibbles(r, mask)
      u = v128.load32_splat(x0 + j)
      e0 = dot2(e0, u, l)
      c0 = dot2(c0, u, h)
      f0 = dot2(f0, u, m)
      d0 = dot2(d0, u, k)
    }
    const multiplier = multipliersOf(d),
      w = loadF16x4(s, multiplier),
      z = nextF16x4(s, multiplier)
    u = v128.load32_splat(x0, 32)
    a0 = scaled(a0, joined(e0, c0), w, u)
    b0 = scaled(b0, joined(f0, d0), z, u)
  }
  const o0 = outAt(table, 0, to)
  v128.store(o0, a0)
  v128.store(o0, b0, 16)
}
