// Products of rows of f32: of x with four rows of weights, which lie in a matrix of f32 or were widened into scratch. Every product is
// summed in eight lanes, column i in lane i % 8, whatever the number of rows, so that each row of x gets the bits that it has alone.
import { fused } from '../control'
import { madd, storePairs, sums4 } from '../simd'

/** Dot products of x with four rows of f32, `row` bytes apart. @inline */
export function dot4rows(px: usize, n: i32, p: usize, row: usize): v128 {
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  let i = 0
  for (; i + 8 <= n; i += 8, p += 32, px += 32) {
    const x = v128.load(px),
      y = v128.load(px, 16)
    a0 = madd(x, v128.load(p), a0)
    b0 = madd(y, v128.load(p, 16), b0)
    a1 = madd(x, v128.load(p + row), a1)
    b1 = madd(y, v128.load(p + row, 16), b1)
    a2 = madd(x, v128.load(p + 2 * row), a2)
    b2 = madd(y, v128.load(p + 2 * row, 16), b2)
    a3 = madd(x, v128.load(p + 3 * row), a3)
    b3 = madd(y, v128.load(p + 3 * row, 16), b3)
  }
  let sums = sums4(f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2), f32x4.add(a3, b3))
  for (; i < n; i++, p += 4, px += 4) {
    const x = load<f32>(px)
    const w = f32x4.replace_lane(
      f32x4.replace_lane(
        f32x4.replace_lane(f32x4.splat(load<f32>(p)), 1, load<f32>(p + row)),
        2,
        load<f32>(p + 2 * row),
      ),
      3,
      load<f32>(p + 3 * row),
    )
    sums = madd(f32x4.splat(x), w, sums)
  }
  return sums
}

/**
 * to[x, y][4 rows][8]: products of two rows of x with four rows of weights, summed in eight lanes. Where the compiler makes one vector of 256 bits of two
 * neighbours, all sums have registers; else those of four lanes after those of the other four.
 */
export function sums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  if (fused()) {
    wideSums8(x, y, p, row, n, to)
    return
  }
  halfSums8(x, y, p, row, n, to)
  halfSums8(x + 16, y + 16, p + 16, row, n, to + 16)
}

function halfSums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  const p1 = p + row,
    p2 = p1 + row,
    p3 = p2 + row
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (let i: usize = 0, end = (<usize>n) << 2; i < end; i += 32) {
    const u = v128.load(x + i),
      v = v128.load(y + i)
    let w = v128.load(p + i)
    a0 = madd(u, w, a0)
    b0 = madd(v, w, b0)
    w = v128.load(p1 + i)
    a1 = madd(u, w, a1)
    b1 = madd(v, w, b1)
    w = v128.load(p2 + i)
    a2 = madd(u, w, a2)
    b2 = madd(v, w, b2)
    w = v128.load(p3 + i)
    a3 = madd(u, w, a3)
    b3 = madd(v, w, b3)
  }
  v128.store(to, a0)
  v128.store(to, a1, 32)
  v128.store(to, a2, 64)
  v128.store(to, a3, 96)
  v128.store(to, b0, 128)
  v128.store(to, b1, 160)
  v128.store(to, b2, 192)
  v128.store(to, b3, 224)
}

function wideSums8(x: usize, y: usize, p: usize, row: usize, n: i32, to: usize): void {
  const p1 = p + row,
    p2 = p1 + row,
    p3 = p2 + row
  let a0 = f32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0,
    b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0,
    c0 = a0,
    c1 = a0,
    c2 = a0,
    c3 = a0,
    d0 = a0,
    d1 = a0,
    d2 = a0,
    d3 = a0
  for (let i: usize = 0, end = (<usize>n) << 2; i < end; i += 32) {
    let u = v128.load(x + i),
      v = v128.load(y + i)
    let w = v128.load(p + i)
    a0 = madd(u, w, a0)
    c0 = madd(v, w, c0)
    w = v128.load(p1 + i)
    a1 = madd(u, w, a1)
    c1 = madd(v, w, c1)
    w = v128.load(p2 + i)
    a2 = madd(u, w, a2)
    c2 = madd(v, w, c2)
    w = v128.load(p3 + i)
    a3 = madd(u, w, a3)
    c3 = madd(v, w, c3)
    u = v128.load(x + i, 16)
    v = v128.load(y + i, 16)
    w = v128.load(p + i, 16)
    b0 = madd(u, w, b0)
    d0 = madd(v, w, d0)
    w = v128.load(p1 + i, 16)
    b1 = madd(u, w, b1)
    d1 = madd(v, w, d1)
    w = v128.load(p2 + i, 16)
    b2 = madd(u, w, b2)
    d2 = madd(v, w, d2)
    w = v128.load(p3 + i, 16)
    b3 = madd(u, w, b3)
    d3 = madd(v, w, d3)
  }
  storePairs(to, a0, b0, a1, b1, a2, b2, a3, b3)
  storePairs(to + 128, c0, d0, c1, d1, c2, d2, c3, d3)
}
