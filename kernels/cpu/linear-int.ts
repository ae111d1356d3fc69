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
  const nb = wBlocks(d), whole = wRows(d) / GROUP, factor = wMultiplier(d)
  const int4 = wFormat(d) == INT4, groupBytes = <usize>nb << (int4 ? 7 : 8)
  for (let from = 0; from < n; from += STRIP)
    for (let g = g0; g < g1; g++) {
      const p = wData(d) + <usize>g * groupBytes, s = wScales(d) + (<usize>(g * nb) << 4), o = out + (<usize>g << 5)
      const to = min(n, from + STRIP)
      let i = from
      if (g < whole)
        for (; i + 4 <= to; i += 4) {
          const i0 = listed(list, i), i1 = listed(list, i + 1), i2 = listed(list, i + 2), i3 = listed(list, i + 3)
          const x0 = x + <usize>(i0 / div) * xStride, x1 = x + <usize>(i1 / div) * xStride, x2 = x + <usize>(i2 / div) * xStride, x3 = x + <usize>(i3 / div) * xStride
          const o0 = o + <usize>i0 * outStride, o1 = o + <usize>i1 * outStride, o2 = o + <usize>i2 * outStride, o3 = o + <usize>i3 * outStride
          if (wide) {
            if (int4) tile_int4_4_wide(p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
            else tile_int8_4_wide(p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
          } else if (int4) {
            tile_int4_4(p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
            tile_int4_4(p + 16, s + 8, nb, factor, x0, x1, x2, x3, o0 + 16, o1 + 16, o2 + 16, o3 + 16)
          } else {
            tile_int8_4(p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
            tile_int8_4(p + 16, s + 8, nb, factor, x0, x1, x2, x3, o0 + 16, o1 + 16, o2 + 16, o3 + 16)
          }
        }
      for (; i < to; i++) {
        // the last group may have fewer than eight rows: sum beside, keep those that exist
        const id = listed(list, i), xi = x + <usize>(id / div) * xStride, oi = o + <usize>id * outStride, to = g < whole ? oi : scratch
        if (int4) tile_int4_1(p, s, nb, factor, xi, to)
        else tile_int8_1(p, s, nb, factor, xi, to)
        if (g == whole) memory.copy(oi, scratch, <usize>(wRows(d) % GROUP) << 2)
      }
    }
}

// @ts-ignore: decorator
@inline function listed(list: usize, i: i32): i32 { return list ? load<i32>(list + (<usize>i << 2)) : i }

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

function tile_int4_4(p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  tile_int4_4_body(false, p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
}
function tile_int4_4_wide(p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  tile_int4_4_body(true, p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
}

/** Four rows of x times four rows of int4 weights, or eight. */
// @ts-ignore: decorator
@inline function tile_int4_4_body(two: boolean, p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  for (let i = 0; i < nb; i++, p += 128, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3), d0 = c0, d1 = c1, d2 = c2, d3 = c3
    let q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask), r = v128.load(p, 16), m = lowNibbles(r, mask), k = highNibbles(r, mask), u = q, v = q
    u = v128.load32_splat(x0); v = v128.load32_splat(x0, 16); c0 = dot2(dot2(c0, u, l), v, h); if (two) d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1); v = v128.load32_splat(x1, 16); c1 = dot2(dot2(c1, u, l), v, h); if (two) d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2); v = v128.load32_splat(x2, 16); c2 = dot2(dot2(c2, u, l), v, h); if (two) d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3); v = v128.load32_splat(x3, 16); c3 = dot2(dot2(c3, u, l), v, h); if (two) d3 = dot2(dot2(d3, u, m), v, k)
    q = v128.load(p, 32); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    if (two) { r = v128.load(p, 48); m = lowNibbles(r, mask); k = highNibbles(r, mask) }
    u = v128.load32_splat(x0, 4); v = v128.load32_splat(x0, 20); c0 = dot2(dot2(c0, u, l), v, h); if (two) d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 4); v = v128.load32_splat(x1, 20); c1 = dot2(dot2(c1, u, l), v, h); if (two) d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 4); v = v128.load32_splat(x2, 20); c2 = dot2(dot2(c2, u, l), v, h); if (two) d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 4); v = v128.load32_splat(x3, 20); c3 = dot2(dot2(c3, u, l), v, h); if (two) d3 = dot2(dot2(d3, u, m), v, k)
    q = v128.load(p, 64); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    if (two) { r = v128.load(p, 80); m = lowNibbles(r, mask); k = highNibbles(r, mask) }
    u = v128.load32_splat(x0, 8); v = v128.load32_splat(x0, 24); c0 = dot2(dot2(c0, u, l), v, h); if (two) d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 8); v = v128.load32_splat(x1, 24); c1 = dot2(dot2(c1, u, l), v, h); if (two) d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 8); v = v128.load32_splat(x2, 24); c2 = dot2(dot2(c2, u, l), v, h); if (two) d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 8); v = v128.load32_splat(x3, 24); c3 = dot2(dot2(c3, u, l), v, h); if (two) d3 = dot2(dot2(d3, u, m), v, k)
    q = v128.load(p, 96); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    if (two) { r = v128.load(p, 112); m = lowNibbles(r, mask); k = highNibbles(r, mask) }
    u = v128.load32_splat(x0, 12); v = v128.load32_splat(x0, 28); c0 = dot2(dot2(c0, u, l), v, h); if (two) d0 = dot2(dot2(d0, u, m), v, k)
    u = v128.load32_splat(x1, 12); v = v128.load32_splat(x1, 28); c1 = dot2(dot2(c1, u, l), v, h); if (two) d1 = dot2(dot2(d1, u, m), v, k)
    u = v128.load32_splat(x2, 12); v = v128.load32_splat(x2, 28); c2 = dot2(dot2(c2, u, l), v, h); if (two) d2 = dot2(dot2(d2, u, m), v, k)
    u = v128.load32_splat(x3, 12); v = v128.load32_splat(x3, 28); c3 = dot2(dot2(c3, u, l), v, h); if (two) d3 = dot2(dot2(d3, u, m), v, k)
    const w = loadF16x4(s, multiplier), z = two ? loadF16x4(s + 8, multiplier) : w
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, pairs(c0), w, u); if (two) b0 = scaled(b0, pairs(d0), z, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, pairs(c1), w, u); if (two) b1 = scaled(b1, pairs(d1), z, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, pairs(c2), w, u); if (two) b2 = scaled(b2, pairs(d2), z, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, pairs(c3), w, u); if (two) b3 = scaled(b3, pairs(d3), z, u)
  }
  // side by side, which is where V8 begins to look for pairs
  v128.store(o0, a0); if (two) v128.store(o0, b0, 16)
  v128.store(o1, a1); if (two) v128.store(o1, b1, 16)
  v128.store(o2, a2); if (two) v128.store(o2, b2, 16)
  v128.store(o3, a3); if (two) v128.store(o3, b3, 16)
}

