/** Matrices times activations. */
import type { HeadLinearOp, LinearOp } from '../../../graph/ops.js'
import { view } from '../../../graph/builder.js'
import { GROUP_ROWS, X_BLOCK_BYTES } from '../../contract.generated.js'
import { at, type Lowering } from './lowering.js'

export function linear(op: LinearOp, to: Lowering): void {
  const matrix = to.weight(op.weight.name)
  const integer = to.isInteger(matrix)
  to.push('linear', to.bufferOf(op.out.value), {
    reads: { x: integer ? at(to.quantize(op.x)) : to.view(op.x) },
    writes: { out: to.view(op.out) },
    weights: { matrix, bias: to.optional(op.bias) },
    ints: { integer: integer ? 1 : 0 },
  })
}

export function headLinear(op: HeadLinearOp, to: Lowering): void {
  const { x, out, nHeads, rowOffset, rowStride, rows, transposed } = op
  const matrix = to.weight(op.weight.name)
  const integer = wholeBlocks(op) && to.isInteger(matrix)
  const source = integer ? to.quantize(view(x.value), false) : to.bufferOf(x.value)
  const bytes = (columns: number): number => (integer ? (columns / 32) * X_BLOCK_BYTES : columns * 4)
  const kind = { transposed: transposed ? 1 : 0, integer: integer ? 1 : 0 }
  const heads = { heads: nHeads, xHeadBytes: bytes(x.stride), outHeadBytes: out.stride * 4 }
  to.push('headLinear', to.bufferOf(out.value), {
    reads: { x: at(source, bytes(x.offset)) },
    writes: { out: to.view(out) },
    weights: { matrix },
    ints: { ...heads, firstRow: rowOffset, rowStride, rows, ...kind },
  })
}

/** Whether every head begins at a block of activations and at a group of the matrix's rows. */
function wholeBlocks({ x, weight, rowOffset, rowStride, rows, transposed }: HeadLinearOp): boolean {
  const columns = [x.offset, x.stride, weight.shape[1]!]
  return (
    !transposed && columns.every((n) => n % 32 === 0) && [rowOffset, rowStride, rows].every((n) => n % GROUP_ROWS === 0)
  )
}
