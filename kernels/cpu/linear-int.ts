// Integer dot products: int4 and int8 weights, four rows interleaved, times activations in int8 (quantize.ts).
// One v128 holds 4 rows x 4 columns; the activations' 4 columns are splatted. int4: codes are the 7-bit operand, their
// offset of 8 is paid once per block. int8: the activations' positive and negative parts are the 7-bit operands.
// Measured in docs/speed-log.md; truth: backends/reference.
import { scratch } from './control'
import { wBlocks, wData, wMultiplier, wRows, wScales } from './dequantize'
import { dot2, dot4, loadF16x4, madd } from './simd'

// @ts-ignore: decorator
@inline function listed(list: usize, i: i32): i32 { return list ? load<i32>(list + (<usize>i << 2)) : i }

export function linear_int4(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize): void {
  const nb = wBlocks(d), whole = wRows(d) >> 2, multiplier = f32x4.splat(wMultiplier(d))
  let g = g0
  while (g < g1) {
    const p = wData(d) + (<usize>(g * nb) << 6), s = wScales(d) + (<usize>(g * nb) << 3), o = out + (<usize>g << 4)
    let i = 0
    if (g < whole)
      for (; i + 4 <= n; i += 4) {
        const i0 = listed(list, i), i1 = listed(list, i + 1), i2 = listed(list, i + 2), i3 = listed(list, i + 3)
        tile_int4_4x1(p, s, nb, multiplier, x + <usize>(i0 / div) * xStride, x + <usize>(i1 / div) * xStride, x + <usize>(i2 / div) * xStride, x + <usize>(i3 / div) * xStride, o + <usize>i0 * outStride, o + <usize>i1 * outStride, o + <usize>i2 * outStride, o + <usize>i3 * outStride)
      }
    // a lone token takes two groups at a time: more loads in flight
    const pair = n == 1 && g + 2 <= min(g1, whole)
    for (; i < n; i++) {
      const id = listed(list, i), px = x + <usize>(id / div) * xStride, po = o + <usize>id * outStride
      if (pair) tile_int4_1x2(p, s, nb, multiplier, px, po)
      else if (g < whole) tile_int4_1x1(p, s, nb, multiplier, px, po)
      else {
        // the last group has fewer than four rows: sum beside, keep those that exist
        tile_int4_1x1(p, s, nb, multiplier, px, scratch)
        memory.copy(po, scratch, <usize>(wRows(d) & 3) << 2)
      }
    }
    g += pair ? 2 : 1
  }
}

export function linear_int8(d: usize, g0: i32, g1: i32, x: usize, xStride: usize, list: usize, div: i32, n: i32, out: usize, outStride: usize): void {
  const nb = wBlocks(d), whole = wRows(d) >> 2, multiplier = f32x4.splat(wMultiplier(d))
  let g = g0
  while (g < g1) {
    const p = wData(d) + (<usize>(g * nb) << 7), s = wScales(d) + (<usize>(g * nb) << 3), o = out + (<usize>g << 4)
    let i = 0
    if (g < whole)
      for (; i + 4 <= n; i += 4) {
        const i0 = listed(list, i), i1 = listed(list, i + 1), i2 = listed(list, i + 2), i3 = listed(list, i + 3)
        tile_int8_4x1(p, s, nb, multiplier, x + <usize>(i0 / div) * xStride, x + <usize>(i1 / div) * xStride, x + <usize>(i2 / div) * xStride, x + <usize>(i3 / div) * xStride, o + <usize>i0 * outStride, o + <usize>i1 * outStride, o + <usize>i2 * outStride, o + <usize>i3 * outStride)
      }
    // a lone token takes two groups at a time: more loads in flight
    const pair = n == 1 && g + 2 <= min(g1, whole)
    for (; i < n; i++) {
      const id = listed(list, i), px = x + <usize>(id / div) * xStride, po = o + <usize>id * outStride
      if (pair) tile_int8_1x2(p, s, nb, multiplier, px, po)
      else if (g < whole) tile_int8_1x1(p, s, nb, multiplier, px, po)
      else {
        // the last group has fewer than four rows: sum beside, keep those that exist
        tile_int8_1x1(p, s, nb, multiplier, px, scratch)
        memory.copy(po, scratch, <usize>(wRows(d) & 3) << 2)
      }
    }
    g += pair ? 2 : 1
  }
}

