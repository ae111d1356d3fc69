// The gate and the up matrix of a gated MLP, and their product, in one. Of many rows a few columns at a time, so that neither is written as
// a whole; of few rows each matrix as one stream.
import { GATED_FEW_ROWS, GROUP_ROWS, GatedLinearRecord } from '../contract.generated'
import { barrier, beginPieces, endOwn, firstOwn, nextPiece, rowsOf, scratch } from '../control'
import { gatedMulRow } from '../elementwise'
import { groupsPerPiece, linearPieces } from './linear'
import { STRIP, linearInt } from './linear-int'
import { GATED_FLOATS, gatedAt } from '../scratch.generated'

/** x: rows of `quantize` with `outlier`; both matrices are of blocks and have as many rows. */
export function gatedLinear(rec: GatedLinearRecord): void {
  const rows = rowsOf(rec),
    groups = (rec.gate.rows + GROUP_ROWS - 1) / GROUP_ROWS
  if (rows <= GATED_FEW_ROWS) return gatedWhole(rec, rows, groups)
  // A piece is of both matrices, and so of half as many groups.
  const size = groupsPerPiece(groups / 2, rows),
    pieces = (groups + size - 1) / size
  beginPieces()
  for (let i = nextPiece(pieces); i >= 0; i = nextPiece(pieces))
    for (let from = 0; from < rows; from += STRIP)
      gatedStrip(rec, i * size, min((i + 1) * size, groups), from, min(STRIP, rows - from))
}

/** The gate to `out`, then up, and then each thread a part of the columns. */
function gatedWhole(rec: GatedLinearRecord, n: i32, groups: i32): void {
  const columns = rec.gate.rows,
    stride = (<usize>columns) << 2,
    outStride = rec.outStride
  linearPieces(rec.gate, rec.x, rec.xStride, rec.out, outStride, 0, 1, n)
  linearPieces(rec.up, rec.x, rec.xStride, rec.few, stride, 0, 1, n)
  if (barrier()) return // nobody wants the step
  const from = firstOwn(groups) * GROUP_ROWS,
    count = min(endOwn(groups) * GROUP_ROWS, columns) - from
  let up = rec.few + ((<usize>from) << 2),
    out = rec.out + ((<usize>from) << 2)
  for (let i = 0; i < n; i++, up += stride, out += outStride) gatedRow(out, up, out, count, rec)
}

/** Row groups [g0, g1) of both for rows [from, from + n) of x. */
function gatedStrip(rec: GatedLinearRecord, g0: i32, g1: i32, from: i32, n: i32): void {
  const gate = rec.gate,
    up = rec.up,
    xStride = rec.xStride,
    outStride = rec.outStride,
    x = rec.x + <usize>from * xStride
  // As many as there is room for, in pairs, which panels are made of.
  const each = max(2, (GATED_FLOATS / (GROUP_ROWS * n)) & ~1),
    stride = (<usize>each) << 5,
    gates = scratch + <usize>gatedAt(),
    ups = gates + ((<usize>GATED_FLOATS) << 2)
  for (let g = g0; g < g1; g += each) {
    const end = min(g + each, g1),
      columns = min(end * GROUP_ROWS, gate.rows) - g * GROUP_ROWS,
      first = (<usize>g) << 5
    linearInt(gate, g, end, end, x, xStride, 0, 1, n, gates - first, stride, true)
    linearInt(up, g, end, end, x, xStride, 0, 1, n, ups - first, stride, true)
    let out = rec.out + <usize>from * outStride + first
    for (let i: usize = 0; i < <usize>n * stride; i += stride, out += outStride)
      gatedRow(gates + i, ups + i, out, columns, rec)
  }
}

/** @inline */
function gatedRow(gate: usize, up: usize, out: usize, n: i32, rec: GatedLinearRecord): void {
  gatedMulRow(gate, up, out, n, rec.activation, rec.alpha, rec.limit, rec.upOffset)
}