/** One row of x times eight rows of int4 weights: decoding. */
function tile_int4_1(p: usize, s: usize, nb: i32, factor: f32, x: usize, out: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let a = f32x4.splat(0), b = a
  for (let i = 0; i < nb; i++, p += 128, s += 16, x += X_BLOCK) {
    let c = start(x), d = c
    const q0 = v128.load(p), r0 = v128.load(p, 16), u0 = v128.load32_splat(x), v0 = v128.load32_splat(x, 16)
    c = dot2(c, u0, lowNibbles(q0, mask)); d = dot2(d, u0, lowNibbles(r0, mask))
    c = dot2(c, v0, highNibbles(q0, mask)); d = dot2(d, v0, highNibbles(r0, mask))
    const q1 = v128.load(p, 32), r1 = v128.load(p, 48), u1 = v128.load32_splat(x, 4), v1 = v128.load32_splat(x, 20)
    c = dot2(c, u1, lowNibbles(q1, mask)); d = dot2(d, u1, lowNibbles(r1, mask))
    c = dot2(c, v1, highNibbles(q1, mask)); d = dot2(d, v1, highNibbles(r1, mask))
    const q2 = v128.load(p, 64), r2 = v128.load(p, 80), u2 = v128.load32_splat(x, 8), v2 = v128.load32_splat(x, 24)
    c = dot2(c, u2, lowNibbles(q2, mask)); d = dot2(d, u2, lowNibbles(r2, mask))
    c = dot2(c, v2, highNibbles(q2, mask)); d = dot2(d, v2, highNibbles(r2, mask))
    const q3 = v128.load(p, 96), r3 = v128.load(p, 112), u3 = v128.load32_splat(x, 12), v3 = v128.load32_splat(x, 28)
    c = dot2(c, u3, lowNibbles(q3, mask)); d = dot2(d, u3, lowNibbles(r3, mask))
    c = dot2(c, v3, highNibbles(q3, mask)); d = dot2(d, v3, highNibbles(r3, mask))
    const k = v128.load32_splat(x, 32), w = loadF16x4(s, multiplier), z = loadF16x4(s + 8, multiplier)
    a = scaled(a, pairs(c), w, k); b = scaled(b, pairs(d), z, k)
  }
  v128.store(out, a); v128.store(out, b, 16)
}