/** 4 rows of x times 1 group of four rows. */
function tile_int4_4x1(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 6, sStep = <usize>nb << 3, mask = i8x16.splat(15)
  let a00 = f32x4.splat(0)
  let a10 = f32x4.splat(0)
  let a20 = f32x4.splat(0)
  let a30 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  let c1 = x1 + 3 * Kp
  let c2 = x2 + 3 * Kp
  let c3 = x3 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 64, s += 8, x0 += 32, c0 += 4, x1 += 32, c1 += 4, x2 += 32, c2 += 4, x3 += 32, c3 += 4) {
    let d00 = i16x8.splat(0)
    let d10 = i16x8.splat(0)
    let d20 = i16x8.splat(0)
    let d30 = i16x8.splat(0)
    const q00 = v128.load(p, 0), l00 = v128.and(q00, mask), h00 = v128.and(i16x8.shr_u(q00, 4), mask)
    const u00 = v128.load32_splat(x0, 0), v00 = v128.load32_splat(x0, 16)
    d00 = dot2(d00, u00, l00); d00 = dot2(d00, v00, h00)
    const u01 = v128.load32_splat(x1, 0), v01 = v128.load32_splat(x1, 16)
    d10 = dot2(d10, u01, l00); d10 = dot2(d10, v01, h00)
    const u02 = v128.load32_splat(x2, 0), v02 = v128.load32_splat(x2, 16)
    d20 = dot2(d20, u02, l00); d20 = dot2(d20, v02, h00)
    const u03 = v128.load32_splat(x3, 0), v03 = v128.load32_splat(x3, 16)
    d30 = dot2(d30, u03, l00); d30 = dot2(d30, v03, h00)
    const q10 = v128.load(p, 16), l10 = v128.and(q10, mask), h10 = v128.and(i16x8.shr_u(q10, 4), mask)
    const u10 = v128.load32_splat(x0, 4), v10 = v128.load32_splat(x0, 20)
    d00 = dot2(d00, u10, l10); d00 = dot2(d00, v10, h10)
    const u11 = v128.load32_splat(x1, 4), v11 = v128.load32_splat(x1, 20)
    d10 = dot2(d10, u11, l10); d10 = dot2(d10, v11, h10)
    const u12 = v128.load32_splat(x2, 4), v12 = v128.load32_splat(x2, 20)
    d20 = dot2(d20, u12, l10); d20 = dot2(d20, v12, h10)
    const u13 = v128.load32_splat(x3, 4), v13 = v128.load32_splat(x3, 20)
    d30 = dot2(d30, u13, l10); d30 = dot2(d30, v13, h10)
    const q20 = v128.load(p, 32), l20 = v128.and(q20, mask), h20 = v128.and(i16x8.shr_u(q20, 4), mask)
    const u20 = v128.load32_splat(x0, 8), v20 = v128.load32_splat(x0, 24)
    d00 = dot2(d00, u20, l20); d00 = dot2(d00, v20, h20)
    const u21 = v128.load32_splat(x1, 8), v21 = v128.load32_splat(x1, 24)
    d10 = dot2(d10, u21, l20); d10 = dot2(d10, v21, h20)
    const u22 = v128.load32_splat(x2, 8), v22 = v128.load32_splat(x2, 24)
    d20 = dot2(d20, u22, l20); d20 = dot2(d20, v22, h20)
    const u23 = v128.load32_splat(x3, 8), v23 = v128.load32_splat(x3, 24)
    d30 = dot2(d30, u23, l20); d30 = dot2(d30, v23, h20)
    const q30 = v128.load(p, 48), l30 = v128.and(q30, mask), h30 = v128.and(i16x8.shr_u(q30, 4), mask)
    const u30 = v128.load32_splat(x0, 12), v30 = v128.load32_splat(x0, 28)
    d00 = dot2(d00, u30, l30); d00 = dot2(d00, v30, h30)
    const u31 = v128.load32_splat(x1, 12), v31 = v128.load32_splat(x1, 28)
    d10 = dot2(d10, u31, l30); d10 = dot2(d10, v31, h30)
    const u32 = v128.load32_splat(x2, 12), v32 = v128.load32_splat(x2, 28)
    d20 = dot2(d20, u32, l30); d20 = dot2(d20, v32, h30)
    const u33 = v128.load32_splat(x3, 12), v33 = v128.load32_splat(x3, 28)
    d30 = dot2(d30, u33, l30); d30 = dot2(d30, v33, h30)
    const w0 = loadF16x4(s, multiplier)
    const k0 = v128.load32_splat(c0), z0 = v128.load32_splat(c0 + (Kp >> 3))
    a00 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d00), z0)), f32x4.mul(w0, k0), a00)
    const k1 = v128.load32_splat(c1), z1 = v128.load32_splat(c1 + (Kp >> 3))
    a10 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d10), z1)), f32x4.mul(w0, k1), a10)
    const k2 = v128.load32_splat(c2), z2 = v128.load32_splat(c2 + (Kp >> 3))
    a20 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d20), z2)), f32x4.mul(w0, k2), a20)
    const k3 = v128.load32_splat(c3), z3 = v128.load32_splat(c3 + (Kp >> 3))
    a30 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d30), z3)), f32x4.mul(w0, k3), a30)
  }
  v128.store(o0, a00)
  v128.store(o1, a10)
  v128.store(o2, a20)
  v128.store(o3, a30)
}

