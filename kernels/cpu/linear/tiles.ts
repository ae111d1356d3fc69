// What the integer kernels share (linear-int.ts says how they work): the table of a strip's rows, a block's sums, and
// the tiles, which multiply two rows of x with a panel of sixteen rows of weights in scratch.
import { X_BLOCK_BYTES } from '../contract.generated'
import { scratch } from '../control'
import { heldOnes } from '../held'
import { panelAt } from '../scratch.generated'
import { dot2, dot4, madd } from '../simd'

/** @inline */
export function xAt(table: usize, i: usize): usize {
  return <usize>load<u32>(table + (i << 3))
}
/** @inline */
export function outAt(table: usize, i: usize, to: usize): usize {
  return <usize>load<u32>(table + (i << 3), 4) + to
}

/** Where the sums of a block start: -8 times the codes' sum, in the i16 lanes that will hold them. @inline */
export function start(x: usize): v128 {
  return v128.load32_splat(x, 36)
}

/** What 128 too much in every code costs: nothing where products take them as signed. @inline */
export function startOfBytes(x: usize, isSigned: boolean): v128 {
  return isSigned ? i32x4.splat(0) : i32x4.shl(pairs(start(x)), 4)
}

/** acc + block sum * weight scales * activation scale. @inline */
export function scaled(acc: v128, sums: v128, scales: v128, scale: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sums), f32x4.mul(scales, scale), acc)
}

/** What sums of i16 begin with; the build makes i32 of it for `Bytes` (kernel-rows.mjs). @inline */
export function sums(first: v128): v128 {
  return first
}
/** Sums of two lanes, in i32: V8 makes the ones anew for extadd_pairwise. @inline */
export function pairs(sums: v128): v128 {
  return i32x4.dot_i16x8_s(sums, heldOnes())
}
/** 16 high + low, as i32. @inline */
export function joined(low: v128, high: v128): v128 {
  return i32x4.add(pairs(low), i32x4.shl(pairs(high), 4))
}
/** @inline */
export function lowNibbles(q: v128, mask: v128): v128 {
  return v128.and(q, mask)
}
/** @inline */
export function highNibbles(q: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(q, 4), mask)
}

// The tiles: two rows of x (a, b) times a panel. The inner loop is short on purpose: unrolled further, V8 and Binaryen
// move loads ahead and run out of registers. Stores side by side are where V8 begins to look for pairs of vectors.

/** The panel of int4, sums in i16. */
export function tileNibbles(nb: i32, table: usize, to: usize): void {
  tile(nb, table, to, false)
}
/** The same for mxfp4, whose codes are 12 too large and not 8. */
export function tileMx(nb: i32, table: usize, to: usize): void {
  tile(nb, table, to, true)
}

/** @inline */
function tile(nb: i32, table: usize, to: usize, more: boolean): void {
  let x = xAt(table, 0),
    y = xAt(table, 1),
    p = scratch + <usize>panelAt()
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (let i = 0; i < nb; i++, p += 64, x += X_BLOCK_BYTES - 32, y += X_BLOCK_BYTES - 32) {
    let c0 = more ? v128.load32_splat(x, 48) : start(x),
      c1 = c0,
      c2 = c0,
      c3 = c0,
      e0 = more ? v128.load32_splat(y, 48) : start(y),
      e1 = e0,
      e2 = e0,
      e3 = e0
    for (const end = p + 512; p < end; p += 64, x += 4, y += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u = v128.load32_splat(x),
        v = v128.load32_splat(y)
      c0 = dot2(c0, u, w0)
      c1 = dot2(c1, u, w1)
      c2 = dot2(c2, u, w2)
      c3 = dot2(c3, u, w3)
      e0 = dot2(e0, v, w0)
      e1 = dot2(e1, v, w1)
      e2 = dot2(e2, v, w2)
      e3 = dot2(e3, v, w3)
    }
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48),
      u = v128.load32_splat(x),
      v = v128.load32_splat(y)
    a0 = scaled(a0, pairs(c0), s0, u)
    a1 = scaled(a1, pairs(c1), s1, u)
    a2 = scaled(a2, pairs(c2), s2, u)
    a3 = scaled(a3, pairs(c3), s3, u)
    b0 = scaled(b0, pairs(e0), s0, v)
    b1 = scaled(b1, pairs(e1), s1, v)
    b2 = scaled(b2, pairs(e2), s2, v)
    b3 = scaled(b3, pairs(e3), s3, v)
  }
  const o = outAt(table, 0, to),
    q = outAt(table, 1, to)
  v128.store(o, a0)
  v128.store(o, a1, 16)
  v128.store(o, a2, 32)
  v128.store(o, a3, 48)
  v128.store(q, b0)
  v128.store(q, b1, 16)
  v128.store(q, b2, 32)
  v128.store(q, b3, 48)
}

