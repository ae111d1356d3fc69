// Integer dot products: int4 and int8 weights, eight rows interleaved, times activations in int8 (quantize.ts).
// One v128 of weights holds 4 rows x 4 columns, and four columns of the activations are splatted against it. Weights are
// unsigned nibbles (int8 is 16 high + low), the 7-bit operand; sums of a block stay in i16. The offset of the codes, 8
// for a nibble and 128 for a byte, is the value that a block's sums start from, so that it costs nothing.
// Tiles take both vectors of a group at once where the engine fuses them into 256-bit registers (`wide`), and where
// only one row of x is multiplied; else one after the other, which 16 registers of 128 bits can hold.
// Measured in docs/speed-log.md; truth: backends/reference.
import { scratch, wide } from './control'
import { GROUP, INT4, wBlocks, wData, wFormat, wMultiplier, wRows, wScales } from './dequantize'
import { X_BLOCK } from './quantize'
import { dot2, loadF16x4, madd } from './simd'

/** Rows of x that pass over a claim's weights together; their codes stay in the second-level cache. */
const STRIP: i32 = 64

/** Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). */
export function linearInt(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize): void {
  const int4 = wFormat(d) == INT4, whole = wRows(d) / GROUP, rest = <usize>(wRows(d) % GROUP) << 2
  const table = scratch + 64 // of a strip: pointers to a row of x and to its row of out, u32 each
  for (let from = 0; from < n; from += STRIP) {
    const count = min(STRIP, n - from)
    for (let i = 0; i < count; i++) {
      const id = list ? load<i32>(list + (<usize>(from + i) << 2)) : from + i, entry = table + (<usize>i << 3)
      store<u32>(entry, <u32>(x + <usize>(id / div) * xStride))
      store<u32>(entry, <u32>(out + <usize>id * outStride), 4)
    }
    for (let g = g0; g < g1; g++) {
      const to = <usize>g << 5
      if (g < whole) {
        if (int4) int4Group(d, g, table, count, to)
        else int8Group(d, g, table, count, to)
      } else
        for (let i = 0; i < count; i++) {
          // fewer than eight rows: sum beside, keep those that exist
          const entry = table + (<usize>i << 3), outRow = outAt(entry, 0, to)
          store<u32>(entry, <u32>scratch, 4)
          if (int4) int4Group(d, g, entry, 1, 0)
          else int8Group(d, g, entry, 1, 0)
          store<u32>(entry, <u32>(outRow - to), 4)
          memory.copy(outRow, scratch, rest)
        }
    }
  }
}

function int4Group(d: usize, g: i32, table: usize, n: i32, to: usize): void {
  const nb = wBlocks(d), at = <usize>(g * nb), p = wData(d) + (at << 7), s = wScales(d) + (at << 4), factor = wMultiplier(d)
  let i = 0
  if (wide) for (; i + 8 <= n; i += 8) int4Wide(p, s, nb, factor, table + (<usize>i << 3), to)
  for (; i + 4 <= n; i += 4) {
    int4Half(p, s, nb, factor, table + (<usize>i << 3), to)
    int4Half(p + 16, s + 8, nb, factor, table + (<usize>i << 3), to + 16)
  }
  for (; i < n; i++) int4One(p, s, nb, factor, table + (<usize>i << 3), to)
}

function int8Group(d: usize, g: i32, table: usize, n: i32, to: usize): void {
  const nb = wBlocks(d), at = <usize>(g * nb), p = wData(d) + (at << 8), s = wScales(d) + (at << 4), factor = wMultiplier(d)
  let i = 0
  for (; i + 4 <= n; i += 4)
    if (wide) int8Wide(p, s, nb, factor, table + (<usize>i << 3), to)
    else {
      int8Half(p, s, nb, factor, table + (<usize>i << 3), to)
      int8Half(p + 16, s + 8, nb, factor, table + (<usize>i << 3), to + 16)
    }
  for (; i < n; i++) int8One(p, s, nb, factor, table + (<usize>i << 3), to)
}

// @ts-ignore: decorator
@inline function xAt(table: usize, i: usize): usize { return <usize>load<u32>(table + (i << 3)) }
// @ts-ignore: decorator
@inline function outAt(table: usize, i: usize, to: usize): usize { return <usize>load<u32>(table + (i << 3), 4) + to }

/** Where the sums of a block start: -8 times the codes' sum, in the i16 lanes that will hold them. */
// @ts-ignore: decorator
@inline function start(x: usize): v128 { return v128.load32_splat(x, 36) }

