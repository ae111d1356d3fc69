// Hyper-connections (src/graph/ops/streams.ts): one row per unit of work.
import { CollapseStreamsRecord, RepeatRecord, StreamWeightsRecord, UpdateStreamsRecord } from './contract.generated'
import { claim, claimSize, rowsOf } from './control'
import { exp1, madd } from './simd'

/** @inline */
function at(p: usize, i: i32): usize {
  return p + ((<usize>i) << 2)
}

export function repeat(rec: RepeatRecord): void {
  const rows = rowsOf(rec),
    bytes = <usize>rec.bytes,
    size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++)
      for (let k = 0; k < rec.times; k++) memory.copy(rec.outRow(i) + <usize>k * bytes, rec.xRow(i), bytes)
}

export function streamWeights(rec: StreamWeightsRecord): void {
  const rows = rowsOf(rec),
    columns = rec.columns,
    n = rec.streams,
    eps = rec.eps,
    size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const m = rec.mRow(i),
        out = rec.outRow(i)
      for (let c = 0; c < columns; c++) {
        const part = c < n ? 0 : c < 2 * n ? 1 : 2
        const v = load<f32>(at(m, c)) * load<f32>(at(rec.scale, part)) + load<f32>(at(rec.base, c)),
          s: f32 = 1 / (1 + exp1(-v))
        store<f32>(at(out, c), part == 0 ? s + eps : part == 1 ? 2 * s : v)
      }
      if (columns > n) balance(at(out, 2 * n), n, eps, rec.iterations)
    }
}

/** Softmax of rows plus eps; then columns, and rows and columns in turn, are divided by their sums. */
function balance(c: usize, n: i32, eps: f32, iterations: i32): void {
  for (let i = 0; i < n; i++) {
    const row = at(c, i * n)
    let m: f32 = -Infinity,
      sum: f32 = 0
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

export function collapseStreams(rec: CollapseStreamsRecord): void {
  const rows = rowsOf(rec),
    n = rec.streams,
    bytes = (<usize>rec.columns) << 2,
    size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const x = rec.xRow(i),
        w = rec.weightsRow(i),
        out = rec.outRow(i)
      for (let c: usize = 0; c < bytes; c += 16) {
        let sum = f32x4.splat(0)
        for (let j = 0; j < n; j++) sum = madd(v128.load32_splat(at(w, j)), v128.load(x + <usize>j * bytes + c), sum)
        v128.store(out + c, sum)
      }
    }
}

/** Four streams. */
export function updateStreams(rec: UpdateStreamsRecord): void {
  const rows = rowsOf(rec),
    bytes = (<usize>rec.columns) << 2,
    size = claimSize(rows)
  for (let t = claim(rec, size); t < rows; t = claim(rec, size))
    for (let i = t; i < min(t + size, rows); i++) {
      const x = rec.xRow(i),
        y = rec.yRow(i),
        post = at(rec.weightsRow(i), 4),
        mix = at(post, 4),
        out = rec.outRow(i)
      for (let c: usize = 0; c < bytes; c += 16) {
        // out may be x: all streams are read before the first is written
        const own = v128.load(y + c),
          x0 = v128.load(x + c),
          x1 = v128.load(x + bytes + c),
          x2 = v128.load(x + 2 * bytes + c),
          x3 = v128.load(x + 3 * bytes + c)
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
