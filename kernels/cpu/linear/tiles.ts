// The tiles: rows of x times a panel of sixteen rows of weights in scratch, two rows or, where vectors are fused into 256
// bits, four, whose sums then have a register each; rows.ts says what `$` means. The inner loop is short on purpose:
// unrolled further, V8 and Binaryen move loads ahead and run out of registers. Stores side by side are where V8 begins to
// look for pairs of vectors.
import { scratch } from '../control'
import { panelAt } from '../scratch.generated'
import { dot2, dot4 } from '../simd'
import { X_REST, joined, outAt, pairs, scaled, start, xAt } from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

/** The panel of int4, sums in i16. */
export function tileNibbles$(nb: i32, table: usize, to: usize): void {
  tile$(nb, table, to, false)
}
/** The same for mxfp4, whose codes are 12 too large and not 8. */
export function tileMx$(nb: i32, table: usize, to: usize): void {
  tile$(nb, table, to, true)
}

/** @inline */
function tile$(nb: i32, table: usize, to: usize, more: boolean): void {
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 64, x$ += X_REST) {
    let c0$ = more ? v128.load32_splat(x$, 48) : start(x$),
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
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48)
    const u$ = v128.load32_splat(x$)
    {
      a0$ = scaled(a0$, pairs(c0$), s0, u$)
      a1$ = scaled(a1$, pairs(c1$), s1, u$)
      a2$ = scaled(a2$, pairs(c2$), s2, u$)
      a3$ = scaled(a3$, pairs(c3$), s3, u$)
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

/** A panel of int4 or int8 in bytes, sums in i32. The codes' offset is 4 times `offset`. */
export function tileBytes$(nb: i32, table: usize, to: usize, offset: i32): void {
  const fours = i32x4.splat(offset)
  let p = scratch + <usize>panelAt(),
    x$ = xAt(table, $),
    a0$ = f32x4.splat(0),
    a1$ = a0$,
    a2$ = a0$,
    a3$ = a0$
  for (let i = 0; i < nb; i++, p += 64, x$ += X_REST) {
    let c0$ = i32x4.shr_s(i32x4.mul(pairs(start(x$)), fours), 1),
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
        c0$ = dot4(c0$, u$, w0)
        c1$ = dot4(c1$, u$, w1)
        c2$ = dot4(c2$, u$, w2)
        c3$ = dot4(c3$, u$, w3)
      }
    }
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48)
    const u$ = v128.load32_splat(x$)
    {
      a0$ = scaled(a0$, c0$, s0, u$)
      a1$ = scaled(a1$, c1$, s1, u$)
      a2$ = scaled(a2$, c2$, s2, u$)
      a3$ = scaled(a3$, c3$, s3, u$)
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