/** acc + block sum * weight scales * activation scale. */
// @ts-ignore: decorator
@inline function scaled(acc: v128, sums: v128, scales: v128, scale: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sums), f32x4.mul(scales, scale), acc)
}

// @ts-ignore: decorator
@inline function pairs(sums: v128): v128 { return i32x4.extadd_pairwise_i16x8_s(sums) }
/** 16 high + low, as i32. */
// @ts-ignore: decorator
@inline function joined(low: v128, high: v128): v128 { return i32x4.add(pairs(low), i32x4.shl(pairs(high), 4)) }
// @ts-ignore: decorator
@inline function lowNibbles(q: v128, mask: v128): v128 { return v128.and(q, mask) }
// @ts-ignore: decorator
@inline function highNibbles(q: v128, mask: v128): v128 { return v128.and(i16x8.shr_u(q, 4), mask) }

/** Eight rows of x times eight rows of int4 weights. */
function int4Wide(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let x0 = xAt(table, 0), x1 = xAt(table, 1), x2 = xAt(table, 2), x3 = xAt(table, 3), x4 = xAt(table, 4), x5 = xAt(table, 5), x6 = xAt(table, 6), x7 = xAt(table, 7)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0, b6 = a0, b7 = a0
  for (let i = 0; i < nb; i++, p += 128, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK, x4 += X_BLOCK, x5 += X_BLOCK, x6 += X_BLOCK, x7 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3), c4 = start(x4), c5 = start(x5), c6 = start(x6), c7 = start(x7), d0 = c0, d1 = c1, d2 = c2, d3 = c3, d4 = c4, d5 = c5, d6 = c6, d7 = c7
    let q = v128.load(p), r = v128.load(p, 16), l = lowNibbles(q, mask), m = lowNibbles(r, mask), h = highNibbles(q, mask), k = highNibbles(r, mask), u = q, v = q
    u = v128.load32_splat(x0); v = v128.load32_splat(x0, 16); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1); v = v128.load32_splat(x1, 16); c1 = dot2(dot2(c1, u, l), v, h); d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2); v = v128.load32_splat(x2, 16); c2 = dot2(dot2(c2, u, l), v, h); d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3); v = v128.load32_splat(x3, 16); c3 = dot2(dot2(c3, u, l), v, h); d3 = dot2(dot2(d3, u, m), v, k)
    u = v128.load32_splat(x4); v = v128.load32_splat(x4, 16); c4 = dot2(dot2(c4, u, l), v, h); d4 = dot2(dot2(d4, u, m), v, k)
    u = v128.load32_splat(x5); v = v128.load32_splat(x5, 16); c5 = dot2(dot2(c5, u, l), v, h); d5 = dot2(dot2(d5, u, m), v, k)
    u = v128.load32_splat(x6); v = v128.load32_splat(x6, 16); c6 = dot2(dot2(c6, u, l), v, h); d6 = dot2(dot2(d6, u, m), v, k)
    u = v128.load32_splat(x7); v = v128.load32_splat(x7, 16); c7 = dot2(dot2(c7, u, l), v, h); d7 = dot2(dot2(d7, u, m), v, k)
    q = v128.load(p, 32); r = v128.load(p, 48); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 4); v = v128.load32_splat(x0, 20); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 4); v = v128.load32_splat(x1, 20); c1 = dot2(dot2(c1, u, l), v, h); d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 4); v = v128.load32_splat(x2, 20); c2 = dot2(dot2(c2, u, l), v, h); d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 4); v = v128.load32_splat(x3, 20); c3 = dot2(dot2(c3, u, l), v, h); d3 = dot2(dot2(d3, u, m), v, k)
    u = v128.load32_splat(x4, 4); v = v128.load32_splat(x4, 20); c4 = dot2(dot2(c4, u, l), v, h); d4 = dot2(dot2(d4, u, m), v, k)
    u = v128.load32_splat(x5, 4); v = v128.load32_splat(x5, 20); c5 = dot2(dot2(c5, u, l), v, h); d5 = dot2(dot2(d5, u, m), v, k)
    u = v128.load32_splat(x6, 4); v = v128.load32_splat(x6, 20); c6 = dot2(dot2(c6, u, l), v, h); d6 = dot2(dot2(d6, u, m), v, k)
    u = v128.load32_splat(x7, 4); v = v128.load32_splat(x7, 20); c7 = dot2(dot2(c7, u, l), v, h); d7 = dot2(dot2(d7, u, m), v, k)
    q = v128.load(p, 64); r = v128.load(p, 80); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 8); v = v128.load32_splat(x0, 24); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 8); v = v128.load32_splat(x1, 24); c1 = dot2(dot2(c1, u, l), v, h); d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 8); v = v128.load32_splat(x2, 24); c2 = dot2(dot2(c2, u, l), v, h); d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 8); v = v128.load32_splat(x3, 24); c3 = dot2(dot2(c3, u, l), v, h); d3 = dot2(dot2(d3, u, m), v, k)
    u = v128.load32_splat(x4, 8); v = v128.load32_splat(x4, 24); c4 = dot2(dot2(c4, u, l), v, h); d4 = dot2(dot2(d4, u, m), v, k)
    u = v128.load32_splat(x5, 8); v = v128.load32_splat(x5, 24); c5 = dot2(dot2(c5, u, l), v, h); d5 = dot2(dot2(d5, u, m), v, k)
    u = v128.load32_splat(x6, 8); v = v128.load32_splat(x6, 24); c6 = dot2(dot2(c6, u, l), v, h); d6 = dot2(dot2(d6, u, m), v, k)
    u = v128.load32_splat(x7, 8); v = v128.load32_splat(x7, 24); c7 = dot2(dot2(c7, u, l), v, h); d7 = dot2(dot2(d7, u, m), v, k)
    q = v128.load(p, 96); r = v128.load(p, 112); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 12); v = v128.load32_splat(x0, 28); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 12); v = v128.load32_splat(x1, 28); c1 = dot2(dot2(c1, u, l), v, h); d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 12); v = v128.load32_splat(x2, 28); c2 = dot2(dot2(c2, u, l), v, h); d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 12); v = v128.load32_splat(x3, 28); c3 = dot2(dot2(c3, u, l), v, h); d3 = dot2(dot2(d3, u, m), v, k)
    u = v128.load32_splat(x4, 12); v = v128.load32_splat(x4, 28); c4 = dot2(dot2(c4, u, l), v, h); d4 = dot2(dot2(d4, u, m), v, k)
    u = v128.load32_splat(x5, 12); v = v128.load32_splat(x5, 28); c5 = dot2(dot2(c5, u, l), v, h); d5 = dot2(dot2(d5, u, m), v, k)
    u = v128.load32_splat(x6, 12); v = v128.load32_splat(x6, 28); c6 = dot2(dot2(c6, u, l), v, h); d6 = dot2(dot2(d6, u, m), v, k)
    u = v128.load32_splat(x7, 12); v = v128.load32_splat(x7, 28); c7 = dot2(dot2(c7, u, l), v, h); d7 = dot2(dot2(d7, u, m), v, k)
    const w = loadF16x4(s, multiplier), z = loadF16x4(s + 8, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, pairs(c0), w, u); b0 = scaled(b0, pairs(d0), z, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, pairs(c1), w, u); b1 = scaled(b1, pairs(d1), z, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, pairs(c2), w, u); b2 = scaled(b2, pairs(d2), z, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, pairs(c3), w, u); b3 = scaled(b3, pairs(d3), z, u)
    u = v128.load32_splat(x4, 32); a4 = scaled(a4, pairs(c4), w, u); b4 = scaled(b4, pairs(d4), z, u)
    u = v128.load32_splat(x5, 32); a5 = scaled(a5, pairs(c5), w, u); b5 = scaled(b5, pairs(d5), z, u)
    u = v128.load32_splat(x6, 32); a6 = scaled(a6, pairs(c6), w, u); b6 = scaled(b6, pairs(d6), z, u)
    u = v128.load32_splat(x7, 32); a7 = scaled(a7, pairs(c7), w, u); b7 = scaled(b7, pairs(d7), z, u)
  }
  // side by side, which is where V8 begins to look for pairs
  const o0 = outAt(table, 0, to)
  const o1 = outAt(table, 1, to)
  const o2 = outAt(table, 2, to)
  const o3 = outAt(table, 3, to)
  const o4 = outAt(table, 4, to)
  const o5 = outAt(table, 5, to)
  const o6 = outAt(table, 6, to)
  const o7 = outAt(table, 7, to)
  v128.store(o0, a0); v128.store(o0, b0, 16)
  v128.store(o1, a1); v128.store(o1, b1, 16)
  v128.store(o2, a2); v128.store(o2, b2, 16)
  v128.store(o3, a3); v128.store(o3, b3, 16)
  v128.store(o4, a4); v128.store(o4, b4, 16)
  v128.store(o5, a5); v128.store(o5, b5, 16)
  v128.store(o6, a6); v128.store(o6, b6, 16)
  v128.store(o7, a7); v128.store(o7, b7, 16)
}

