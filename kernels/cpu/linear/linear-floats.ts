// Matrix times activations in f32: the exact products, and those of every matrix that is stored as floats.
import { BF16, CHUNK_COLUMNS, F16, F32, GROUP_ROWS, Matrix } from '../contract.generated'
import { fused, scratch } from '../control'
import { halves4, madd } from '../simd'
import { linearSumsAt } from '../scratch.generated'
import { dequantize } from '../weights/dequantize'
import { dot4rows, sums8 } from './float-tiles'
import { readAheadOf } from './lines-ahead'
import { dotFp8, dotHalves, isFp8, isGroup, rowAt, scales4, scalesAt, widenFp8 } from './linear-stored'
import { beginPiece, endPiece } from './read-ahead'

/** Columns of the rows of x that stay in the second cache from one group of weights to the next. */
const STRIP_FLOATS: i32 = 1 << 18

/** Up to so many rows of x, weights are widened in registers for each of them: after the first one they are in the nearest cache. */
function fewRows(d: Matrix): i32 {
  if (d.format == F16) return 3
  if (isFp8(d)) return fused() ? 4 : 3
  return d.format == BF16 ? 4 : 0
}

/** Row groups [g0, g1) times `n` rows of x, which linear.ts describes. */
export function linearFloats(
  d: Matrix,
  g0: i32,
  g1: i32,
  last: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  n: i32,
  out: usize,
  outStride: usize,
): void {
  const first = g0 * GROUP_ROWS,
    end = min(g1 * GROUP_ROWS, d.rows),
    start = rowStart(d, first)
  beginPiece(start, rowStart(d, end) - start, rowStart(d, min(last * GROUP_ROWS, d.rows)), n)
  const strip = max(16, STRIP_FLOATS / d.cols) & ~1
  for (let i = 0; i < n; i += strip)
    stripFloats(d, first, end, x, xStride, list, div, i, min(i + strip, n), out, outStride)
  endPiece()
}

/** Where row `row` is; blocks, of which nothing is read ahead here, have no stride. @inline */
function rowStart(d: Matrix, row: i32): usize {
  return d.data + <usize>row * d.stride
}

/** Rows [i0, i1) of x: four rows of weights are widened to f32 a chunk at a time, unless they are f32, and used for all of them. */
function stripFloats(
  d: Matrix,
  first: i32,
  end: i32,
  x: usize,
  xStride: usize,
  list: usize,
  div: i32,
  i0: i32,
  i1: i32,
  out: usize,
  outStride: usize,
): void {
  const K = d.cols,
    N = d.rows,
    stride = d.stride, // 0 for blocks
    sums = scratch + <usize>linearSumsAt(),
    few = fewRows(d)
  for (let row = first; row < end; row += 4) {
    const rows = min(4, N - row),
      fp8 = isFp8(d),
      stored = d.format == F32 && rows == 4
    const inPlace = i1 - i0 <= few && isGroup(d, row, rows)
    for (let col = 0; col < K; col += CHUNK_COLUMNS) {
      if (!inPlace) readAheadOf(rowStart(d, row) + (((<usize>col * stride) / <usize>K) << 2))
      const width = min(CHUNK_COLUMNS, K - col)
      // The four rows as f32, and bytes from one to the next.
      let from = scratch,
        apart = (<usize>CHUNK_COLUMNS) << 2
      if (stored) {
        apart = stride
        from = rowStart(d, row) + ((<usize>col) << 2)
      } else if (!inPlace) {
        if (fp8) widenFp8(d, row, col, width)
        else dequantize(d, row, col, width, scratch)
      }
      let i = i0
      if (!inPlace && (width & 7) == 0)
        for (; i + 1 < i1; i += 2) {
          const a = listed(list, i),
            b = listed(list, i + 1),
            xAt = (<usize>col) << 2,
            outAt = (<usize>row) << 2
          twoRows(
            d,
            row,
            col,
            width,
            from,
            apart,
            x + <usize>(a / div) * xStride + xAt,
            x + <usize>(b / div) * xStride + xAt,
            sums,
          )
          addSums(out + <usize>a * outStride + outAt, v128.load(sums), rows, col)
          addSums(out + <usize>b * outStride + outAt, v128.load(sums, 16), rows, col)
        }
      for (; i < i1; i++) {
        const id = listed(list, i)
        const px = x + <usize>(id / div) * xStride + ((<usize>col) << 2)
        let four: v128
        if (inPlace) four = fp8 ? dotFp8(d, row, col, width, px) : dotHalves(d, row, col, width, px)
        else if (fp8) {
          // an odd row goes with itself, in the same time
          twoRows(d, row, col, width, from, apart, px, px, sums)
          four = v128.load(sums)
        } else four = dot4rows(px, width, from, apart)
        addSums(out + <usize>id * outStride + ((<usize>row) << 2), four, rows, col)
      }
    }
  }
}

/**
 * to[x, y][4]: two rows of x times columns [col, col + width) of four rows of weights, which lie at `from`, `stride` bytes apart. Of fp8, sums of blocks
 * times their scales.
 */
function twoRows(
  d: Matrix,
  row: i32,
  col: i32,
  width: i32,
  from: usize,
  stride: usize,
  x: usize,
  y: usize,
  to: usize,
): void {
  const part = to + 32
  if (!isFp8(d)) {
    sums8(x, y, from, stride, width, part)
    v128.store(to, halves4(part))
    v128.store(to, halves4(part + 128), 16)
    return
  }
  const blockCols = d.blockCols,
    s0 = scalesAt(d, rowAt(d, row, 0)),
    s1 = scalesAt(d, rowAt(d, row, 1)),
    s2 = scalesAt(d, rowAt(d, row, 2)),
    s3 = scalesAt(d, rowAt(d, row, 3))
  let a = f32x4.splat(0),
    b = a
  for (let end = col + width, stop = col; col < end; col = stop) {
    const block = col / blockCols
    stop = min(end, (block + 1) * blockCols)
    sums8(x, y, from, stride, stop - col, part)
    const scales = scales4(s0, s1, s2, s3, (<usize>block) << 2)
    a = madd(halves4(part), scales, a)
    b = madd(halves4(part + 128), scales, b)
    const bytes = (<usize>(stop - col)) << 2
    x += bytes
    y += bytes
    from += bytes
  }
  v128.store(to, a)
  v128.store(to, b, 16)
}

/** @inline */
export function listed(list: usize, i: i32): i32 {
  return list ? load<i32>(list + ((<usize>i) << 2)) : i
}

/** Adds the sums of a chunk to those of the columns before `col`. @inline */
export function addSums(out: usize, sums: v128, rows: i32, col: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = out + ((<usize>r) << 2),
      s = lane(sums, r)
    store<f32>(p, col ? load<f32>(p) + s : s)
  }
}

/** @inline */
export function lane(v: v128, r: i32): f32 {
  if (r == 0) return f32x4.extract_lane(v, 0)
  if (r == 1) return f32x4.extract_lane(v, 1)
  if (r == 2) return f32x4.extract_lane(v, 2)
  return f32x4.extract_lane(v, 3)
}
