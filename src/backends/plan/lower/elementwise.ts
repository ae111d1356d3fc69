/** Embedding, norms, rotation, sums and products: one row at a time. */
import type {
  AddOp,
  EmbedOp,
  GatedMulOp,
  LayerNormOp,
  RmsNormOp,
  RopeOp,
  ScaleOp,
  SelectRowsOp,
} from '../../../graph/ops.js'
import { activationWords, at, type Lowering } from './lowering.js'

export function embed(op: EmbedOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  to.push('embed', bank, out, 1, [to.descriptor(op.weight), at(out), out.rowBytes], [], [out])
}

export function rmsNorm(op: RmsNormOp, bank: number, to: Lowering): void {
  const width = op.x.width / op.heads
  const w = to.dataOf(op.weight)
  const words = [
    ...to.view(op.x, bank),
    w,
    ...to.view(op.out, bank),
    op.heads,
    width,
    { f32: op.eps },
    { f32: op.weightOffset },
  ]
  to.elementwise('rmsNorm', bank, op.x, words, [op.x], op.out)
}

export function layerNorm(op: LayerNormOp, bank: number, to: Lowering): void {
  const weights = [to.dataOf(op.weight), to.dataOf(op.bias)]
  const words = [...to.view(op.x, bank), ...weights, ...to.view(op.out, bank), op.x.width, { f32: op.eps }]
  to.elementwise('layerNorm', bank, op.x, words, [op.x], op.out)
}

export function rope(op: RopeOp, bank: number, to: Lowering): void {
  const { x, out } = op
  const words = [
    ...to.head(x, bank),
    x.stride * 4,
    ...to.head(out, bank),
    out.stride * 4,
    op.nHeads,
    op.dim,
    op.layout === 'interleaved' ? 1 : 0,
    { rope: op.table.id },
    op.inverse ? 1 : 0,
  ]
  to.pushHeads('rope', bank, words, x, out)
}

export function gatedMul(op: GatedMulOp, bank: number, to: Lowering): void {
  const words = [...to.view(op.gate, bank), ...to.view(op.up, bank), ...to.view(op.out, bank), op.gate.width]
  to.elementwise('gatedMul', bank, op.gate, [...words, ...activationWords(op.activation)], [op.gate, op.up], op.out)
}

export function scale(op: ScaleOp, bank: number, to: Lowering): void {
  const { beta, length, shift } = op.temperature ?? { beta: 0, length: 0, shift: 0 }
  const words = [...to.view(op.x, bank), ...to.view(op.out, bank), op.x.width, { f32: op.factor }]
  to.elementwise('scale', bank, op.x, [...words, length, shift, { f32: beta }], [op.x], op.out)
}

export function add(op: AddOp, bank: number, to: Lowering): void {
  const words = [...to.view(op.a, bank), ...to.view(op.b, bank), ...to.view(op.out, bank), op.a.width]
  to.elementwise('add', bank, op.a, words, [op.a, op.b], op.out)
}

export function selectRows(op: SelectRowsOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  const words = [...to.view(op.x, bank), at(out), out.rowBytes, op.x.width * 4]
  to.push('selectRows', bank, out, 1, words, [to.bufferOf(op.x.value, bank)], [out])
}
