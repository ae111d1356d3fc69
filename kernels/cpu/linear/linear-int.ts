// Integer dot products: int4 and int8 weights, eight rows interleaved, times activations in int8 (quantize.ts). One
// v128 of weights holds 4 rows x 4 columns, and four columns of the activations are splatted against it. Codes are
// unsigned; their offset, 8 for a nibble and 128 for a byte, is the value that a block's sums start from, so that it
// costs nothing. A few rows of x read the weights once and unpack them on the way (rows.ts); many share a panel of
// sixteen rows, unpacked into scratch. The sums of a block are exact, so every way gives the same bits. Measured in
// docs/speed-log.md; truth: backends/reference.
import {
  GROUP_ROWS,
  INT4,
  INT4_BLOCK,
  INT4_PANEL,
  INT5_MIN,
  INT7,
  IQ4,
  MXFP4,
  Matrix,
  NVFP4,
} from '../contract.generated'
import { dot4IsFast, fused, products, scratch } from '../control'
import { blocksOf, groupAt, groupBytes } from '../weights/descriptor'
import { heldNibbles } from '../held'
import { unpackNibbles } from './block-panels'
import { blocksPanel, blocksRows } from './linear-blocks'
import { panelAt } from '../scratch.generated'
import { beginPiece, endPiece } from './read-ahead'
import { int4BytesRows, int4Rows, int8BytesRows, int8Rows } from './rows.generated'
import { addOutliers } from './outliers'
import { BYTES_SIGNED, BYTES_UNSIGNED, NIBBLES, loadF16x4, nextF16x4 } from '../simd'
import { EIGHTS, highNibbles, lowNibbles, outAt, tileRows } from './sums'
import { tileBothNibbles, tileBytes, tileNibbles } from './tiles.generated'

/** Rows of x that pass over a claim's weights together; their codes stay in the second-level cache. */
export const STRIP: i32 = 64
/** Most rows of x that the kernels of rows.ts take at once: more have more sums than there are registers for. */
function atOnce(d: Matrix): i32 {
  if (fused() || dot4IsFast()) return 4
  return d.format <= INT4 ? 2 : d.format == INT5_MIN ? 3 : 4
}

/**
 * From this many rows of x on, a panel is worth its unpacking: sooner where codes go through a table for each row of x, later where vectors
 * are fused and have room for more sums. Measured (docs/speed-log.md).
 */
function panelFrom(d: Matrix): i32 {
  const format = d.format
  if (format == INT5_MIN) return fused() ? 7 : 5
  if (format == NVFP4) return fused() ? 5 : 6
  if (!fused()) return 9
  if (format == IQ4 || format == MXFP4) return 5
  return !dot4IsFast() && (format < INT4 || format == INT7) ? 33 : 13
}

/**
 * Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). The groups from g1 to `last` are
 * most likely next (read-ahead.ts). `outliers`: the rows say after their blocks what their codes leave out.
 */
export function linearInt(
  d: Matrix,
  g0: i32,
  g1: i32,
  last: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  n: i32,
  out: usize,
  outStride: usize,
  outliers: boolean,
): void {
  const whole = d.rows / GROUP_ROWS,
    rest = (<usize>(d.rows % GROUP_ROWS)) << 2,
    many = panelFrom(d),
    start = groupAt(d, g0)
  beginPiece(start, groupAt(d, min(g1, whole)) - start, groupAt(d, min(last, whole)), n < many ? n : 0)
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
      if (count >= many && g + 1 < min(g1, whole)) {
        panel(d, g, table, count, to)
        g++
      } else if (g < whole) {
        parts(d, g, table, count, to)
      } else
        for (let i = 0; i < count; i++) {
          // fewer than eight rows: sum elsewhere, keep those that exist
          const entry = table + ((<usize>i) << 3),
            outRow = outAt(entry, 0, to)
          store<u32>(entry, <u32>scratch, 4)
          few(d, g, entry, 1, 0)
          if (outliers) addOutliers(d, g, g + 1, entry, 1, 0)
          store<u32>(entry, <u32>(outRow - to), 4)
          memory.copy(outRow, scratch, rest)
        }
    }
    if (outliers) addOutliers(d, g0, min(g1, whole), table, count, (<usize>g0) << 5)
  }
  endPiece()
}

/** `n` rows of x times the eight rows of group g, in parts of about the same size. */
function parts(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const most = atOnce(d),
    count = (n + most - 1) / most
  for (let i = 0; i < count; i++) {
    const from = (n * i) / count
    few(d, g, table + ((<usize>from) << 3), (n * (i + 1)) / count - from, to)
  }
}

/** At most four rows of x times the eight rows of group g. */
function few(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  if (d.format > INT4) blocksRows(d, g, table, n, to)
  else if (d.format == INT4)
    if (dot4IsFast()) int4BytesRows(n, d, g, table, to)
    else int4Rows(n, d, g, table, to)
  else if (products == NIBBLES) int8Rows(n, d, g, table, to)
  else int8BytesRows(n, d, g, table, to)
}

/** `n` rows of x times the sixteen rows of groups g and g + 1. */
function panel(d: Matrix, g: i32, table: usize, n: i32, to: usize): void {
  const nb = blocksOf(d),
    end = table + ((<usize>n) << 3)
  if (d.format > INT4) return blocksPanel(d, g, table, n, to)
  if (d.format == INT4) unpackInt4(d, g)
  else if (products == NIBBLES) unpackBothNibbles(d, g)
  else unpackBytes(d, g, products == BYTES_SIGNED)
  for (let entry = table, rows = 0; entry < end; entry += (<usize>rows) << 3) {
    rows = tileRows(entry, end)
    if (products == NIBBLES)
      if (d.format == INT4) tileNibbles(rows, nb, entry, to)
      else tileBothNibbles(rows, nb, entry, to)
    else tileBytes(rows, nb, entry, to, EIGHTS, d.format == INT4 ? 1 : products == BYTES_UNSIGNED ? 16 : 0)
  }
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

function unpackInt4(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    next = groupBytes(d),
    multiplier = f32x4.splat(d.multiplier)
  unpackNibbles(d, g, INT4_PANEL)
  let s = groupAt(d, g) + 128,
    to = scratch + <usize>panelAt() + 512
  for (let i = 0; i < nb; i++, s += INT4_BLOCK, to += INT4_PANEL) unpackScales(s, next, multiplier, to)
}

function unpackBothNibbles(d: Matrix, g: i32): void {
  const nb = blocksOf(d),
    next = groupBytes(d),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles()
  let p = groupAt(d, g),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, p += 16, to += 576) {
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
    unpackScales(p, next, multiplier, to + 512)
  }
}

/** Bytes as they are, or with their offset taken off. */
function unpackBytes(d: Matrix, g: i32, signed: boolean): void {
  const nb = blocksOf(d),
    next = groupBytes(d),
    multiplier = f32x4.splat(d.multiplier),
    flip = i8x16.splat(signed ? -128 : 0)
  let p = groupAt(d, g),
    to = scratch + <usize>panelAt()
  for (let i = 0; i < nb; i++, p += 16, to += 64) {
    for (let j = 0; j < 8; j++, p += 32, to += 64) {
      v128.store(to, v128.xor(v128.load(p), flip))
      v128.store(to, v128.xor(v128.load(p, 16), flip), 16)
      v128.store(to, v128.xor(v128.load(p + next), flip), 32)
      v128.store(to, v128.xor(v128.load(p + next, 16), flip), 48)
    }
    unpackScales(p, next, multiplier, to)
  }
}
