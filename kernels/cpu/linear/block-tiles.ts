// Tiles, as in tiles.ts, times a panel of blocks. One body each; what differs is constant where it is inlined.
import { X_BLOCK_BYTES } from '../contract.generated'
import { scratch } from '../control'
import { panelAt } from '../scratch.generated'
import { madd } from '../simd'
import {
  X_REST,
  dot,
  firstSums,
  minusSum,
  otherSums,
  outAt,
  pairs,
  scaled,
  start,
  summed,
  total,
  weighted,
  weightedBytes,
  xAt,
} from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

export function tileMinNibbles$(nb: i32, table: usize, to: usize): void {
  tileMin$(nb, table, to, false, false)
}
export function tileMinBytes$(nb: i32, table: usize, to: usize): void {
  tileMin$(nb, table, to, true, false)
}
/** Codes of five bits, sums in i16: those of codes less 16 end within 16 * 16 * 127 = 32512, and may wrap on the way. */
export function tileMinPairs$(nb: i32, table: usize, to: usize): void {
  tileMin$(nb, table, to, false, true)
}

/** Sums of the codes, from those that began with `first`. @inline */
function whole(acc: v128, first: v128, bytes: boolean, less: boolean): v128 {
  return less ? i32x4.sub(pairs(acc), pairs(first)) : summed(acc, bytes)
}

/** @inline */
function tileMin$(nb: i32, table: usize, to: usize, bytes: boolean, less: boolean): void {
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 128, x$ += X_REST) {
    // 16 less in every code
    const j$ = less ? i16x8.shl(start(x$), 1) : i32x4.splat(0)
    let c0$ = j$,
      c1$ = c0$,
      c2$ = c0$,
      c3$ = c0$
    for (const end = p + 512; p < end; p += 64, x$ += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u$ = v128.load32_splat(x$)
      {
        c0$ = dot(c0$, u$, w0, bytes)
        c1$ = dot(c1$, u$, w1, bytes)
        c2$ = dot(c2$, u$, w2, bytes)
        c3$ = dot(c3$, u$, w3, bytes)
      }
    }
    let s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48)
    const u$ = v128.load32_splat(x$),
      v$ = v128.load32_splat(x$, 12)
    {
      a0$ = scaled(a0$, whole(c0$, j$, bytes, less), s0, u$)
      a1$ = scaled(a1$, whole(c1$, j$, bytes, less), s1, u$)
      a2$ = scaled(a2$, whole(c2$, j$, bytes, less), s2, u$)
      a3$ = scaled(a3$, whole(c3$, j$, bytes, less), s3, u$)
    }
    s0 = v128.load(p, 64)
    s1 = v128.load(p, 80)
    s2 = v128.load(p, 96)
    s3 = v128.load(p, 112)
    {
      a0$ = madd(s0, v$, a0$)
      a1$ = madd(s1, v$, a1$)
      a2$ = madd(s2, v$, a2$)
      a3$ = madd(s3, v$, a3$)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a0$)
    v128.store(o, a1$, 16)
    v128.store(o, a2$, 32)
    v128.store(o, a3$, 48)
  }
}

/** Of narrow codes: see block-rows.ts. */
export function tile16Pairs$(nb: i32, table: usize, to: usize): void {
  tileHalves$(nb, table, to, false, false)
}
export function tile16MinPairs$(nb: i32, table: usize, to: usize): void {
  tileHalves$(nb, table, to, true, false)
}
export function tile16Bytes$(nb: i32, table: usize, to: usize): void {
  tileHalves$(nb, table, to, false, true)
}
export function tile16MinBytes$(nb: i32, table: usize, to: usize): void {
  tileHalves$(nb, table, to, true, true)
}

/** Where sums start of codes that are too large by 8 times 2^bits. @inline */
function begun(sums: v128, bytes: boolean, bits: i32): v128 {
  return bytes ? i32x4.shl(pairs(sums), bits) : i16x8.shl(sums, bits)
}

