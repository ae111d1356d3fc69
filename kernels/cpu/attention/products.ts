// The products of attention: query rows with four keys, and weights with values, for one row or for two that lie side by
// side. Keys and values lie in f32, as when a panel was widened for many rows, or in f16 (`half`), which is widened in
// registers when few rows would not pay for a panel. Sums have the same order for both, so that the bits are the same.
//
// Where the compiler makes one 256-bit vector of two neighbours, the wide forms have twice as many sums. It only does so
// for what is stored side by side in the end: sums of scores go through `sums`, sixteen vectors.
import { PAGE_SIZE } from '../contract.generated'
import { fused } from '../control'
import { heldF16Bits } from '../held'
import { halves4, madd, moveF16x4, sums4 } from '../simd'

/** Where the second row's scores and weights lie. */
const NEXT: usize = PAGE_SIZE << 2

/** Four numbers; f16 become f32 times 2^-112, with their signs. @inline */
function four(half: boolean, p: usize, mask: v128): v128 {
  return half ? moveF16x4(v128.load16x4_s(p), mask) : v128.load(p)
}
/**
 * The four after them, and so on: neighbours become one vector only where the compiler sees their offsets. @inline
 */
function next(half: boolean, p: usize, mask: v128): v128 {
  return half ? moveF16x4(v128.load16x4_s(p, 8), mask) : v128.load(p, 16)
}
/** @inline */
function third(half: boolean, p: usize, mask: v128): v128 {
  return half ? moveF16x4(v128.load16x4_s(p, 16), mask) : v128.load(p, 32)
}
/** @inline */
function fourth(half: boolean, p: usize, mask: v128): v128 {
  return half ? moveF16x4(v128.load16x4_s(p, 24), mask) : v128.load(p, 48)
}

/** Scores of four keys of E numbers (a multiple of four) for n query rows [n][E], one page apart. @inline */
export function scoreKeys(half: boolean, n: i32, q: usize, k: usize, E: i32, scores: usize, sums: usize): void {
  const row = (<usize>E) << 2,
    end = q + <usize>n * row,
    wide = fused() && (E & 7) == 0
  for (; q + 2 * row <= end; q += 2 * row, scores += 2 * NEXT)
    if (wide) scoreWide(true, half, q, k, row, scores, sums)
    else score(true, half, q, k, row, scores)
  if (q < end)
    if (wide) scoreWide(false, half, q, k, row, scores, sums)
    else score(false, half, q, k, row, scores)
}

/** out [n][Ev] += sum over `count` positions of weight * value, Ev a multiple of four. @inline */
export function addValues(
  half: boolean,
  n: i32,
  p: usize,
  values: usize,
  stride: usize,
  count: i32,
  out: usize,
  Ev: i32,
): void {
  const row = (<usize>Ev) << 2,
    end = out + <usize>n * row
  for (; out + 2 * row <= end; out += 2 * row, p += 2 * NEXT) addColumns(true, half, p, values, stride, count, out, row)
  if (out < end) addColumns(false, half, p, values, stride, count, out, row)
}

/** @inline */
function score(two: boolean, half: boolean, q: usize, k: usize, row: usize, scores: usize): void {
  const shift: usize = half ? 1 : 0,
    bytes = row >> shift,
    mask = heldF16Bits(),
    zero = f32x4.splat(0)
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    b0 = zero,
    b1 = zero,
    b2 = zero,
    b3 = zero
  for (let i: usize = 0; i < row; i += 16) {
    const x = v128.load(q + i),
      y = two ? v128.load(q + row + i) : x,
      at = k + (i >> shift)
    const w0 = four(half, at, mask)
    a0 = madd(x, w0, a0)
    if (two) b0 = madd(y, w0, b0)
    const w1 = four(half, at + bytes, mask)
    a1 = madd(x, w1, a1)
    if (two) b1 = madd(y, w1, b1)
    const w2 = four(half, at + 2 * bytes, mask)
    a2 = madd(x, w2, a2)
    if (two) b2 = madd(y, w2, b2)
    const w3 = four(half, at + 3 * bytes, mask)
    a3 = madd(x, w3, a3)
    if (two) b3 = madd(y, w3, b3)
  }
  v128.store(scores, sums4(a0, a1, a2, a3))
  if (two) v128.store(scores, sums4(b0, b1, b2, b3), NEXT)
}