/** 1 row of x times 2 groups of four rows. */
function tile_int4_1x2(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, o0: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 6, sStep = <usize>nb << 3, mask = i8x16.splat(15)
  let a00 = f32x4.splat(0), a01 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 64, s += 8, x0 += 32, c0 += 4) {
    let d00 = i16x8.splat(0), d01 = i16x8.splat(0)
    const q00 = v128.load(p, 0), l00 = v128.and(q00, mask), h00 = v128.and(i16x8.shr_u(q00, 4), mask)
    const q01 = v128.load(p + step, 0), l01 = v128.and(q01, mask), h01 = v128.and(i16x8.shr_u(q01, 4), mask)
    const u00 = v128.load32_splat(x0, 0), v00 = v128.load32_splat(x0, 16)
    d00 = dot2(d00, u00, l00); d00 = dot2(d00, v00, h00)
    d01 = dot2(d01, u00, l01); d01 = dot2(d01, v00, h01)
    const q10 = v128.load(p, 16), l10 = v128.and(q10, mask), h10 = v128.and(i16x8.shr_u(q10, 4), mask)
    const q11 = v128.load(p + step, 16), l11 = v128.and(q11, mask), h11 = v128.and(i16x8.shr_u(q11, 4), mask)
    const u10 = v128.load32_splat(x0, 4), v10 = v128.load32_splat(x0, 20)
    d00 = dot2(d00, u10, l10); d00 = dot2(d00, v10, h10)
    d01 = dot2(d01, u10, l11); d01 = dot2(d01, v10, h11)
    const q20 = v128.load(p, 32), l20 = v128.and(q20, mask), h20 = v128.and(i16x8.shr_u(q20, 4), mask)
    const q21 = v128.load(p + step, 32), l21 = v128.and(q21, mask), h21 = v128.and(i16x8.shr_u(q21, 4), mask)
    const u20 = v128.load32_splat(x0, 8), v20 = v128.load32_splat(x0, 24)
    d00 = dot2(d00, u20, l20); d00 = dot2(d00, v20, h20)
    d01 = dot2(d01, u20, l21); d01 = dot2(d01, v20, h21)
    const q30 = v128.load(p, 48), l30 = v128.and(q30, mask), h30 = v128.and(i16x8.shr_u(q30, 4), mask)
    const q31 = v128.load(p + step, 48), l31 = v128.and(q31, mask), h31 = v128.and(i16x8.shr_u(q31, 4), mask)
    const u30 = v128.load32_splat(x0, 12), v30 = v128.load32_splat(x0, 28)
    d00 = dot2(d00, u30, l30); d00 = dot2(d00, v30, h30)
    d01 = dot2(d01, u30, l31); d01 = dot2(d01, v30, h31)
    const w0 = loadF16x4(s, multiplier)
    const w1 = loadF16x4(s + sStep, multiplier)
    const k0 = v128.load32_splat(c0), z0 = v128.load32_splat(c0 + (Kp >> 3))
    a00 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d00), z0)), f32x4.mul(w0, k0), a00)
    a01 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d01), z0)), f32x4.mul(w1, k0), a01)
  }
  v128.store(o0, a00)
  v128.store(o0, a01, 16)
}

