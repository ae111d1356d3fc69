// One row of x times eight rows of blocks: decoding. Weights are read once, and unpacked on the way.
import { X_REST, e2m1Codes, firstSums, iq4High, iq4Low, minusSum, otherSums } from './block-codes'
import { Matrix, X_BLOCK_BYTES } from '../contract.generated'
import { lower4, lowerFp8, lowerPowers, upper4, upperFp8, upperPowers } from '../weights/dequantize-blocks'
import { blocksOf, scaleBytes, superBytes, supersOf } from '../weights/descriptor'
import { heldNibbles } from '../held'
import { dot2, dot4, loadF16x4, lookUp, madd, nextF16x4 } from '../simd'
import { highNibbles, joined, lowNibbles, outAt, pairs, scaled, start, xAt } from './tiles'

/** What 12 too much in every code costs, where `sums` are what 8 too much does. @inline */
function twelves(sums: v128): v128 {
  return i16x8.add(sums, i16x8.shr_s(sums, 1))
}

export function int4MinOne(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    at = <usize>(g * nb),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    zero = i16x8.splat(0)
  let p = d.data + (at << 7),
    s = d.scales + (at << 4),
    run = supersOf(d, g),
    x = xAt(entry, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i += per, run += 32) {
    const d0 = loadF16x4(run, multiplier),
      d1 = nextF16x4(run, multiplier),
      m0 = loadF16x4(run + 16, multiplier),
      m1 = nextF16x4(run + 16, multiplier)
    for (const end = s + ((<usize>min(per, nb - i)) << 4); s < end; s += 16, x += X_BLOCK_BYTES - 16) {
      let c0 = zero,
        e0 = zero,
        u = zero,
        v = zero
      for (const stop = p + 128; p < stop; p += 32, x += 4) {
        const q = v128.load(p),
          r = v128.load(p, 16)
        u = v128.load32_splat(x)
        v = v128.load32_splat(x, 16)
        c0 = dot2(dot2(c0, u, lowNibbles(q, mask)), v, highNibbles(q, mask))
        e0 = dot2(dot2(e0, u, lowNibbles(r, mask)), v, highNibbles(r, mask))
      }
      u = v128.load32_splat(x, 16)
      v = v128.load32_splat(x, 28)
      a0 = scaled(a0, pairs(c0), f32x4.mul(d0, lower4(s)), u)
      b0 = scaled(b0, pairs(e0), f32x4.mul(d1, upper4(s)), u)
      a0 = madd(f32x4.mul(m0, lower4(s + 8)), v, a0)
      b0 = madd(f32x4.mul(m1, upper4(s + 8)), v, b0)
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0)
  v128.store(o, b0, 16)
}

export function mxfp4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    mask = heldNibbles(),
    table = e2m1Codes()
  let p = d.data + (at << 7),
    s = d.scales + (at << 3),
    x = xAt(entry, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i++, s += 8, x += X_BLOCK_BYTES) {
    let c0 = v128.load32_splat(x, 48),
      e0 = c0,
      u = c0
    for (let j: usize = 0; j < 16; j += 4, p += 32) {
      const q = v128.load(p),
        r = v128.load(p, 16)
      const l = lookUp(table, lowNibbles(q, mask)),
        m = lookUp(table, lowNibbles(r, mask)),
        h = lookUp(table, highNibbles(q, mask)),
        k = lookUp(table, highNibbles(r, mask))
      u = v128.load32_splat(x + j)
      const v = v128.load32_splat(x + j, 16)
      c0 = dot2(dot2(c0, u, l), v, h)
      e0 = dot2(dot2(e0, u, m), v, k)
    }
    u = v128.load32_splat(x, 32)
    a0 = scaled(a0, pairs(c0), lowerPowers(s), u)
    b0 = scaled(b0, pairs(e0), upperPowers(s), u)
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0)
  v128.store(o, b0, 16)
}