function tile_int8_4(p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  tile_int8_4_body(false, p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
}
function tile_int8_4_wide(p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  tile_int8_4_body(true, p, s, nb, factor, x0, x1, x2, x3, o0, o1, o2, o3)
}

/** Four rows of x times four rows of int8 weights, or eight. */
// @ts-ignore: decorator
@inline function tile_int8_4_body(two: boolean, p: usize, s: usize, nb: i32, factor: f32, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0
  const zero = i16x8.splat(0)
  for (let i = 0; i < nb; i++, s += 16, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let c0 = start(x0), c1 = start(x1), c2 = start(x2), c3 = start(x3), d0 = c0, d1 = c1, d2 = c2, d3 = c3
    let e0 = zero, e1 = zero, e2 = zero, e3 = zero, f0 = zero, f1 = zero, f2 = zero, f3 = zero, u = zero
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask), r = two ? v128.load(p, 16) : q, m = lowNibbles(r, mask), k = highNibbles(r, mask)
      u = v128.load32_splat(x0 + j); e0 = dot2(e0, u, l); c0 = dot2(c0, u, h); if (two) { f0 = dot2(f0, u, m); d0 = dot2(d0, u, k) }
      u = v128.load32_splat(x1 + j); e1 = dot2(e1, u, l); c1 = dot2(c1, u, h); if (two) { f1 = dot2(f1, u, m); d1 = dot2(d1, u, k) }
      u = v128.load32_splat(x2 + j); e2 = dot2(e2, u, l); c2 = dot2(c2, u, h); if (two) { f2 = dot2(f2, u, m); d2 = dot2(d2, u, k) }
      u = v128.load32_splat(x3 + j); e3 = dot2(e3, u, l); c3 = dot2(c3, u, h); if (two) { f3 = dot2(f3, u, m); d3 = dot2(d3, u, k) }
    }
    const w = loadF16x4(s, multiplier), z = two ? loadF16x4(s + 8, multiplier) : w
    u = v128.load32_splat(x0, 32); a0 = scaled(a0, joined(e0, c0), w, u); if (two) b0 = scaled(b0, joined(f0, d0), z, u)
    u = v128.load32_splat(x1, 32); a1 = scaled(a1, joined(e1, c1), w, u); if (two) b1 = scaled(b1, joined(f1, d1), z, u)
    u = v128.load32_splat(x2, 32); a2 = scaled(a2, joined(e2, c2), w, u); if (two) b2 = scaled(b2, joined(f2, d2), z, u)
    u = v128.load32_splat(x3, 32); a3 = scaled(a3, joined(e3, c3), w, u); if (two) b3 = scaled(b3, joined(f3, d3), z, u)
  }
  // side by side, which is where V8 begins to look for pairs
  v128.store(o0, a0); if (two) v128.store(o0, b0, 16)
  v128.store(o1, a1); if (two) v128.store(o1, b1, 16)
  v128.store(o2, a2); if (two) v128.store(o2, b2, 16)
  v128.store(o3, a3); if (two) v128.store(o3, b3, 16)
}

/** One row of x times eight rows of int8 weights: decoding. */
function tile_int8_1(p: usize, s: usize, nb: i32, factor: f32, x: usize, out: usize): void {
  const multiplier = f32x4.splat(factor), mask = i8x16.splat(15)
  let a = f32x4.splat(0), b = a
  for (let i = 0; i < nb; i++, s += 16, x += X_BLOCK) {
    let c = start(x), d = c, e = i16x8.splat(0), f = e
    for (let j: usize = 0; j < 32; j += 4, p += 32) {
      const q = v128.load(p), r = v128.load(p, 16), u = v128.load32_splat(x + j)
      e = dot2(e, u, lowNibbles(q, mask)); c = dot2(c, u, highNibbles(q, mask)); f = dot2(f, u, lowNibbles(r, mask)); d = dot2(d, u, highNibbles(r, mask))
    }
    const u = v128.load32_splat(x, 32)
    a = scaled(a, joined(e, c), loadF16x4(s, multiplier), u); b = scaled(b, joined(f, d), loadF16x4(s + 8, multiplier), u)
  }
  v128.store(out, a); v128.store(out, b, 16)
}