/** 1 row of x times 1 group of four rows. */
function tile_int4_1x1(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, o0: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 6, sStep = <usize>nb << 3, mask = i8x16.splat(15)
  let a00 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 64, s += 8, x0 += 32, c0 += 4) {
    let d00 = i16x8.splat(0)
    const q00 = v128.load(p, 0), l00 = v128.and(q00, mask), h00 = v128.and(i16x8.shr_u(q00, 4), mask)
    const u00 = v128.load32_splat(x0, 0), v00 = v128.load32_splat(x0, 16)
    d00 = dot2(d00, u00, l00); d00 = dot2(d00, v00, h00)
    const q10 = v128.load(p, 16), l10 = v128.and(q10, mask), h10 = v128.and(i16x8.shr_u(q10, 4), mask)
    const u10 = v128.load32_splat(x0, 4), v10 = v128.load32_splat(x0, 20)
    d00 = dot2(d00, u10, l10); d00 = dot2(d00, v10, h10)
    const q20 = v128.load(p, 32), l20 = v128.and(q20, mask), h20 = v128.and(i16x8.shr_u(q20, 4), mask)
    const u20 = v128.load32_splat(x0, 8), v20 = v128.load32_splat(x0, 24)
    d00 = dot2(d00, u20, l20); d00 = dot2(d00, v20, h20)
    const q30 = v128.load(p, 48), l30 = v128.and(q30, mask), h30 = v128.and(i16x8.shr_u(q30, 4), mask)
    const u30 = v128.load32_splat(x0, 12), v30 = v128.load32_splat(x0, 28)
    d00 = dot2(d00, u30, l30); d00 = dot2(d00, v30, h30)
    const w0 = loadF16x4(s, multiplier)
    const k0 = v128.load32_splat(c0), z0 = v128.load32_splat(c0 + (Kp >> 3))
    a00 = madd(f32x4.convert_i32x4_s(i32x4.add(i32x4.extadd_pairwise_i16x8_s(d00), z0)), f32x4.mul(w0, k0), a00)
  }
  v128.store(o0, a00)
}

