/** Matrices times activations. */
import type { HeadLinearOp, LinearOp } from '../../../graph/ops.js'
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
  const words = [
    ...to.head(x, bank),
    to.descriptor(op.weight),
    ...to.head(out, bank),
    nHeads,
    x.stride * 4,
    out.stride * 4,
    rowOffset,
    rowStride,
    rows,
    op.transposed ? 1 : 0,
  ]
  to.pushHeads('headLinear', bank, words, x, out)
}
