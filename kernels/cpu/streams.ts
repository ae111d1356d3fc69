// Hyper-connections (src/graph/ops/streams.ts): one row per unit of work.
import { claim, claimSize, field, fieldF32, fieldPtr, rowsOf } from './control'
import { exp1, madd } from './simd'

// @ts-ignore: decorator
@inline function at(p: usize, i: i32): usize { return p + (<usize>i << 2) }

/** Row `i` of the buffer at field `f`, whose row bytes are field f + 1. */
// @ts-ignore: decorator
@inline function rowOf(rec: usize, f: i32, i: i32): usize { return fieldPtr(rec, f) + <usize>i * <usize>field(rec, f + 1) }

/** Record: 5 x, 6 x row bytes, 7 out, 8 out row bytes, 9 bytes of x, 10 times. */
export function repeat(rec: usize): void {
  const rows = rowsOf(rec), bytes = <usize>field(rec, 9), size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++)
      for (let k = 0; k < field(rec, 10); k++) memory.copy(rowOf(rec, 7, i) + <usize>k * bytes, rowOf(rec, 5, i), bytes)
}

/** Record: 5 m, 6 m row bytes, 7 out, 8 out row bytes, 9 scale f32, 10 base f32, 11 columns, 12 streams, 13 eps (f32), 14 iterations. */
export function streamWeights(rec: usize): void {
  const rows = rowsOf(rec), columns = field(rec, 11), n = field(rec, 12), eps = fieldF32(rec, 13), size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const m = rowOf(rec, 5, i), out = rowOf(rec, 7, i)
      for (let c = 0; c < columns; c++) {
        const part = c < n ? 0 : c < 2 * n ? 1 : 2
        const v = load<f32>(at(m, c)) * load<f32>(at(fieldPtr(rec, 9), part)) + load<f32>(at(fieldPtr(rec, 10), c)), s: f32 = 1 / (1 + exp1(-v))
        store<f32>(at(out, c), part == 0 ? s + eps : part == 1 ? 2 * s : v)
      }
      if (columns > n) balance(at(out, 2 * n), n, eps, field(rec, 14))
    }
}

/** Softmax of rows plus eps; then columns, and rows and columns in turn, are divided by their sums. */
function balance(c: usize, n: i32, eps: f32, iterations: i32): void {
  for (let i = 0; i < n; i++) {
    const row = at(c, i * n)
    let m: f32 = -Infinity, sum: f32 = 0
    for (let j = 0; j < n; j++) m = max(m, load<f32>(at(row, j)))
    for (let j = 0; j < n; j++) {
      const e = exp1(load<f32>(at(row, j)) - m)
      store<f32>(at(row, j), e)
      sum += e
    }
    for (let j = 0; j < n; j++) store<f32>(at(row, j), load<f32>(at(row, j)) / sum + eps)
  }
  divide(c, n, 1, n, eps)
  for (let k = 1; k < iterations; k++) {
    divide(c, n, n, 1, eps)
    divide(c, n, 1, n, eps)
  }
}

/** Each of n lines, `next` apart, by its sum plus eps; the numbers of a line lie `step` apart. */
function divide(c: usize, n: i32, next: i32, step: i32, eps: f32): void {
  for (let i = 0; i < n; i++) {
    let sum = eps
    for (let j = 0; j < n; j++) sum += load<f32>(at(c, i * next + j * step))
    for (let j = 0; j < n; j++) {
      const p = at(c, i * next + j * step)
      store<f32>(p, load<f32>(p) / sum)
    }
  }
}

/** Record: 5 x, 6 x row bytes, 7 weights, 8 their row bytes, 9 out, 10 out row bytes, 11 streams, 12 D. */
export function collapseStreams(rec: usize): void {
  const rows = rowsOf(rec), n = field(rec, 11), bytes = <usize>field(rec, 12) << 2, size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const x = rowOf(rec, 5, i), w = rowOf(rec, 7, i), out = rowOf(rec, 9, i)
      for (let c: usize = 0; c < bytes; c += 16) {
        let sum = f32x4.splat(0)
        for (let j = 0; j < n; j++) sum = madd(v128.load32_splat(at(w, j)), v128.load(x + <usize>j * bytes + c), sum)
        v128.store(out + c, sum)
      }
    }
}

/** Four streams. Record: 5 x, 6 x row bytes, 7 y, 8 y row bytes, 9 weights, 10 their row bytes, 11 out, 12 out row bytes, 13 D. */
export function updateStreams(rec: usize): void {
  const rows = rowsOf(rec), bytes = <usize>field(rec, 13) << 2, size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const x = rowOf(rec, 5, i), y = rowOf(rec, 7, i), post = at(rowOf(rec, 9, i), 4), mix = at(post, 4), out = rowOf(rec, 11, i)
      for (let c: usize = 0; c < bytes; c += 16) {
        // out may be x: all streams are read before the first is written
        const own = v128.load(y + c), x0 = v128.load(x + c), x1 = v128.load(x + bytes + c), x2 = v128.load(x + 2 * bytes + c), x3 = v128.load(x + 3 * bytes + c)
        for (let k = 0; k < 4; k++) {
          let sum = f32x4.mul(v128.load32_splat(at(post, k)), own)
          sum = madd(v128.load32_splat(at(mix, k)), x0, sum)
          sum = madd(v128.load32_splat(at(mix, 4 + k)), x1, sum)
          sum = madd(v128.load32_splat(at(mix, 8 + k)), x2, sum)
          sum = madd(v128.load32_splat(at(mix, 12 + k)), x3, sum)
          v128.store(out + <usize>k * bytes + c, sum)
        }
      }
    }
}
