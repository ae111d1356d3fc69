/** Matrices times activations. */
import type { HeadLinearOp, LinearOp } from '../../../graph/ops.js'
import { view } from '../../../graph/builder.js'
import { GROUP_ROWS, X_BLOCK_BYTES } from '../../cpu/records.js'
import { at, type Lowering } from './lowering.js'

export function linear(op: LinearOp, bank: number, to: Lowering): void {
  const placed = to.weight(op.weight.name)
  const out = to.bufferOf(op.out.value, bank)
  const integer = to.isInteger(placed)
  const x = integer ? to.quantize(op.x, bank) : to.bufferOf(op.x.value, bank)
  const xWords = integer ? [at(x), x.rowBytes] : to.view(op.x, bank)
  const bias = to.dataOf(op.bias)
  const words = [...xWords, to.descriptor(op.weight), ...to.view(op.out, bank), bias, integer ? 1 : 0]
  to.push('linear', bank, out, 1, words, [x], [out])
}

export function headLinear(op: HeadLinearOp, bank: number, to: Lowering): void {
  const { x, out, nHeads, rowOffset, rowStride, rows } = op
  const integer = wholeBlocks(op) && to.isInteger(to.weight(op.weight.name))
  const source = integer ? to.quantize(view(x.value), bank) : to.bufferOf(x.value, bank)
  const bytes = (columns: number): number => (integer ? (columns / 32) * X_BLOCK_BYTES : columns * 4)
  const words = [
    ...[at(source, bytes(x.offset)), source.rowBytes],
    to.descriptor(op.weight),
    ...to.head(out, bank),
    nHeads,
    bytes(x.stride),
    out.stride * 4,
    rowOffset,
    rowStride,
    rows,
    op.transposed ? 1 : 0,
    integer ? 1 : 0,
  ]
  to.push('headLinear', bank, to.bufferOf(out.value, bank), 1, words, [source], [to.bufferOf(out.value, bank)])
}

/** Whether every head begins at a block of activations and at a group of the matrix's rows. */
function wholeBlocks({ x, weight, rowOffset, rowStride, rows, transposed }: HeadLinearOp): boolean {
  const columns = [x.offset, x.stride, weight.shape[1]!]
  return (
    !transposed && columns.every((n) => n % 32 === 0) && [rowOffset, rowStride, rows].every((n) => n % GROUP_ROWS === 0)
  )
}