/** 4 rows of x times 1 group of four rows. */
function tile_int8_4x1(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, x1: usize, x2: usize, x3: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 7, sStep = <usize>nb << 3
  let a00 = f32x4.splat(0)
  let a10 = f32x4.splat(0)
  let a20 = f32x4.splat(0)
  let a30 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  let c1 = x1 + 3 * Kp
  let c2 = x2 + 3 * Kp
  let c3 = x3 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 128, s += 8, x0 += 32, c0 += 4, x1 += 32, c1 += 4, x2 += 32, c2 += 4, x3 += 32, c3 += 4) {
    let d00 = i32x4.splat(0), e00 = i32x4.splat(0)
    let d10 = i32x4.splat(0), e10 = i32x4.splat(0)
    let d20 = i32x4.splat(0), e20 = i32x4.splat(0)
    let d30 = i32x4.splat(0), e30 = i32x4.splat(0)
    const q00 = v128.load(p, 0)
    const u00 = v128.load32_splat(x0 + Kp, 0), v00 = v128.load32_splat(x0 + 2 * Kp, 0)
    d00 = dot4(d00, q00, u00); e00 = dot4(e00, q00, v00)
    const u01 = v128.load32_splat(x1 + Kp, 0), v01 = v128.load32_splat(x1 + 2 * Kp, 0)
    d10 = dot4(d10, q00, u01); e10 = dot4(e10, q00, v01)
    const u02 = v128.load32_splat(x2 + Kp, 0), v02 = v128.load32_splat(x2 + 2 * Kp, 0)
    d20 = dot4(d20, q00, u02); e20 = dot4(e20, q00, v02)
    const u03 = v128.load32_splat(x3 + Kp, 0), v03 = v128.load32_splat(x3 + 2 * Kp, 0)
    d30 = dot4(d30, q00, u03); e30 = dot4(e30, q00, v03)
    const q10 = v128.load(p, 16)
    const u10 = v128.load32_splat(x0 + Kp, 4), v10 = v128.load32_splat(x0 + 2 * Kp, 4)
    d00 = dot4(d00, q10, u10); e00 = dot4(e00, q10, v10)
    const u11 = v128.load32_splat(x1 + Kp, 4), v11 = v128.load32_splat(x1 + 2 * Kp, 4)
    d10 = dot4(d10, q10, u11); e10 = dot4(e10, q10, v11)
    const u12 = v128.load32_splat(x2 + Kp, 4), v12 = v128.load32_splat(x2 + 2 * Kp, 4)
    d20 = dot4(d20, q10, u12); e20 = dot4(e20, q10, v12)
    const u13 = v128.load32_splat(x3 + Kp, 4), v13 = v128.load32_splat(x3 + 2 * Kp, 4)
    d30 = dot4(d30, q10, u13); e30 = dot4(e30, q10, v13)
    const q20 = v128.load(p, 32)
    const u20 = v128.load32_splat(x0 + Kp, 8), v20 = v128.load32_splat(x0 + 2 * Kp, 8)
    d00 = dot4(d00, q20, u20); e00 = dot4(e00, q20, v20)
    const u21 = v128.load32_splat(x1 + Kp, 8), v21 = v128.load32_splat(x1 + 2 * Kp, 8)
    d10 = dot4(d10, q20, u21); e10 = dot4(e10, q20, v21)
    const u22 = v128.load32_splat(x2 + Kp, 8), v22 = v128.load32_splat(x2 + 2 * Kp, 8)
    d20 = dot4(d20, q20, u22); e20 = dot4(e20, q20, v22)
    const u23 = v128.load32_splat(x3 + Kp, 8), v23 = v128.load32_splat(x3 + 2 * Kp, 8)
    d30 = dot4(d30, q20, u23); e30 = dot4(e30, q20, v23)
    const q30 = v128.load(p, 48)
    const u30 = v128.load32_splat(x0 + Kp, 12), v30 = v128.load32_splat(x0 + 2 * Kp, 12)
    d00 = dot4(d00, q30, u30); e00 = dot4(e00, q30, v30)
    const u31 = v128.load32_splat(x1 + Kp, 12), v31 = v128.load32_splat(x1 + 2 * Kp, 12)
    d10 = dot4(d10, q30, u31); e10 = dot4(e10, q30, v31)
    const u32 = v128.load32_splat(x2 + Kp, 12), v32 = v128.load32_splat(x2 + 2 * Kp, 12)
    d20 = dot4(d20, q30, u32); e20 = dot4(e20, q30, v32)
    const u33 = v128.load32_splat(x3 + Kp, 12), v33 = v128.load32_splat(x3 + 2 * Kp, 12)
    d30 = dot4(d30, q30, u33); e30 = dot4(e30, q30, v33)
    const q40 = v128.load(p, 64)
    const u40 = v128.load32_splat(x0 + Kp, 16), v40 = v128.load32_splat(x0 + 2 * Kp, 16)
    d00 = dot4(d00, q40, u40); e00 = dot4(e00, q40, v40)
    const u41 = v128.load32_splat(x1 + Kp, 16), v41 = v128.load32_splat(x1 + 2 * Kp, 16)
    d10 = dot4(d10, q40, u41); e10 = dot4(e10, q40, v41)
    const u42 = v128.load32_splat(x2 + Kp, 16), v42 = v128.load32_splat(x2 + 2 * Kp, 16)
    d20 = dot4(d20, q40, u42); e20 = dot4(e20, q40, v42)
    const u43 = v128.load32_splat(x3 + Kp, 16), v43 = v128.load32_splat(x3 + 2 * Kp, 16)
    d30 = dot4(d30, q40, u43); e30 = dot4(e30, q40, v43)
    const q50 = v128.load(p, 80)
    const u50 = v128.load32_splat(x0 + Kp, 20), v50 = v128.load32_splat(x0 + 2 * Kp, 20)
    d00 = dot4(d00, q50, u50); e00 = dot4(e00, q50, v50)
    const u51 = v128.load32_splat(x1 + Kp, 20), v51 = v128.load32_splat(x1 + 2 * Kp, 20)
    d10 = dot4(d10, q50, u51); e10 = dot4(e10, q50, v51)
    const u52 = v128.load32_splat(x2 + Kp, 20), v52 = v128.load32_splat(x2 + 2 * Kp, 20)
    d20 = dot4(d20, q50, u52); e20 = dot4(e20, q50, v52)
    const u53 = v128.load32_splat(x3 + Kp, 20), v53 = v128.load32_splat(x3 + 2 * Kp, 20)
    d30 = dot4(d30, q50, u53); e30 = dot4(e30, q50, v53)
    const q60 = v128.load(p, 96)
    const u60 = v128.load32_splat(x0 + Kp, 24), v60 = v128.load32_splat(x0 + 2 * Kp, 24)
    d00 = dot4(d00, q60, u60); e00 = dot4(e00, q60, v60)
    const u61 = v128.load32_splat(x1 + Kp, 24), v61 = v128.load32_splat(x1 + 2 * Kp, 24)
    d10 = dot4(d10, q60, u61); e10 = dot4(e10, q60, v61)
    const u62 = v128.load32_splat(x2 + Kp, 24), v62 = v128.load32_splat(x2 + 2 * Kp, 24)
    d20 = dot4(d20, q60, u62); e20 = dot4(e20, q60, v62)
    const u63 = v128.load32_splat(x3 + Kp, 24), v63 = v128.load32_splat(x3 + 2 * Kp, 24)
    d30 = dot4(d30, q60, u63); e30 = dot4(e30, q60, v63)
    const q70 = v128.load(p, 112)
    const u70 = v128.load32_splat(x0 + Kp, 28), v70 = v128.load32_splat(x0 + 2 * Kp, 28)
    d00 = dot4(d00, q70, u70); e00 = dot4(e00, q70, v70)
    const u71 = v128.load32_splat(x1 + Kp, 28), v71 = v128.load32_splat(x1 + 2 * Kp, 28)
    d10 = dot4(d10, q70, u71); e10 = dot4(e10, q70, v71)
    const u72 = v128.load32_splat(x2 + Kp, 28), v72 = v128.load32_splat(x2 + 2 * Kp, 28)
    d20 = dot4(d20, q70, u72); e20 = dot4(e20, q70, v72)
    const u73 = v128.load32_splat(x3 + Kp, 28), v73 = v128.load32_splat(x3 + 2 * Kp, 28)
    d30 = dot4(d30, q70, u73); e30 = dot4(e30, q70, v73)
    const w0 = loadF16x4(s, multiplier)
    const k0 = v128.load32_splat(c0)
    a00 = madd(f32x4.convert_i32x4_s(i32x4.sub(d00, e00)), f32x4.mul(w0, k0), a00)
    const k1 = v128.load32_splat(c1)
    a10 = madd(f32x4.convert_i32x4_s(i32x4.sub(d10, e10)), f32x4.mul(w0, k1), a10)
    const k2 = v128.load32_splat(c2)
    a20 = madd(f32x4.convert_i32x4_s(i32x4.sub(d20, e20)), f32x4.mul(w0, k2), a20)
    const k3 = v128.load32_splat(c3)
    a30 = madd(f32x4.convert_i32x4_s(i32x4.sub(d30, e30)), f32x4.mul(w0, k3), a30)
  }
  v128.store(o0, a00)
  v128.store(o1, a10)
  v128.store(o2, a20)
  v128.store(o3, a30)
}