/** Scales of 16 columns; codes of seven bits. @inline */
function tileHalves$(nb: i32, table: usize, to: usize, mins: boolean, bytes: boolean): void {
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 256, x$ += X_BLOCK_BYTES) {
    for (let h: usize = 0; h < 32; h += 16) {
      const s = p + 512 - (h << 4) + (h << 2)
      let y$ = x$ + h
      const f$ = h ? otherSums(x$) : firstSums(x$)
      let c0$ = begun(f$, bytes, 3),
        c1$ = c0$,
        c2$ = c0$,
        c3$ = c0$
      for (const end = p + 256; p < end; p += 64, y$ += 4) {
        const w0 = v128.load(p),
          w1 = v128.load(p, 16),
          w2 = v128.load(p, 32),
          w3 = v128.load(p, 48),
          u$ = v128.load32_splat(y$)
        {
          c0$ = dot(c0$, u$, w0, bytes)
          c1$ = dot(c1$, u$, w1, bytes)
          c2$ = dot(c2$, u$, w2, bytes)
          c3$ = dot(c3$, u$, w3, bytes)
        }
      }
      let s0 = v128.load(s),
        s1 = v128.load(s, 16),
        s2 = v128.load(s, 32),
        s3 = v128.load(s, 48)
      const r$ = v128.load32_splat(x$, 32)
      {
        a0$ = scaled(a0$, summed(c0$, bytes), s0, r$)
        a1$ = scaled(a1$, summed(c1$, bytes), s1, r$)
        a2$ = scaled(a2$, summed(c2$, bytes), s2, r$)
        a3$ = scaled(a3$, summed(c3$, bytes), s3, r$)
      }
      if (mins) {
        s0 = v128.load(s, 128)
        s1 = v128.load(s, 144)
        s2 = v128.load(s, 160)
        s3 = v128.load(s, 176)
        {
          const u = minusSum(f$, r$)
          a0$ = madd(s0, u, a0$)
          a1$ = madd(s1, u, a1$)
          a2$ = madd(s2, u, a2$)
          a3$ = madd(s3, u, a3$)
        }
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a0$)
    v128.store(o, a1$, 16)
    v128.store(o, a2$, 32)
    v128.store(o, a3$, 48)
  }
}

/** Of codes of six bits: see own-bits-rows.ts. */
export function tileSixPairs$(nb: i32, table: usize, to: usize): void {
  tileSix$(nb, table, to, false)
}
export function tileSixBytes$(nb: i32, table: usize, to: usize): void {
  tileSix$(nb, table, to, true)
}

/** @inline */
function weigh(acc: v128, sums: v128, scales: v128, bytes: boolean): v128 {
  return bytes ? weightedBytes(acc, sums, scales) : weighted(acc, sums, scales)
}
/** acc + such a total times the block's scale and the activations'. @inline */
function scaledTotal(acc: v128, sums: v128, d: v128, r: v128, bytes: boolean): v128 {
  return madd(bytes ? sums : total(sums), f32x4.mul(d, r), acc)
}

/** @inline */
function tileSix$(nb: i32, table: usize, to: usize, bytes: boolean): void {
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 256, x$ += X_BLOCK_BYTES) {
    let t0$ = i32x4.splat(0),
      t1$ = t0$,
      t2$ = t0$,
      t3$ = t0$
    for (let h: usize = 0; h < 32; h += 16) {
      const s = p + 512 - (h << 4) + (h << 2)
      let y$ = x$ + h
      let c0$ = begun(h ? otherSums(x$) : firstSums(x$), bytes, 2),
        c1$ = c0$,
        c2$ = c0$,
        c3$ = c0$
      for (const end = p + 256; p < end; p += 64, y$ += 4) {
        const w0 = v128.load(p),
          w1 = v128.load(p, 16),
          w2 = v128.load(p, 32),
          w3 = v128.load(p, 48),
          u$ = v128.load32_splat(y$)
        {
          c0$ = dot(c0$, u$, w0, bytes)
          c1$ = dot(c1$, u$, w1, bytes)
          c2$ = dot(c2$, u$, w2, bytes)
          c3$ = dot(c3$, u$, w3, bytes)
        }
      }
      const s0 = v128.load(s),
        s1 = v128.load(s, 16),
        s2 = v128.load(s, 32),
        s3 = v128.load(s, 48)
      {
        t0$ = weigh(t0$, c0$, s0, bytes)
        t1$ = weigh(t1$, c1$, s1, bytes)
        t2$ = weigh(t2$, c2$, s2, bytes)
        t3$ = weigh(t3$, c3$, s3, bytes)
      }
    }
    const d0 = v128.load(p, 128),
      d1 = v128.load(p, 144),
      d2 = v128.load(p, 160),
      d3 = v128.load(p, 176),
      r$ = v128.load32_splat(x$, 32)
    {
      a0$ = scaledTotal(a0$, t0$, d0, r$, bytes)
      a1$ = scaledTotal(a1$, t1$, d1, r$, bytes)
      a2$ = scaledTotal(a2$, t2$, d2, r$, bytes)
      a3$ = scaledTotal(a3$, t3$, d3, r$, bytes)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a0$)
    v128.store(o, a1$, 16)
    v128.store(o, a2$, 32)
    v128.store(o, a3$, 48)
  }
}
