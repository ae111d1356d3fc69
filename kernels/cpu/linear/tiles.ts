// The tiles: rows of x times a panel of sixteen rows of weights in scratch, two rows or, where vectors are fused into 256
// bits, four, whose sums then have a register each; rows.ts says what `$` means. The inner loop is short on purpose:
// unrolled further, V8 and Binaryen move loads ahead and run out of registers. Stores side by side are where V8 begins to
// look for pairs of vectors.
import { scratch } from '../control'
import { panelAt } from '../scratch.generated'
import { dot2 } from '../simd'
import { EIGHTS, TWELVES, X_REST, dot, joined, outAt, scaled, start, summed, xAt } from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

/** The panel of int4, sums in i16. */
export function tileNibbles$(nb: i32, table: usize, to: usize): void {
  tile$(nb, table, to, false, EIGHTS, 0)
}
/** The same for mxfp4, whose codes are 12 too large and not 8. */
export function tileMx$(nb: i32, table: usize, to: usize): void {
  tile$(nb, table, to, false, TWELVES, 0)
}
/** A panel in bytes, sums in i32, which start from `times` the two i16 `at` bytes into a block of x. */
export function tileBytes$(nb: i32, table: usize, to: usize, at: usize, times: i32): void {
  tile$(nb, table, to, true, at, times)
}

/** What sums start from. @inline */
function begun(x: usize, bytes: boolean, at: usize, times: v128): v128 {
  const sums = v128.load32_splat(x + at)
  return bytes ? i32x4.dot_i16x8_s(sums, times) : sums
}

/** @inline */
function tile$(nb: i32, table: usize, to: usize, bytes: boolean, at: usize, times: i32): void {
  const factor = i16x8.splat(<i16>times)
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 64, x$ += X_REST) {
    let c0$ = begun(x$, bytes, at, factor),
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
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48)
    const u$ = v128.load32_splat(x$)
    {
      a0$ = scaled(a0$, summed(c0$, bytes), s0, u$)
      a1$ = scaled(a1$, summed(c1$, bytes), s1, u$)
      a2$ = scaled(a2$, summed(c2$, bytes), s2, u$)
      a3$ = scaled(a3$, summed(c3$, bytes), s3, u$)
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

/** The panel of int8 in nibbles, sums in i16, joined once a block. */
export function tileBothNibbles$(nb: i32, table: usize, to: usize): void {
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 64, x$ += X_REST) {
    let c0$ = start(x$),
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
        c0$ = dot2(c0$, u$, w0)
        c1$ = dot2(c1$, u$, w1)
        c2$ = dot2(c2$, u$, w2)
        c3$ = dot2(c3$, u$, w3)
      }
    }
    const h0$ = c0$,
      h1$ = c1$,
      h2$ = c2$,
      h3$ = c3$
    c0$ = i16x8.splat(0)
    c1$ = c0$
    c2$ = c0$
    c3$ = c0$
    x$ -= 32
    for (const end = p + 512; p < end; p += 64, x$ += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u$ = v128.load32_splat(x$)
      {
        c0$ = dot2(c0$, u$, w0)
        c1$ = dot2(c1$, u$, w1)
        c2$ = dot2(c2$, u$, w2)
        c3$ = dot2(c3$, u$, w3)
      }
    }
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48)
    const u$ = v128.load32_splat(x$)
    {
      a0$ = scaled(a0$, joined(c0$, h0$), s0, u$)
      a1$ = scaled(a1$, joined(c1$, h1$), s1, u$)
      a2$ = scaled(a2$, joined(c2$, h2$), s2, u$)
      a3$ = scaled(a3$, joined(c3$, h3$), s3, u$)
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
