// Integer dot products: int4 and int8 weights, four rows interleaved, times activations in int8 (quantize.ts).
// One v128 of weights holds 4 rows x 4 columns, and four columns of the activations are splatted against it. Weights are
// unsigned nibbles (int8 is 16 high + low), the 7-bit operand; sums of a block stay in i16. The offset of the codes, 8
// for a nibble and 128 for a byte, is the value that a block's sums start from, so that it costs nothing.
// Measured in docs/speed-log.md; truth: backends/reference.
import { scratch } from './control'
import { INT4, wBlocks, wData, wFormat, wMultiplier, wRows, wScales } from './dequantize'
import { X_BLOCK } from './quantize'
import { dot2, loadF16x4, madd } from './simd'

/** Rows of x that pass over a claim's weights together; their codes stay in the second-level cache. */
const STRIP: i32 = 64

/** Row groups [g0, g1) for `n` rows of x: row i of the list is x row list[i] / div and out row list[i] (list 0: i). */
export function linearInt(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize): void {
  const nb = wBlocks(d), whole = wRows(d) >> 2, multiplier = f32x4.splat(wMultiplier(d)), mask = i8x16.splat(15)
  const int4 = wFormat(d) == INT4, groupBytes = <usize>nb << (int4 ? 6 : 7)
  for (let from = 0; from < n; from += STRIP)
    for (let g = g0; g < g1; g++) {
      const p = wData(d) + <usize>g * groupBytes, s = wScales(d) + (<usize>(g * nb) << 3), o = out + (<usize>g << 4)
      const to = min(n, from + STRIP)
      let i = from
      if (g < whole)
        for (; i + 4 <= to; i += 4) {
          const i0 = listed(list, i), i1 = listed(list, i + 1), i2 = listed(list, i + 2), i3 = listed(list, i + 3)
          const x0 = x + <usize>(i0 / div) * xStride, x1 = x + <usize>(i1 / div) * xStride, x2 = x + <usize>(i2 / div) * xStride, x3 = x + <usize>(i3 / div) * xStride
          const o0 = o + <usize>i0 * outStride, o1 = o + <usize>i1 * outStride, o2 = o + <usize>i2 * outStride, o3 = o + <usize>i3 * outStride
          if (int4) tile_int4_4(p, s, nb, multiplier, mask, x0, x1, x2, x3, o0, o1, o2, o3)
          else tile_int8_4(p, s, nb, multiplier, mask, x0, x1, x2, x3, o0, o1, o2, o3)
        }
      for (; i < to; i++) {
        // the last group may have fewer than four rows: sum beside, keep those that exist
        const id = listed(list, i), xi = x + <usize>(id / div) * xStride, oi = o + <usize>id * outStride, to = g < whole ? oi : scratch
        if (int4) tile_int4_1(p, s, nb, multiplier, mask, xi, to)
        else tile_int8_1(p, s, nb, multiplier, mask, xi, to)
        if (g == whole) memory.copy(oi, scratch, <usize>(wRows(d) & 3) << 2)
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
@inline function scaled(acc: v128, sums: v128, scales: v128, x: usize): v128 {
  return madd(f32x4.convert_i32x4_s(sums), f32x4.mul(scales, v128.load32_splat(x, 32)), acc)
}

// @ts-ignore: decorator
@inline function lowNibbles(q: v128, mask: v128): v128 { return v128.and(q, mask) }
// @ts-ignore: decorator
@inline function highNibbles(q: v128, mask: v128): v128 { return v128.and(i16x8.shr_u(q, 4), mask) }

/** 16 columns of a row of x, in steps of four: columns 4j and 16 + 4j on. */
// @ts-ignore: decorator
@inline function int4(acc: v128, x: usize, j: usize, low: v128, high: v128): v128 {
  return dot2(dot2(acc, v128.load32_splat(x + 4 * j), low), v128.load32_splat(x + 4 * j, 16), high)
}

/** Four rows of x times a group of four rows of int4 weights. */
function tile_int4_4(p: usize, s: usize, nb: i32, multiplier: v128, mask: v128, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
  for (let b = 0; b < nb; b++, p += 64, s += 8, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let d0 = start(x0), d1 = start(x1), d2 = start(x2), d3 = start(x3)
    let q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask)
    d0 = int4(d0, x0, 0, l, h); d1 = int4(d1, x1, 0, l, h); d2 = int4(d2, x2, 0, l, h); d3 = int4(d3, x3, 0, l, h)
    q = v128.load(p, 16); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    d0 = int4(d0, x0, 1, l, h); d1 = int4(d1, x1, 1, l, h); d2 = int4(d2, x2, 1, l, h); d3 = int4(d3, x3, 1, l, h)
    q = v128.load(p, 32); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    d0 = int4(d0, x0, 2, l, h); d1 = int4(d1, x1, 2, l, h); d2 = int4(d2, x2, 2, l, h); d3 = int4(d3, x3, 2, l, h)
    q = v128.load(p, 48); l = lowNibbles(q, mask); h = highNibbles(q, mask)
    d0 = int4(d0, x0, 3, l, h); d1 = int4(d1, x1, 3, l, h); d2 = int4(d2, x2, 3, l, h); d3 = int4(d3, x3, 3, l, h)
    const w = loadF16x4(s, multiplier)
    a0 = scaled(a0, i32x4.extadd_pairwise_i16x8_s(d0), w, x0)
    a1 = scaled(a1, i32x4.extadd_pairwise_i16x8_s(d1), w, x1)
    a2 = scaled(a2, i32x4.extadd_pairwise_i16x8_s(d2), w, x2)
    a3 = scaled(a3, i32x4.extadd_pairwise_i16x8_s(d3), w, x3)
  }
  v128.store(o0, a0); v128.store(o1, a1); v128.store(o2, a2); v128.store(o3, a3)
}

/** One row of x times a group of four rows of int4 weights: decoding. */
function tile_int4_1(p: usize, s: usize, nb: i32, multiplier: v128, mask: v128, x: usize, out: usize): void {
  let a = f32x4.splat(0)
  for (let b = 0; b < nb; b++, s += 8, x += X_BLOCK) {
    let d = start(x)
    for (let j: usize = 0; j < 4; j++, p += 16) {
      const q = v128.load(p)
      d = int4(d, x, j, lowNibbles(q, mask), highNibbles(q, mask))
    }
    a = scaled(a, i32x4.extadd_pairwise_i16x8_s(d), loadF16x4(s, multiplier), x)
  }
  v128.store(out, a)
}

/** 16 high + low, as i32. */
// @ts-ignore: decorator
@inline function joined(low: v128, high: v128): v128 {
  return i32x4.add(i32x4.extadd_pairwise_i16x8_s(low), i32x4.shl(i32x4.extadd_pairwise_i16x8_s(high), 4))
}

/** Four rows of x times a group of four rows of int8 weights. */
function tile_int8_4(p: usize, s: usize, nb: i32, multiplier: v128, mask: v128, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  const zero = i16x8.splat(0)
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0
  for (let b = 0; b < nb; b++, s += 8, x0 += X_BLOCK, x1 += X_BLOCK, x2 += X_BLOCK, x3 += X_BLOCK) {
    let h0 = start(x0), h1 = start(x1), h2 = start(x2), h3 = start(x3), l0 = zero, l1 = zero, l2 = zero, l3 = zero
    for (let j: usize = 0; j < 32; j += 4, p += 16) {
      const q = v128.load(p), l = lowNibbles(q, mask), h = highNibbles(q, mask)
      const u0 = v128.load32_splat(x0 + j), u1 = v128.load32_splat(x1 + j), u2 = v128.load32_splat(x2 + j), u3 = v128.load32_splat(x3 + j)
      l0 = dot2(l0, u0, l); l1 = dot2(l1, u1, l); l2 = dot2(l2, u2, l); l3 = dot2(l3, u3, l)
      h0 = dot2(h0, u0, h); h1 = dot2(h1, u1, h); h2 = dot2(h2, u2, h); h3 = dot2(h3, u3, h)
    }
    const w = loadF16x4(s, multiplier)
    a0 = scaled(a0, joined(l0, h0), w, x0)
    a1 = scaled(a1, joined(l1, h1), w, x1)
    a2 = scaled(a2, joined(l2, h2), w, x2)
    a3 = scaled(a3, joined(l3, h3), w, x3)
  }
  v128.store(o0, a0); v128.store(o1, a1); v128.store(o2, a2); v128.store(o3, a3)
}

/** One row of x times a group of four rows of int8 weights: decoding. */
function tile_int8_1(p: usize, s: usize, nb: i32, multiplier: v128, mask: v128, x: usize, out: usize): void {
  let a = f32x4.splat(0)
  for (let b = 0; b < nb; b++, s += 8, x += X_BLOCK) {
    let high = start(x), low = i16x8.splat(0)
    for (let j: usize = 0; j < 32; j += 4, p += 16) {
      const q = v128.load(p), u = v128.load32_splat(x + j)
      low = dot2(low, u, lowNibbles(q, mask))
      high = dot2(high, u, highNibbles(q, mask))
    }
    a = scaled(a, joined(low, high), loadF16x4(s, multiplier), x)
  }
  v128.store(out, a)
}
