// Up to four rows of x times a group of eight rows of blocks whose codes have six or five bits (weights/own-bits.ts); rows.ts says how, and what `$` means.
import { INT5_MIN_CODES, INT6_BLOCK, Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { blocksOf, groupAt, superBytes } from '../weights/descriptor'
import { fiveHigh, fiveLow, nextSixHigh, nextSixLow, sixHigh, sixLow } from '../weights/own-bits'
import { SIX_BITS, joinedD, joinedDmin, lowerSix, upperBits, upperSix } from '../weights/run-scales'
import { heldNibbles, heldUpperOne, heldUpperTwo } from '../held'
import { dot2, loadF16x4, lowerF16x4, madd, nextF16x4, upperF16x4 } from '../simd'
import { readAheadOf } from './lines-ahead'
import { firstSums, otherSums, outAt, pairs, scaled, shifted, total, twice, weighted, wholeScales, xAt } from './sums'

/** The row of x that stands for each in this text. */
const $: usize = 0

/**
 * A code is 32 too large. Sums of sixteen columns are those of int7's narrow codes; times their scales, of both halves
 * together, they stay below 2^24 and are exact in f32. @bytes
 */
export function int6Rows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    two = heldUpperTwo(),
    zero = i32x4.splat(0)
  let p = groupAt(d, g)
  let x$ = xAt(table, $),
    a$ = f32x4.splat(0),
    b$ = f32x4.splat(0)
  for (let i = 0; i < nb; i += per) {
    const d0 = loadF16x4(p, multiplier),
      d1 = nextF16x4(p, multiplier)
    p += 16
    for (const end = p + <usize>min(per, nb - i) * INT6_BLOCK; p < end; p += 80, x$ += X_BLOCK_BYTES - 16) {
      readAheadOf(p)
      let c$ = shifted(firstSums(x$), 2),
        e$ = c$,
        f$ = shifted(otherSums(x$), 2),
        h$ = f$
      for (let t = p + 128, stop = t + 64; t < stop; t += 32, p += 64, x$ += 8) {
        const m = v128.load(t),
          n = v128.load(t, 16)
        let q = v128.load(p),
          r = v128.load(p, 16),
          ql = sixLow(q, m, mask, two),
          rl = sixLow(r, n, mask, two),
          qh = sixHigh(q, m, mask, two),
          rh = sixHigh(r, n, mask, two)
        {
          const u = v128.load32_splat(x$),
            v = v128.load32_splat(x$, 16)
          c$ = dot2(c$, u, ql)
          e$ = dot2(e$, u, rl)
          f$ = dot2(f$, v, qh)
          h$ = dot2(h$, v, rh)
        }
        q = v128.load(p, 32)
        r = v128.load(p, 48)
        ql = nextSixLow(q, m, mask, two)
        rl = nextSixLow(r, n, mask, two)
        qh = nextSixHigh(q, m, mask, two)
        rh = nextSixHigh(r, n, mask, two)
        {
          const u = v128.load32_splat(x$, 4),
            v = v128.load32_splat(x$, 20)
          c$ = dot2(c$, u, ql)
          e$ = dot2(e$, u, rl)
          f$ = dot2(f$, v, qh)
          h$ = dot2(h$, v, rh)
        }
      }
      const s = twice(p + 64),
        t = twice(p + 72),
        s0 = wholeScales(i16x8.extend_low_i8x16_s(s)),
        s1 = wholeScales(i16x8.extend_high_i8x16_s(s)),
        t0 = wholeScales(i16x8.extend_low_i8x16_s(t)),
        t1 = wholeScales(i16x8.extend_high_i8x16_s(t))
      {
        const u = v128.load32_splat(x$, 16)
        a$ = madd(total(weighted(weighted(zero, c$, s0), f$, t0)), f32x4.mul(d0, u), a$)
        b$ = madd(total(weighted(weighted(zero, e$, s1), h$, t1)), f32x4.mul(d1, u), b$)
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}

/** As int4_min. Sums of sixteen columns end within 8 * 31 * 127 = 31496, which i16 holds. @bytes */
export function int5MinRows$(d: Matrix, g: i32, table: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    above = superBytes(d),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    one = heldUpperOne(),
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
    for (const end = p + n * INT5_MIN_CODES; p < end; p += 32, s += SIX_BITS, x$ += X_BLOCK_BYTES - 16) {
      readAheadOf(p)
      let c$ = zero,
        e$ = zero,
        f$ = zero,
        h$ = zero
      let k = v128.load(p, 128),
        n = v128.load(p, 144)
      for (const stop = p + 128; p < stop; p += 32, x$ += 4) {
        const q = v128.load(p),
          r = v128.load(p, 16),
          ql = fiveLow(q, k, mask, one),
          rl = fiveLow(r, n, mask, one),
          qh = fiveHigh(q, k, mask, one),
          rh = fiveHigh(r, n, mask, one)
        {
          const u = v128.load32_splat(x$),
            v = v128.load32_splat(x$, 16)
          c$ = dot2(c$, u, ql)
          e$ = dot2(e$, u, rl)
          f$ = dot2(f$, v, qh)
          h$ = dot2(h$, v, rh)
        }
        k = i16x8.shr_u(k, 1)
        n = i16x8.shr_u(n, 1)
      }
      const s0 = f32x4.mul(d0, lowerSix(s)),
        s1 = f32x4.mul(d1, upperSix(s)),
        t0 = f32x4.mul(m0, lowerSix(s + 8)),
        t1 = f32x4.mul(m1, upperSix(s + 8))
      {
        const u = v128.load32_splat(x$, 16),
          v = v128.load32_splat(x$, 28)
        a$ = madd(t0, v, scaled(a$, i32x4.add(pairs(c$), pairs(f$)), s0, u))
        b$ = madd(t1, v, scaled(b$, i32x4.add(pairs(e$), pairs(h$)), s1, u))
      }
    }
  }
  {
    const o = outAt(table, $, to)
    v128.store(o, a$)
    v128.store(o, b$, 16)
  }
}
