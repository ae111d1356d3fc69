// One small matrix per head.
import { CHUNK_COLUMNS, GROUP_ROWS, HeadLinearRecord, Matrix } from '../contract.generated'
import { beginPieces, nextPiece, rowsOf, scratch } from '../control'
import { dequantize } from '../weights/dequantize'
import { dot4rows, sums8 } from './float-tiles'
import { addSums } from './linear-floats'
import { linearInt } from './linear-int'
import { linearSumsAt } from '../scratch.generated'
import { halves4, madd } from '../simd'

const CHUNK_BYTES: usize = CHUNK_COLUMNS << 2

/**
 * Rows of a head's matrix that are one piece of work; in latent attention they are few, in DeepSeek-V4's eight groups
 * many.
 */
const HEAD_ROWS: i32 = 64

/** One small matrix per head (see HeadLinearOp). */
export function headLinear(rec: HeadLinearRecord): void {
  const heads = rec.heads,
    d = rec.matrix,
    K = d.cols,
    rows = rec.rows,
    T = rowsOf(rec)
  const xStride = rec.xStride,
    outStride = rec.outStride
  const blocks = rec.transposed ? 1 : (rows + HEAD_ROWS - 1) / HEAD_ROWS
  beginPieces()
  for (let u = nextPiece(heads * blocks); u >= 0; u = nextPiece(heads * blocks)) {
    const h = u / blocks,
      row = (u % blocks) * HEAD_ROWS,
      end = min(row + HEAD_ROWS, rows)
    const x = rec.x + <usize>h * <usize>rec.xHeadBytes,
      out = rec.out + <usize>h * <usize>rec.outHeadBytes
    const first = rec.firstRow + h * rec.rowStride,
      last = (first + end) / GROUP_ROWS
    if (rec.integer)
      linearInt(
        d,
        (first + row) / GROUP_ROWS,
        last,
        last,
        x,
        xStride,
        0,
        1,
        T,
        out - ((<usize>first) << 2),
        outStride,
        false,
      )
    else if (rec.transposed) headLinear_transposed(d, first, rows, K, x, xStride, out, outStride, T)
    else headLinear_rows(d, first + row, end - row, K, x, xStride, out + ((<usize>row) << 2), outStride, T)
  }
}

function headLinear_rows(
  d: Matrix,
  first: i32,
  rows: i32,
  K: i32,
  x: usize,
  xStride: usize,
  out: usize,
  outStride: usize,
  T: i32,
): void {
  const sums = scratch + <usize>linearSumsAt()
  for (let r = 0; r < rows; r += 4)
    for (let col = 0; col < K; col += CHUNK_COLUMNS) {
      const width = min(CHUNK_COLUMNS, K - col),
        four = min(4, rows - r),
        to = out + ((<usize>r) << 2)
      dequantize(d, first + r, col, width, scratch)
      let t = 0
      if ((width & 7) == 0)
        for (; t + 1 < T; t += 2) {
          const px = x + <usize>t * xStride + ((<usize>col) << 2)
          sums8(px, px + xStride, scratch, CHUNK_BYTES, width, sums)
          addSums(to + <usize>t * outStride, halves4(sums), four, col)
          addSums(to + <usize>(t + 1) * outStride, halves4(sums + 128), four, col)
        }
      for (; t < T; t++) {
        const px = x + <usize>t * xStride + ((<usize>col) << 2)
        addSums(to + <usize>t * outStride, dot4rows(px, width, scratch, CHUNK_BYTES), four, col)
      }
    }
}

function headLinear_transposed(
  d: Matrix,
  first: i32,
  rows: i32,
  K: i32,
  x: usize,
  xStride: usize,
  out: usize,
  outStride: usize,
  T: i32,
): void {
  for (let t = 0; t < T; t++) memory.fill(out + <usize>t * outStride, 0, (<usize>K) << 2)
  for (let r = 0; r < rows; r += 4)
    for (let col = 0; col < K; col += CHUNK_COLUMNS) {
      const width = min(CHUNK_COLUMNS, K - col)
      dequantize(d, first + r, col, width, scratch)
      for (let i = 0; i < min(4, rows - r); i++)
        for (let t = 0; t < T; t++)
          axpy(
            load<f32>(x + <usize>t * xStride + ((<usize>(r + i)) << 2)),
            scratch + <usize>i * CHUNK_BYTES,
            out + <usize>t * outStride + ((<usize>col) << 2),
            width,
          )
    }
}

/** y += a x over n columns. @inline */
function axpy(a: f32, x: usize, y: usize, n: i32): void {
  const av = f32x4.splat(a)
  let i = 0
  for (; i + 4 <= n; i += 4, x += 16, y += 16) v128.store(y, madd(av, v128.load(x), v128.load(y)))
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, a * load<f32>(x) + load<f32>(y))
}