/** Eight numbers of a row at a time. @inline */
function scoreWide(two: boolean, half: boolean, q: usize, k: usize, row: usize, scores: usize, sums: usize): void {
  const shift: usize = half ? 1 : 0,
    bytes = row >> shift,
    mask = heldF16Bits(),
    zero = f32x4.splat(0)
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    b0 = zero,
    b1 = zero,
    b2 = zero,
    b3 = zero,
    c0 = zero,
    c1 = zero,
    c2 = zero,
    c3 = zero,
    d0 = zero,
    d1 = zero,
    d2 = zero,
    d3 = zero
  for (let i: usize = 0; i < row; i += 32) {
    const x = q + i,
      y = two ? x + row : x,
      x0 = v128.load(x),
      x1 = v128.load(x, 16),
      y0 = v128.load(y),
      y1 = v128.load(y, 16)
    let w = k + (i >> shift)
    let u = four(half, w, mask),
      v = next(half, w, mask)
    a0 = madd(x0, u, a0)
    b0 = madd(x1, v, b0)
    if (two) {
      c0 = madd(y0, u, c0)
      d0 = madd(y1, v, d0)
    }
    w += bytes
    u = four(half, w, mask)
    v = next(half, w, mask)
    a1 = madd(x0, u, a1)
    b1 = madd(x1, v, b1)
    if (two) {
      c1 = madd(y0, u, c1)
      d1 = madd(y1, v, d1)
    }
    w += bytes
    u = four(half, w, mask)
    v = next(half, w, mask)
    a2 = madd(x0, u, a2)
    b2 = madd(x1, v, b2)
    if (two) {
      c2 = madd(y0, u, c2)
      d2 = madd(y1, v, d2)
    }
    w += bytes
    u = four(half, w, mask)
    v = next(half, w, mask)
    a3 = madd(x0, u, a3)
    b3 = madd(x1, v, b3)
    if (two) {
      c3 = madd(y0, u, c3)
      d3 = madd(y1, v, d3)
    }
  }
  v128.store(sums, b0, 16)
  v128.store(sums, a0)
  v128.store(sums, b1, 48)
  v128.store(sums, a1, 32)
  v128.store(sums, b2, 80)
  v128.store(sums, a2, 64)
  v128.store(sums, b3, 112)
  v128.store(sums, a3, 96)
  v128.store(scores, halves4(sums))
  if (two) {
    v128.store(sums, d0, 144)
    v128.store(sums, c0, 128)
    v128.store(sums, d1, 176)
    v128.store(sums, c1, 160)
    v128.store(sums, d2, 208)
    v128.store(sums, c2, 192)
    v128.store(sums, d3, 240)
    v128.store(sums, c3, 224)
    v128.store(scores, halves4(sums + 128), NEXT)
  }
}

/** @inline */
function addColumns(
  two: boolean,
  half: boolean,
  p: usize,
  values: usize,
  stride: usize,
  count: i32,
  out: usize,
  row: usize,
): void {
  const shift: usize = half ? 1 : 0,
    end = p + ((<usize>count) << 2)
  let c: usize = 0
  if (fused()) for (; c + 128 <= row; c += 128) addWide(two, half, p, end, values + (c >> shift), stride, out + c, row)
  for (; c + 64 <= row; c += 64) addNarrow(two, half, p, end, values + (c >> shift), stride, out + c, row)
  const mask = heldF16Bits()
  for (; c < row; c += 16) {
    let a = v128.load(out + c),
      b = two ? v128.load(out + row + c) : a
    for (let i = p, v = values + (c >> shift); i < end; i += 4, v += stride) {
      const w = four(half, v, mask)
      a = madd(v128.load32_splat(i), w, a)
      if (two) b = madd(v128.load32_splat(i, NEXT), w, b)
    }
    v128.store(out + c, a)
    if (two) v128.store(out + row + c, b)
  }
}

