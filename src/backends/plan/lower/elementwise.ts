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
import { activationOf, type Lowering } from './lowering.js'

export function embed(op: EmbedOp, to: Lowering): void {
  to.push('embed', to.bufferOf(op.out), {
    writes: { out: to.whole(op.out) },
    weights: { matrix: to.weight(op.weight.name) },
  })
}

export function rmsNorm(op: RmsNormOp, to: Lowering): void {
  to.push('rmsNorm', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x) },
    writes: { out: to.view(op.out) },
    weights: { weight: to.optional(op.weight) },
    ints: { heads: op.heads, width: op.x.width / op.heads },
    floats: { eps: op.eps, weightOffset: op.weightOffset },
  })
}

export function layerNorm(op: LayerNormOp, to: Lowering): void {
  to.push('layerNorm', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x) },
    writes: { out: to.view(op.out) },
    weights: { weight: to.weight(op.weight.name), bias: to.weight(op.bias.name) },
    ints: { columns: op.x.width },
    floats: { eps: op.eps },
  })
}

export function rope(op: RopeOp, to: Lowering): void {
  const { x, out, nHeads: heads, dim } = op
  const [interleaved, inverse] = [op.pairs === 'interleaved' ? 1 : 0, op.inverse ? 1 : 0]
  to.push('rope', to.bufferOf(out.value), {
    reads: { x: to.view(x), angles: { ropeTable: op.table.id } },
    writes: { out: to.view(out) },
    ints: { xHeadBytes: x.stride * 4, outHeadBytes: out.stride * 4, heads, dim, interleaved, inverse },
  })
}

export function gatedMul(op: GatedMulOp, to: Lowering): void {
  const { code, floats } = activationOf(op.activation)
  to.push('gatedMul', to.bufferOf(op.out.value), {
    reads: { gate: to.view(op.gate), up: to.view(op.up) },
    writes: { out: to.view(op.out) },
    ints: { columns: op.gate.width, activation: code },
    floats,
  })
}

export function scale(op: ScaleOp, to: Lowering): void {
  const { beta, length, shift } = op.temperature ?? { beta: 0, length: 0, shift: 0 }
  to.push('scale', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x) },
    writes: { out: to.view(op.out) },
    ints: { columns: op.x.width, length, shift },
    floats: { factor: op.factor, beta },
  })
}

export function add(op: AddOp, to: Lowering): void {
  to.push('add', to.bufferOf(op.out.value), {
    reads: { a: to.view(op.a), b: to.view(op.b) },
    writes: { out: to.view(op.out) },
    ints: { columns: op.a.width },
  })
}

export function selectRows(op: SelectRowsOp, to: Lowering): void {
  to.push('selectRows', to.bufferOf(op.out), {
    reads: { x: to.view(op.x) },
    writes: { out: to.whole(op.out) },
    ints: { bytes: op.x.width * 4 },
  })
}