export function iq4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    at = <usize>(g * nb),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    low = iq4Low(),
    high = iq4High()
  let p = d.data + (at << 7),
    s = d.scales + (at << 3),
    run = supersOf(d, g),
    x = xAt(entry, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i += per, run += 16) {
    const d0 = loadF16x4(run, multiplier),
      d1 = nextF16x4(run, multiplier)
    for (const end = s + ((<usize>min(per, nb - i)) << 3); s < end; s += 8, x += X_BLOCK_BYTES) {
      let c0 = start(x),
        e0 = c0,
        f0 = i16x8.splat(0),
        h0 = f0,
        u = f0,
        v = f0
      for (let j: usize = 0; j < 16; j += 4, p += 32) {
        const q = v128.load(p),
          r = v128.load(p, 16)
        const l = lowNibbles(q, mask),
          m = lowNibbles(r, mask),
          h = highNibbles(q, mask),
          k = highNibbles(r, mask)
        u = v128.load32_splat(x + j)
        v = v128.load32_splat(x + j, 16)
        f0 = dot2(dot2(f0, u, lookUp(low, l)), v, lookUp(low, h))
        h0 = dot2(dot2(h0, u, lookUp(low, m)), v, lookUp(low, k))
        c0 = dot2(dot2(c0, u, lookUp(high, l)), v, lookUp(high, h))
        e0 = dot2(dot2(e0, u, lookUp(high, m)), v, lookUp(high, k))
      }
      u = v128.load32_splat(x, 32)
      a0 = scaled(a0, joined(f0, c0), f32x4.mul(d0, lower4(s)), u)
      b0 = scaled(b0, joined(h0, e0), f32x4.mul(d1, upper4(s)), u)
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0)
  v128.store(o, b0, 16)
}

export function nvfp4One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    at = <usize>(g * nb),
    multiplier = f32x4.splat(d.multiplier),
    mask = heldNibbles(),
    table = e2m1Codes()
  let p = d.data + (at << 7),
    s = d.scales + (at << 4),
    x = xAt(entry, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i++, s += 16, x += X_BLOCK_BYTES) {
    let c0 = twelves(firstSums(x)),
      e0 = c0,
      f0 = twelves(otherSums(x)),
      h0 = f0,
      u = c0
    for (let j: usize = 0; j < 16; j += 4, p += 32) {
      const q = v128.load(p),
        r = v128.load(p, 16)
      u = v128.load32_splat(x + j)
      const v = v128.load32_splat(x + j, 16)
      c0 = dot2(c0, u, lookUp(table, lowNibbles(q, mask)))
      e0 = dot2(e0, u, lookUp(table, lowNibbles(r, mask)))
      f0 = dot2(f0, v, lookUp(table, highNibbles(q, mask)))
      h0 = dot2(h0, v, lookUp(table, highNibbles(r, mask)))
    }
    u = v128.load32_splat(x, 32)
    a0 = scaled(a0, pairs(c0), lowerFp8(s, multiplier), u)
    b0 = scaled(b0, pairs(e0), upperFp8(s, multiplier), u)
    a0 = scaled(a0, pairs(f0), lowerFp8(s + 8, multiplier), u)
    b0 = scaled(b0, pairs(h0), upperFp8(s + 8, multiplier), u)
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0)
  v128.store(o, b0, 16)
}

export function int7One(d: Matrix, g: i32, entry: usize, to: usize): void {
  const nb = blocksOf(d),
    per = d.per,
    at = <usize>(g * nb),
    multiplier = f32x4.splat(d.multiplier),
    mins = d.mins,
    each = scaleBytes(d)
  let p = d.data + (at << 8),
    s = d.scales + at * each,
    run = supersOf(d, g),
    x = xAt(entry, 0)
  let a0 = f32x4.splat(0),
    b0 = a0
  for (let i = 0; i < nb; i += per, run += superBytes(d)) {
    const d0 = loadF16x4(run, multiplier),
      d1 = nextF16x4(run, multiplier)
    for (const end = s + <usize>min(per, nb - i) * each; s < end; s += each, x += X_REST) {
      const scale = v128.load32_splat(x, 32)
      let sums = firstSums(x)
      const others = otherSums(x)
      for (let h: usize = 0; h < 16; h += 8) {
        let c0 = i32x4.shl(pairs(sums), 3),
          e0 = c0
        for (const stop = p + 128; p < stop; p += 32, x += 4) {
          const u = v128.load32_splat(x)
          c0 = dot4(c0, u, v128.load(p))
          e0 = dot4(e0, u, v128.load(p, 16))
        }
        a0 = scaled(a0, c0, f32x4.mul(d0, lower4(s + h)), scale)
        b0 = scaled(b0, e0, f32x4.mul(d1, upper4(s + h)), scale)
        if (mins) {
          const v = minusSum(sums, scale)
          a0 = madd(f32x4.mul(loadF16x4(run + 16, multiplier), lower4(s + h + 16)), v, a0)
          b0 = madd(f32x4.mul(nextF16x4(run + 16, multiplier), upper4(s + h + 16)), v, b0)
        }
        sums = others
      }
    }
  }
  const o = outAt(entry, 0, to)
  v128.store(o, a0)
  v128.store(o, b0, 16)
}