/** Sixteen columns. @inline */
function addNarrow(
  two: boolean,
  half: boolean,
  p: usize,
  end: usize,
  values: usize,
  stride: usize,
  o: usize,
  row: usize,
): void {
  const o1 = two ? o + row : o,
    mask = heldF16Bits()
  let a0 = v128.load(o),
    a1 = v128.load(o, 16),
    a2 = v128.load(o, 32),
    a3 = v128.load(o, 48),
    b0 = v128.load(o1),
    b1 = v128.load(o1, 16),
    b2 = v128.load(o1, 32),
    b3 = v128.load(o1, 48)
  for (let i = p, v = values; i < end; i += 4, v += stride) {
    const x = v128.load32_splat(i),
      w0 = four(half, v, mask),
      w1 = next(half, v, mask),
      w2 = third(half, v, mask),
      w3 = fourth(half, v, mask)
    a0 = madd(x, w0, a0)
    a1 = madd(x, w1, a1)
    a2 = madd(x, w2, a2)
    a3 = madd(x, w3, a3)
    if (two) {
      const y = v128.load32_splat(i, NEXT)
      b0 = madd(y, w0, b0)
      b1 = madd(y, w1, b1)
      b2 = madd(y, w2, b2)
      b3 = madd(y, w3, b3)
    }
  }
  v128.store(o, a1, 16)
  v128.store(o, a0)
  v128.store(o, a3, 48)
  v128.store(o, a2, 32)
  if (two) {
    v128.store(o1, b1, 16)
    v128.store(o1, b0)
    v128.store(o1, b3, 48)
    v128.store(o1, b2, 32)
  }
}

/** Thirty-two columns. @inline */
function addWide(
  two: boolean,
  half: boolean,
  p: usize,
  end: usize,
  values: usize,
  stride: usize,
  o: usize,
  row: usize,
): void {
  const o1 = two ? o + row : o,
    fourQuads: usize = half ? 32 : 64,
    mask = heldF16Bits()
  let a0 = v128.load(o),
    a1 = v128.load(o, 16),
    a2 = v128.load(o, 32),
    a3 = v128.load(o, 48),
    a4 = v128.load(o, 64),
    a5 = v128.load(o, 80),
    a6 = v128.load(o, 96),
    a7 = v128.load(o, 112),
    b0 = v128.load(o1),
    b1 = v128.load(o1, 16),
    b2 = v128.load(o1, 32),
    b3 = v128.load(o1, 48),
    b4 = v128.load(o1, 64),
    b5 = v128.load(o1, 80),
    b6 = v128.load(o1, 96),
    b7 = v128.load(o1, 112)
  for (let i = p, v = values, u = values + fourQuads; i < end; i += 4, v += stride, u += stride) {
    const x = v128.load32_splat(i),
      w0 = four(half, v, mask),
      w1 = next(half, v, mask),
      w2 = third(half, v, mask),
      w3 = fourth(half, v, mask),
      w4 = four(half, u, mask),
      w5 = next(half, u, mask),
      w6 = third(half, u, mask),
      w7 = fourth(half, u, mask)
    a0 = madd(x, w0, a0)
    a1 = madd(x, w1, a1)
    a2 = madd(x, w2, a2)
    a3 = madd(x, w3, a3)
    a4 = madd(x, w4, a4)
    a5 = madd(x, w5, a5)
    a6 = madd(x, w6, a6)
    a7 = madd(x, w7, a7)
    if (two) {
      const y = v128.load32_splat(i, NEXT)
      b0 = madd(y, w0, b0)
      b1 = madd(y, w1, b1)
      b2 = madd(y, w2, b2)
      b3 = madd(y, w3, b3)
      b4 = madd(y, w4, b4)
      b5 = madd(y, w5, b5)
      b6 = madd(y, w6, b6)
      b7 = madd(y, w7, b7)
    }
  }
  v128.store(o, a1, 16)
  v128.store(o, a0)
  v128.store(o, a3, 48)
  v128.store(o, a2, 32)
  v128.store(o, a5, 80)
  v128.store(o, a4, 64)
  v128.store(o, a7, 112)
  v128.store(o, a6, 96)
  if (two) {
    v128.store(o1, b1, 16)
    v128.store(o1, b0)
    v128.store(o1, b3, 48)
    v128.store(o1, b2, 32)
    v128.store(o1, b5, 80)
    v128.store(o1, b4, 64)
    v128.store(o1, b7, 112)
    v128.store(o1, b6, 96)
  }
}