/** Four rows of x times four rows of int4 weights. */
function int4Half(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let x0 = xAt(table, 0), x1 = xAt(table, 1), x2 = xAt(table, 2), x3 = xAt(table, 3)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
  for (let i = 0; i < nb; i++, p += 128, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3)
    let q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask), u = q, v = q
    u = v128.load32_splat(x0); v = v128.load32_splat(x0, 16); c0 = dot2(dot2(c0, u, l), v, h)
    u = v128.load32_splat(x1); v = v128.load32_splat(x1, 16); c1 = dot2(dot2(c1, u, l), v, h)
    u = v128.load32_splat(x2); v = v128.load32_splat(x2, 16); c2 = dot2(dot2(c2, u, l), v, h)
    u = v128.load32_splat(x3); v = v128.load32_splat(x3, 16); c3 = dot2(dot2(c3, u, l), v, h)
    q = v128.load(p, 32); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    u = v128.load32_splat(x0, 4); v = v128.load32_splat(x0, 20); c0 = dot2(dot2(c0, u, l), v, h)
    u = v128.load32_splat(x1, 4); v = v128.load32_splat(x1, 20); c1 = dot2(dot2(c1, u, l), v, h)
    u = v128.load32_splat(x2, 4); v = v128.load32_splat(x2, 20); c2 = dot2(dot2(c2, u, l), v, h)
    u = v128.load32_splat(x3, 4); v = v128.load32_splat(x3, 20); c3 = dot2(dot2(c3, u, l), v, h)
    q = v128.load(p, 64); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    u = v128.load32_splat(x0, 8); v = v128.load32_splat(x0, 24); c0 = dot2(dot2(c0, u, l), v, h)
    u = v128.load32_splat(x1, 8); v = v128.load32_splat(x1, 24); c1 = dot2(dot2(c1, u, l), v, h)
    u = v128.load32_splat(x2, 8); v = v128.load32_splat(x2, 24); c2 = dot2(dot2(c2, u, l), v, h)
    u = v128.load32_splat(x3, 8); v = v128.load32_splat(x3, 24); c3 = dot2(dot2(c3, u, l), v, h)
    q = v128.load(p, 96); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    u = v128.load32_splat(x0, 12); v = v128.load32_splat(x0, 28); c0 = dot2(dot2(c0, u, l), v, h)
    u = v128.load32_splat(x1, 12); v = v128.load32_splat(x1, 28); c1 = dot2(dot2(c1, u, l), v, h)
    u = v128.load32_splat(x2, 12); v = v128.load32_splat(x2, 28); c2 = dot2(dot2(c2, u, l), v, h)
    u = v128.load32_splat(x3, 12); v = v128.load32_splat(x3, 28); c3 = dot2(dot2(c3, u, l), v, h)
    const w = loadF16x4(s, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, pairs(c0), w, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, pairs(c1), w, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, pairs(c2), w, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, pairs(c3), w, u)
  }
  v128.store(outAt(table, 0, to), a0)
  v128.store(outAt(table, 1, to), a1)
  v128.store(outAt(table, 2, to), a2)
  v128.store(outAt(table, 3, to), a3)
}

