// Up to four rows of x times a group of eight rows of blocks; rows.ts says how, and what `$` means.
import { INT4_MIN_CODES, IQ4_BLOCK, Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { products } from '../control'
import { lower4, lowerFp8, lowerPowers, upper4, upperFp8, upperPowers } from '../weights/dequantize-blocks'
import { blocksOf, groupAt, scaleBytes, superBytes } from '../weights/descriptor'
import { SIX_BITS, joinedD, joinedDmin, lowerSix, upperBits, upperSix } from '../weights/run-scales'
import { heldE2m1, heldIq4, heldIq4High, heldIq4Low, heldNibbles } from '../held'
import { BYTES_SIGNED, dot2, dot4, loadF16x4, lookUp, lowerF16x4, madd, nextF16x4, upperF16x4 } from '../simd'
import { readAheadOf } from './lines-ahead'
import {
  X_REST,
  firstSums,
  highNibbles,
  joined,
  lowNibbles,
  minusSum,
  otherSums,
  outAt,
  pairs,
  scaled,
  shifted,
  start,
  startOfBytes,
  xAt,
} from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

/** What 12 too much in every code costs, where `sums` are what 8 too much does. @inline */
function twelves(sums: v128): v128 {
  return i16x8.add(sums, i16x8.shr_s(sums, 1))
}

/** @bytes */
export function int4MinRows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    above = superBytes(d),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    zero = i16x8.splat(0)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i += per) {
    const n = <usize>min(per, nb - i)
    let s = p + above,
      ds: v128,
      ms: v128
    if (above) {
      ds = v128.load(p)
      ms = v128.load(p, 16)
    } else {
      const low = upperBits(s),
        high = upperBits(s + 64)
      ds = joinedD(low, high)
      ms = joinedDmin(low, high)
    }
    const d0 = lowerF16x4(ds, multiplier),
      d1 = upperF16x4(ds, multiplier),
      m0 = lowerF16x4(ms, multiplier),
      m1 = upperF16x4(ms, multiplier)
    p = s + n * SIX_BITS
    for (const end = p + n * INT4_MIN_CODES; p < end; s += SIX_BITS, x$ += X_BLOCK_BYTES - 16) {
      readAheadOf(p)
      let c$ = zero,
        e$ = zero
      for (const stop = p + 128; p < stop; p += 32, x$ += 4) {
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
      const s0 = f32x4.mul(d0, lowerSix(s)),
        s1 = f32x4.mul(d1, upperSix(s)),
        t0 = f32x4.mul(m0, lowerSix(s + 8)),
        t1 = f32x4.mul(m1, upperSix(s + 8))
      {
        const u = v128.load32_splat(x$, 16),
          v = v128.load32_splat(x$, 28)
        a$ = madd(t0, v, scaled(a$, pairs(c$), s0, u))
        b$ = madd(t1, v, scaled(b$, pairs(e$), s1, u))
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

/**
 * Codes within 32..95 (`narrow`): sums of sixteen columns end within 8 * 32 * 127 = 32512 and may wrap on the way; a
 * pair is at most 2 * 95 * 127 = 24130, which does not saturate. Without minima, m0 and m1 are not used; loaded where they
 * are, Node 24 multiplies by others when it fuses vectors. As bytes, codes may have all of seven bits, which every dot4 takes.
 * @bytes
 */
export function int7Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    mins = d.mins,
    each = scaleBytes(d),
    above = superBytes(d)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i += per) {
    const d0 = loadF16x4(p, multiplier),
      d1 = nextF16x4(p, multiplier),
      m0 = loadF16x4(p + above - 16, multiplier),
      m1 = nextF16x4(p + above - 16, multiplier)
    p += above
    for (const end = p + <usize>min(per, nb - i) * (256 + each); p < end; p += each, x$ += X_REST) {
      readAheadOf(p)
      const y$ = x$,
        s = p + 256
      for (let h: usize = 0; h < 16; h += 8) {
        let c$ = shifted(h ? otherSums(y$) : firstSums(y$), 3),
          e$ = c$
        for (const stop = p + 128; p < stop; p += 32, x$ += 4) {
          const q = v128.load(p),
            r = v128.load(p, 16)
          {
            const u = v128.load32_splat(x$)
            c$ = dot2(c$, u, q)
            e$ = dot2(e$, u, r)
          }
        }
        const s0 = f32x4.mul(d0, lower4(s + h)),
          s1 = f32x4.mul(d1, upper4(s + h))
        {
          const u = v128.load32_splat(y$, 32)
          a$ = scaled(a$, pairs(c$), s0, u)
          b$ = scaled(b$, pairs(e$), s1, u)
        }
        if (mins) {
          const t0 = f32x4.mul(m0, lower4(s + h + 16)),
            t1 = f32x4.mul(m1, upper4(s + h + 16))
          {
            const v = minusSum(h ? otherSums(y$) : firstSums(y$), v128.load32_splat(y$, 32))
            a$ = madd(t0, v, a$)
            b$ = madd(t1, v, b$)
          }
        }
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

export function mxfp4Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    mask = heldNibbles(),
    codes = heldE2m1()
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i++, p += 8, x$ += X_BLOCK_BYTES - 16) {
    readAheadOf(p)
    let c$ = v128.load32_splat(x$, 48),
      e$ = c$
    for (const end = p + 128; p < end; p += 32, x$ += 4) {
      const q = v128.load(p),
        r = v128.load(p, 16),
        ql = lookUp(codes, lowNibbles(q, mask)),
        rl = lookUp(codes, lowNibbles(r, mask)),
        qh = lookUp(codes, highNibbles(q, mask)),
        rh = lookUp(codes, highNibbles(r, mask))
      {
        const u = v128.load32_splat(x$),
          v = v128.load32_splat(x$, 16)
        c$ = dot2(dot2(c$, u, ql), v, qh)
        e$ = dot2(dot2(e$, u, rl), v, rh)
      }
    }
    const w = lowerPowers(p),
      z = upperPowers(p)
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

export function nvfp4Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    codes = heldE2m1()
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i++, p += 16, x$ += X_BLOCK_BYTES - 16) {
    readAheadOf(p)
    let c$ = twelves(firstSums(x$)),
      e$ = c$,
      f$ = twelves(otherSums(x$)),
      h$ = f$
    for (const end = p + 128; p < end; p += 32, x$ += 4) {
      const q = v128.load(p),
        r = v128.load(p, 16),
        ql = lookUp(codes, lowNibbles(q, mask)),
        rl = lookUp(codes, lowNibbles(r, mask)),
        qh = lookUp(codes, highNibbles(q, mask)),
        rh = lookUp(codes, highNibbles(r, mask))
      {
        const u = v128.load32_splat(x$),
          v = v128.load32_splat(x$, 16)
        c$ = dot2(c$, u, ql)
        e$ = dot2(e$, u, rl)
        f$ = dot2(f$, v, qh)
        h$ = dot2(h$, v, rh)
      }
    }
    const s0 = lowerFp8(p, multiplier),
      s1 = upperFp8(p, multiplier),
      t0 = lowerFp8(p + 8, multiplier),
      t1 = upperFp8(p + 8, multiplier)
    {
      const u = v128.load32_splat(x$, 16)
      a$ = scaled(scaled(a$, pairs(c$), s0, u), pairs(f$), t0, u)
      b$ = scaled(scaled(b$, pairs(e$), s1, u), pairs(h$), t1, u)
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

export function iq4Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    low = heldIq4Low(),
    high = heldIq4High(),
    zero = i16x8.splat(0)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i += per) {
    const d0 = loadF16x4(p, multiplier),
      d1 = nextF16x4(p, multiplier)
    p += 16
    for (const end = p + <usize>min(per, nb - i) * IQ4_BLOCK; p < end; p += 8, x$ += X_BLOCK_BYTES - 16) {
      readAheadOf(p)
      let c$ = start(x$),
        e$ = c$,
        f$ = zero,
        h$ = zero
      for (const stop = p + 128; p < stop; p += 32, x$ += 4) {
        const q = v128.load(p),
          r = v128.load(p, 16),
          ql = lowNibbles(q, mask),
          rl = lowNibbles(r, mask),
          qh = highNibbles(q, mask),
          rh = highNibbles(r, mask)
        {
          const u = v128.load32_splat(x$),
            v = v128.load32_splat(x$, 16)
          f$ = dot2(dot2(f$, u, lookUp(low, ql)), v, lookUp(low, qh))
          h$ = dot2(dot2(h$, u, lookUp(low, rl)), v, lookUp(low, rh))
          c$ = dot2(dot2(c$, u, lookUp(high, ql)), v, lookUp(high, qh))
          e$ = dot2(dot2(e$, u, lookUp(high, rl)), v, lookUp(high, rh))
        }
      }
      const s0 = f32x4.mul(d0, lower4(p)),
        s1 = f32x4.mul(d1, upper4(p))
      {
        const u = v128.load32_splat(x$, 16)
        a$ = scaled(a$, joined(f$, c$), s0, u)
        b$ = scaled(b$, joined(h$, e$), s1, u)
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

export function iq4BytesRows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    isSigned = products == BYTES_SIGNED,
    points = v128.xor(heldIq4(), i8x16.splat(isSigned ? -128 : 0))
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i += per) {
    const d0 = loadF16x4(p, multiplier),
      d1 = nextF16x4(p, multiplier)
    p += 16
    for (const end = p + <usize>min(per, nb - i) * IQ4_BLOCK; p < end; p += 8, x$ += X_BLOCK_BYTES - 16) {
      readAheadOf(p)
      let c$ = startOfBytes(x$, isSigned),
        e$ = c$
      for (const stop = p + 128; p < stop; p += 32, x$ += 4) {
        const q = v128.load(p),
          r = v128.load(p, 16),
          ql = lookUp(points, lowNibbles(q, mask)),
          rl = lookUp(points, lowNibbles(r, mask)),
          qh = lookUp(points, highNibbles(q, mask)),
          rh = lookUp(points, highNibbles(r, mask))
        {
          const u = v128.load32_splat(x$),
            v = v128.load32_splat(x$, 16)
          c$ = dot4(dot4(c$, u, ql), v, qh)
          e$ = dot4(dot4(e$, u, rl), v, rh)
        }
      }
      const s0 = f32x4.mul(d0, lower4(p)),
        s1 = f32x4.mul(d1, upper4(p))
      {
        const u = v128.load32_splat(x$, 16)
        a$ = scaled(a$, c$, s0, u)
        b$ = scaled(b$, e$, s1, u)
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}