/** 1 row of x times 2 groups of four rows. */
function tile_int8_1x2(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, o0: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 7, sStep = <usize>nb << 3
  let a00 = f32x4.splat(0), a01 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 128, s += 8, x0 += 32, c0 += 4) {
    let d00 = i32x4.splat(0), e00 = i32x4.splat(0), d01 = i32x4.splat(0), e01 = i32x4.splat(0)
    const q00 = v128.load(p, 0)
    const q01 = v128.load(p + step, 0)
    const u00 = v128.load32_splat(x0 + Kp, 0), v00 = v128.load32_splat(x0 + 2 * Kp, 0)
    d00 = dot4(d00, q00, u00); e00 = dot4(e00, q00, v00)
    d01 = dot4(d01, q01, u00); e01 = dot4(e01, q01, v00)
    const q10 = v128.load(p, 16)
    const q11 = v128.load(p + step, 16)
    const u10 = v128.load32_splat(x0 + Kp, 4), v10 = v128.load32_splat(x0 + 2 * Kp, 4)
    d00 = dot4(d00, q10, u10); e00 = dot4(e00, q10, v10)
    d01 = dot4(d01, q11, u10); e01 = dot4(e01, q11, v10)
    const q20 = v128.load(p, 32)
    const q21 = v128.load(p + step, 32)
    const u20 = v128.load32_splat(x0 + Kp, 8), v20 = v128.load32_splat(x0 + 2 * Kp, 8)
    d00 = dot4(d00, q20, u20); e00 = dot4(e00, q20, v20)
    d01 = dot4(d01, q21, u20); e01 = dot4(e01, q21, v20)
    const q30 = v128.load(p, 48)
    const q31 = v128.load(p + step, 48)
    const u30 = v128.load32_splat(x0 + Kp, 12), v30 = v128.load32_splat(x0 + 2 * Kp, 12)
    d00 = dot4(d00, q30, u30); e00 = dot4(e00, q30, v30)
    d01 = dot4(d01, q31, u30); e01 = dot4(e01, q31, v30)
    const q40 = v128.load(p, 64)
    const q41 = v128.load(p + step, 64)
    const u40 = v128.load32_splat(x0 + Kp, 16), v40 = v128.load32_splat(x0 + 2 * Kp, 16)
    d00 = dot4(d00, q40, u40); e00 = dot4(e00, q40, v40)
    d01 = dot4(d01, q41, u40); e01 = dot4(e01, q41, v40)
    const q50 = v128.load(p, 80)
    const q51 = v128.load(p + step, 80)
    const u50 = v128.load32_splat(x0 + Kp, 20), v50 = v128.load32_splat(x0 + 2 * Kp, 20)
    d00 = dot4(d00, q50, u50); e00 = dot4(e00, q50, v50)
    d01 = dot4(d01, q51, u50); e01 = dot4(e01, q51, v50)
    const q60 = v128.load(p, 96)
    const q61 = v128.load(p + step, 96)
    const u60 = v128.load32_splat(x0 + Kp, 24), v60 = v128.load32_splat(x0 + 2 * Kp, 24)
    d00 = dot4(d00, q60, u60); e00 = dot4(e00, q60, v60)
    d01 = dot4(d01, q61, u60); e01 = dot4(e01, q61, v60)
    const q70 = v128.load(p, 112)
    const q71 = v128.load(p + step, 112)
    const u70 = v128.load32_splat(x0 + Kp, 28), v70 = v128.load32_splat(x0 + 2 * Kp, 28)
    d00 = dot4(d00, q70, u70); e00 = dot4(e00, q70, v70)
    d01 = dot4(d01, q71, u70); e01 = dot4(e01, q71, v70)
    const w0 = loadF16x4(s, multiplier)
    const w1 = loadF16x4(s + sStep, multiplier)
    const k0 = v128.load32_splat(c0)
    a00 = madd(f32x4.convert_i32x4_s(i32x4.sub(d00, e00)), f32x4.mul(w0, k0), a00)
    a01 = madd(f32x4.convert_i32x4_s(i32x4.sub(d01, e01)), f32x4.mul(w1, k0), a01)
  }
  v128.store(o0, a00)
  v128.store(o0, a01, 16)
}