/** One row of x times eight rows of int4 weights: decoding. */
function int4One(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let x0 = xAt(table, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i++, p += 128, s += 16, x0 += X_BLOCK) {
    let c0 = start(x0), d0 = c0
    let q = v128.load(p), r = v128.load(p, 16), l = lowNibbles(q, mask), m = lowNibbles(r, mask), h = highNibbles(q, mask), k = highNibbles(r, mask), u = q, v = q
    u = v128.load32_splat(x0); v = v128.load32_splat(x0, 16); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    q = v128.load(p, 32); r = v128.load(p, 48); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 4); v = v128.load32_splat(x0, 20); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    q = v128.load(p, 64); r = v128.load(p, 80); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 8); v = v128.load32_splat(x0, 24); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    q = v128.load(p, 96); r = v128.load(p, 112); l = lowNibbles(q, mask); m = lowNibbles(r, mask); h = highNibbles(q, mask); k = highNibbles(r, mask)
    u = v128.load32_splat(x0, 12); v = v128.load32_splat(x0, 28); c0 = dot2(dot2(c0, u, l), v, h); d0 = dot2(dot2(d0, u, m), v, k)
    const w = loadF16x4(s, multiplier), z = loadF16x4(s + 8, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, pairs(c0), w, u); b0 = scaled(b0, pairs(d0), z, u)
  }
  const o0 = outAt(table, 0, to)
  v128.store(o0, a0); v128.store(o0, b0, 16)
}