/** The panel of int8 in nibbles, sums in i16, joined once a block. */
export function tileBothNibbles(nb: i32, table: usize, to: usize): void {
  let x = xAt(table, 0),
    y = xAt(table, 1),
    p = scratch + <usize>panelAt()
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (let i = 0; i < nb; i++, p += 64, x += X_BLOCK_BYTES - 32, y += X_BLOCK_BYTES - 32) {
    let c0 = start(x),
      c1 = c0,
      c2 = c0,
      c3 = c0,
      e0 = start(y),
      e1 = e0,
      e2 = e0,
      e3 = e0
    for (const end = p + 512; p < end; p += 64, x += 4, y += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u = v128.load32_splat(x),
        v = v128.load32_splat(y)
      c0 = dot2(c0, u, w0)
      c1 = dot2(c1, u, w1)
      c2 = dot2(c2, u, w2)
      c3 = dot2(c3, u, w3)
      e0 = dot2(e0, v, w0)
      e1 = dot2(e1, v, w1)
      e2 = dot2(e2, v, w2)
      e3 = dot2(e3, v, w3)
    }
    const h0 = c0,
      h1 = c1,
      h2 = c2,
      h3 = c3,
      k0 = e0,
      k1 = e1,
      k2 = e2,
      k3 = e3
    c0 = i16x8.splat(0)
    c1 = c0
    c2 = c0
    c3 = c0
    e0 = c0
    e1 = c0
    e2 = c0
    e3 = c0
    x -= 32
    y -= 32
    for (const end = p + 512; p < end; p += 64, x += 4, y += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u = v128.load32_splat(x),
        v = v128.load32_splat(y)
      c0 = dot2(c0, u, w0)
      c1 = dot2(c1, u, w1)
      c2 = dot2(c2, u, w2)
      c3 = dot2(c3, u, w3)
      e0 = dot2(e0, v, w0)
      e1 = dot2(e1, v, w1)
      e2 = dot2(e2, v, w2)
      e3 = dot2(e3, v, w3)
    }
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48),
      u = v128.load32_splat(x),
      v = v128.load32_splat(y)
    a0 = scaled(a0, joined(c0, h0), s0, u)
    a1 = scaled(a1, joined(c1, h1), s1, u)
    a2 = scaled(a2, joined(c2, h2), s2, u)
    a3 = scaled(a3, joined(c3, h3), s3, u)
    b0 = scaled(b0, joined(e0, k0), s0, v)
    b1 = scaled(b1, joined(e1, k1), s1, v)
    b2 = scaled(b2, joined(e2, k2), s2, v)
    b3 = scaled(b3, joined(e3, k3), s3, v)
  }
  const o = outAt(table, 0, to),
    q = outAt(table, 1, to)
  v128.store(o, a0)
  v128.store(o, a1, 16)
  v128.store(o, a2, 32)
  v128.store(o, a3, 48)
  v128.store(q, b0)
  v128.store(q, b1, 16)
  v128.store(q, b2, 32)
  v128.store(q, b3, 48)
}

/** A panel of int4 or int8 in bytes, sums in i32. The codes' offset is 4 times `offset`. */
export function tileBytes(nb: i32, table: usize, to: usize, offset: i32): void {
  const fours = i32x4.splat(offset)
  let x = xAt(table, 0),
    y = xAt(table, 1),
    p = scratch + <usize>panelAt()
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (let i = 0; i < nb; i++, p += 64, x += X_BLOCK_BYTES - 32, y += X_BLOCK_BYTES - 32) {
    let c0 = i32x4.shr_s(i32x4.mul(pairs(start(x)), fours), 1),
      c1 = c0,
      c2 = c0,
      c3 = c0,
      e0 = i32x4.shr_s(i32x4.mul(pairs(start(y)), fours), 1),
      e1 = e0,
      e2 = e0,
      e3 = e0
    for (const end = p + 512; p < end; p += 64, x += 4, y += 4) {
      const w0 = v128.load(p),
        w1 = v128.load(p, 16),
        w2 = v128.load(p, 32),
        w3 = v128.load(p, 48),
        u = v128.load32_splat(x),
        v = v128.load32_splat(y)
      c0 = dot4(c0, u, w0)
      c1 = dot4(c1, u, w1)
      c2 = dot4(c2, u, w2)
      c3 = dot4(c3, u, w3)
      e0 = dot4(e0, v, w0)
      e1 = dot4(e1, v, w1)
      e2 = dot4(e2, v, w2)
      e3 = dot4(e3, v, w3)
    }
    const s0 = v128.load(p),
      s1 = v128.load(p, 16),
      s2 = v128.load(p, 32),
      s3 = v128.load(p, 48),
      u = v128.load32_splat(x),
      v = v128.load32_splat(y)
    a0 = scaled(a0, c0, s0, u)
    a1 = scaled(a1, c1, s1, u)
    a2 = scaled(a2, c2, s2, u)
    a3 = scaled(a3, c3, s3, u)
    b0 = scaled(b0, e0, s0, v)
    b1 = scaled(b1, e1, s1, v)
    b2 = scaled(b2, e2, s2, v)
    b3 = scaled(b3, e3, s3, v)
  }
  const o = outAt(table, 0, to),
    q = outAt(table, 1, to)
  v128.store(o, a0)
  v128.store(o, a1, 16)
  v128.store(o, a2, 32)
  v128.store(o, a3, 48)
  v128.store(q, b0)
  v128.store(q, b1, 16)
  v128.store(q, b2, 32)
  v128.store(q, b3, 48)
}