/** 1 row of x times 1 group of four rows. */
function tile_int8_1x1(p: usize, s: usize, nb: i32, multiplier: v128, x0: usize, o0: usize): void {
  const Kp = <usize>nb << 5, step = <usize>nb << 7, sStep = <usize>nb << 3
  let a00 = f32x4.splat(0)
  let c0 = x0 + 3 * Kp
  for (let b = 0; b < nb; b++, p += 128, s += 8, x0 += 32, c0 += 4) {
    let d00 = i32x4.splat(0), e00 = i32x4.splat(0)
    const q00 = v128.load(p, 0)
    const u00 = v128.load32_splat(x0 + Kp, 0), v00 = v128.load32_splat(x0 + 2 * Kp, 0)
    d00 = dot4(d00, q00, u00); e00 = dot4(e00, q00, v00)
    const q10 = v128.load(p, 16)
    const u10 = v128.load32_splat(x0 + Kp, 4), v10 = v128.load32_splat(x0 + 2 * Kp, 4)
    d00 = dot4(d00, q10, u10); e00 = dot4(e00, q10, v10)
    const q20 = v128.load(p, 32)
    const u20 = v128.load32_splat(x0 + Kp, 8), v20 = v128.load32_splat(x0 + 2 * Kp, 8)
    d00 = dot4(d00, q20, u20); e00 = dot4(e00, q20, v20)
    const q30 = v128.load(p, 48)
    const u30 = v128.load32_splat(x0 + Kp, 12), v30 = v128.load32_splat(x0 + 2 * Kp, 12)
    d00 = dot4(d00, q30, u30); e00 = dot4(e00, q30, v30)
    const q40 = v128.load(p, 64)
    const u40 = v128.load32_splat(x0 + Kp, 16), v40 = v128.load32_splat(x0 + 2 * Kp, 16)
    d00 = dot4(d00, q40, u40); e00 = dot4(e00, q40, v40)
    const q50 = v128.load(p, 80)
    const u50 = v128.load32_splat(x0 + Kp, 20), v50 = v128.load32_splat(x0 + 2 * Kp, 20)
    d00 = dot4(d00, q50, u50); e00 = dot4(e00, q50, v50)
    const q60 = v128.load(p, 96)
    const u60 = v128.load32_splat(x0 + Kp, 24), v60 = v128.load32_splat(x0 + 2 * Kp, 24)
    d00 = dot4(d00, q60, u60); e00 = dot4(e00, q60, v60)
    const q70 = v128.load(p, 112)
    const u70 = v128.load32_splat(x0 + Kp, 28), v70 = v128.load32_splat(x0 + 2 * Kp, 28)
    d00 = dot4(d00, q70, u70); e00 = dot4(e00, q70, v70)
    const w0 = loadF16x4(s, multiplier)
    const k0 = v128.load32_splat(c0)
    a00 = madd(f32x4.convert_i32x4_s(i32x4.sub(d00, e00)), f32x4.mul(w0, k0), a00)
  }
  v128.store(o0, a00)
}
