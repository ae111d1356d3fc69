// Attention over an f16 cache for few query rows, as when an answer is written: keys and values are widened in
// registers, without the way over a panel that pays only when many rows share it. Sums have the order of attention.ts,
// so that the bits are the same.
import { PAGE_SIZE } from '../contract.generated'
import { heldF16Bits } from '../held'
import { madd, sums4 } from '../simd'

/** Four f16, loaded with their signs, to f32 times 2^-112. @inline */
function move(w: v128, mask: v128): v128 {
  return v128.and(i32x4.shl(w, 13), mask)
}

/** Scores of four keys of E f16 (a multiple of four) for one query row, or for two that lie side by side. @inline */
export function scoreHalves(two: boolean, q: usize, k: usize, E: i32, scores: usize): void {
  const row = (<usize>E) << 1,
    q1 = q + (row << 1),
    k1 = k + row,
    k2 = k1 + row,
    k3 = k2 + row,
    zero = f32x4.splat(0),
    mask = heldF16Bits()
  let a0 = zero,
    a1 = zero,
    a2 = zero,
    a3 = zero,
    b0 = zero,
    b1 = zero,
    b2 = zero,
    b3 = zero
  for (let i: usize = 0; i < row; i += 8) {
    const x = v128.load(q + (i << 1)),
      y = two ? v128.load(q1 + (i << 1)) : x
    let w = move(v128.load16x4_s(k + i), mask)
    a0 = madd(x, w, a0)
    if (two) b0 = madd(y, w, b0)
    w = move(v128.load16x4_s(k1 + i), mask)
    a1 = madd(x, w, a1)
    if (two) b1 = madd(y, w, b1)
    w = move(v128.load16x4_s(k2 + i), mask)
    a2 = madd(x, w, a2)
    if (two) b2 = madd(y, w, b2)
    w = move(v128.load16x4_s(k3 + i), mask)
    a3 = madd(x, w, a3)
    if (two) b3 = madd(y, w, b3)
  }
  v128.store(scores, sums4(a0, a1, a2, a3))
  if (two) v128.store(scores + ((<usize>PAGE_SIZE) << 2), sums4(b0, b1, b2, b3))
}

/**
 * out += sum over `count` positions of p * value, Ev f16 (a multiple of four), for one row, or for two that lie side by
 * side. @inline
 */
export function addHalves(two: boolean, p: usize, values: usize, stride: usize, count: i32, out: usize, Ev: i32): void {
  const row = (<usize>Ev) << 2,
    end = p + ((<usize>count) << 2),
    mask = heldF16Bits()
  let c: usize = 0
  for (; c + 64 <= row; c += 64) {
    const o = out + c,
      o1 = o + row
    let a0 = v128.load(o),
      a1 = v128.load(o, 16),
      a2 = v128.load(o, 32),
      a3 = v128.load(o, 48),
      b0 = a0,
      b1 = a0,
      b2 = a0,
      b3 = a0
    if (two) {
      b0 = v128.load(o1)
      b1 = v128.load(o1, 16)
      b2 = v128.load(o1, 32)
      b3 = v128.load(o1, 48)
    }
    for (let i = p, v = values + (c >> 1); i < end; i += 4, v += stride) {
      const x = v128.load32_splat(i),
        y = two ? v128.load32_splat(i, PAGE_SIZE << 2) : x
      const w0 = move(v128.load16x4_s(v), mask),
        w1 = move(v128.load16x4_s(v, 8), mask),
        w2 = move(v128.load16x4_s(v, 16), mask),
        w3 = move(v128.load16x4_s(v, 24), mask)
      a0 = madd(x, w0, a0)
      a1 = madd(x, w1, a1)
      a2 = madd(x, w2, a2)
      a3 = madd(x, w3, a3)
      if (two) {
        b0 = madd(y, w0, b0)
        b1 = madd(y, w1, b1)
        b2 = madd(y, w2, b2)
        b3 = madd(y, w3, b3)
      }
    }
    v128.store(o, a0)
    v128.store(o, a1, 16)
    v128.store(o, a2, 32)
    v128.store(o, a3, 48)
    if (two) {
      v128.store(o1, b0)
      v128.store(o1, b1, 16)
      v128.store(o1, b2, 32)
      v128.store(o1, b3, 48)
    }
  }
  for (; c < row; c += 16) {
    let a = v128.load(out + c),
      b = two ? v128.load(out + row + c) : a
    for (let i = p, v = values + (c >> 1); i < end; i += 4, v += stride) {
      const w = move(v128.load16x4_s(v), mask)
      a = madd(v128.load32_splat(i), w, a)
      if (two) b = madd(v128.load32_splat(i, PAGE_SIZE << 2), w, b)
    }
    v128.store(out + c, a)
    if (two) v128.store(out + row + c, b)
  }
}