/** Four rows of x times eight rows of int8 weights. */
function int8Wide(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15), zero = i16x8.splat(0)
  let x0 = xAt(table, 0), x1 = xAt(table, 1), x2 = xAt(table, 2), x3 = xAt(table, 3)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3), d0 = c0, d1 = c1, d2 = c2, d3 = c3
    let e0 = zero, e1 = zero, e2 = zero, e3 = zero, f0 = zero, f1 = zero, f2 = zero, f3 = zero, u = zero
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask), r = v128.load(p, 16), m = lowNibbles(r, mask), k = highNibbles(r, mask)
      u = v128.load32_splat(x0 + j); e0 = dot2(e0, u, l); c0 = dot2(c0, u, h); f0 = dot2(f0, u, m); d0 = dot2(d0, u, k)
      u = v128.load32_splat(x1 + j); e1 = dot2(e1, u, l); c1 = dot2(c1, u, h); f1 = dot2(f1, u, m); d1 = dot2(d1, u, k)
      u = v128.load32_splat(x2 + j); e2 = dot2(e2, u, l); c2 = dot2(c2, u, h); f2 = dot2(f2, u, m); d2 = dot2(d2, u, k)
      u = v128.load32_splat(x3 + j); e3 = dot2(e3, u, l); c3 = dot2(c3, u, h); f3 = dot2(f3, u, m); d3 = dot2(d3, u, k)
    }
    const w = loadF16x4(s, multiplier), z = loadF16x4(s + 8, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, joined(e0, c0), w, u); b0 = scaled(b0, joined(f0, d0), z, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, joined(e1, c1), w, u); b1 = scaled(b1, joined(f1, d1), z, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, joined(e2, c2), w, u); b2 = scaled(b2, joined(f2, d2), z, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, joined(e3, c3), w, u); b3 = scaled(b3, joined(f3, d3), z, u)
  }
  // side by side, which is where V8 begins to look for pairs
  const o0 = outAt(table, 0, to)
  const o1 = outAt(table, 1, to)
  const o2 = outAt(table, 2, to)
  const o3 = outAt(table, 3, to)
  v128.store(o0, a0); v128.store(o0, b0, 16)
  v128.store(o1, a1); v128.store(o1, b1, 16)
  v128.store(o2, a2); v128.store(o2, b2, 16)
  v128.store(o3, a3); v128.store(o3, b3, 16)
}

/** Four rows of x times four rows of int8 weights. */
function int8Half(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15), zero = i16x8.splat(0)
  let x0 = xAt(table, 0), x1 = xAt(table, 1), x2 = xAt(table, 2), x3 = xAt(table, 3)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3)
    let e0 = zero, e1 = zero, e2 = zero, e3 = zero, u = zero
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask)
      u = v128.load32_splat(x0 + j); e0 = dot2(e0, u, l); c0 = dot2(c0, u, h)
      u = v128.load32_splat(x1 + j); e1 = dot2(e1, u, l); c1 = dot2(c1, u, h)
      u = v128.load32_splat(x2 + j); e2 = dot2(e2, u, l); c2 = dot2(c2, u, h)
      u = v128.load32_splat(x3 + j); e3 = dot2(e3, u, l); c3 = dot2(c3, u, h)
    }
    const w = loadF16x4(s, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, joined(e0, c0), w, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, joined(e1, c1), w, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, joined(e2, c2), w, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, joined(e3, c3), w, u)
  }
  v128.store(outAt(table, 0, to), a0)
  v128.store(outAt(table, 1, to), a1)
  v128.store(outAt(table, 2, to), a2)
  v128.store(outAt(table, 3, to), a3)
}

/** One row of x times eight rows of int8 weights: decoding. */
function int8One(p: usize, s: usize, nb: i32, factor: f32, table: usize, to: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15), zero = i16x8.splat(0)
  let x0 = xAt(table, 0)
  let a0 = f32x4.splat(0), b0 = a0
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK) {
    let c0 = start(x0), d0 = c0
    let e0 = zero, f0 = zero, u = zero
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask), r = v128.load(p, 16), m = lowNibbles(r, mask), k = highNibbles(r, mask)
      u = v128.load32_splat(x0 + j); e0 = dot2(e0, u, l); c0 = dot2(c0, u, h); f0 = dot2(f0, u, m); d0 = dot2(d0, u, k)
    }
    const w = loadF16x4(s, multiplier), z = loadF16x4(s + 8, multiplier)
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, joined(e0, c0), w, u); b0 = scaled(b0, joined(f0, d0), z, u)
  }
  const o0 = outAt(table, 0, to)
  v128.store(o0, a0); v128.store(o0, b0, 16)
}
