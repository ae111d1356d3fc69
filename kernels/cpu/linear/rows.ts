// Up to four rows of x times a group of eight rows of weights, from the blocks as they are stored: a block is read and
// unpacked once, in registers, for all rows of x. This text is for one row. The build (tools/kernel-rows.mjs) repeats
// what a name with `$` is in, once for each row of x, and makes NAME1 to NAME4 of each function NAME$.
// A block's sums are exact, so that all ways give the same bits: in i16 by dot2, or in i32 by dot4 (`Bytes`) where that
// is one instruction for eight bits (simd.ts). The build makes the second of the first where a comment has `@bytes`.
import { Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { products } from '../control'
import { blocksOf, groupAt, multipliersOf } from '../weights/descriptor'
import { heldNibbles } from '../held'
import { BYTES_SIGNED, dot2, dot4, loadF16x4, nextF16x4 } from '../simd'
import { readAheadOf } from './lines-ahead'
import { X_REST, highNibbles, joined, lowNibbles, outAt, pairs, scaled, start, startOfBytes, sums, xAt } from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

/** @bytes */
export function int4Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    mask = heldNibbles()
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i++, p += 16, x$ += X_BLOCK_BYTES - 16) {
    readAheadOf(p)
    let c$ = sums(start(x$)),
      e$ = c$
    for (const end = p + 128; p < end; p += 32, x$ += 4) {
      const q = v128.load(p),
        r = v128.load(p, 16),
        ql = lowNibbles(q, mask),
        rl = lowNibbles(r, mask),
        qh = highNibbles(q, mask),
        rh = highNibbles(r, mask)
      {
        const u = v128.load32_splat(x$),
          v = v128.load32_splat(x$, 16)
        c$ = dot2(dot2(c$, u, ql), v, qh)
        e$ = dot2(dot2(e$, u, rl), v, rh)
      }
    }
    const multiplier = multipliersOf(d),
      w = loadF16x4(p, multiplier),
      z = nextF16x4(p, multiplier)
    {
      const u = v128.load32_splat(x$, 16)
      a$ = scaled(a$, pairs(c$), w, u)
      b$ = scaled(b$, pairs(e$), z, u)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

export function int8Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    mask = heldNibbles(),
    zero = i16x8.splat(0)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i++, p += 16, x$ += X_REST) {
    readAheadOf(p)
    let c$ = start(x$),
      e$ = c$,
      f$ = zero,
      h$ = zero
    for (const end = p + 256; p < end; p += 32, x$ += 4) {
      const q = v128.load(p),
        r = v128.load(p, 16),
        ql = lowNibbles(q, mask),
        rl = lowNibbles(r, mask),
        qh = highNibbles(q, mask),
        rh = highNibbles(r, mask)
      {
        const u = v128.load32_splat(x$)
        f$ = dot2(f$, u, ql)
        c$ = dot2(c$, u, qh)
        h$ = dot2(h$, u, rl)
        e$ = dot2(e$, u, rh)
      }
    }
    const multiplier = multipliersOf(d),
      w = loadF16x4(p, multiplier),
      z = nextF16x4(p, multiplier)
    {
      const u = v128.load32_splat(x$)
      a$ = scaled(a$, joined(f$, c$), w, u)
      b$ = scaled(b$, joined(h$, e$), z, u)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

export function int8BytesRows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    isSigned = products == BYTES_SIGNED,
    flip = i8x16.splat(isSigned ? -128 : 0)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i++, p += 16, x$ += X_REST) {
    readAheadOf(p)
    let c$ = startOfBytes(x$, isSigned),
      e$ = c$
    for (const end = p + 256; p < end; p += 32, x$ += 4) {
      const q = v128.xor(v128.load(p), flip),
        r = v128.xor(v128.load(p, 16), flip)
      {
        const u = v128.load32_splat(x$)
        c$ = dot4(c$, u, q)
        e$ = dot4(e$, u, r)
      }
    }
    const multiplier = multipliersOf(d),
      w = loadF16x4(p, multiplier),
      z = nextF16x4(p, multiplier)
    {
      const u = v128.load32_splat(x$)
      a$ = scaled(a$, c$, w, u)
      b$ = scaled(b$, e$, z, u)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}
