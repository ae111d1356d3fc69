/** Hyper-connections: see kernels/cpu/streams.ts. */
import type { CollapseStreamsOp, RepeatOp, StreamWeightsOp, UpdateStreamsOp } from '../../../graph/ops.js'
import { at, type Lowering } from './lowering.js'

export function repeat(op: RepeatOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  const words = [...to.view(op.x, bank), at(out), out.rowBytes, op.x.width * 4, op.times]
  to.push('repeat', bank, out, 1, words, [to.bufferOf(op.x.value, bank)], [out])
}

export function streamWeights(op: StreamWeightsOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  const vectors = [to.dataOf(op.scale), to.dataOf(op.base)]
  const shape = [op.out.width, op.streams, { f32: op.eps }, op.iterations]
  const words = [...to.view(op.m, bank), at(out), out.rowBytes, ...vectors, ...shape]
  to.push('streamWeights', bank, out, 1, words, [to.bufferOf(op.m.value, bank)], [out])
}

export function collapseStreams(op: CollapseStreamsOp, bank: number, to: Lowering): void {
  const [weights, out] = [to.bufferOf(op.weights, bank), to.bufferOf(op.out, bank)]
  const words = [...to.view(op.x, bank), at(weights), weights.rowBytes, at(out), out.rowBytes, op.streams, op.out.width]
  to.push('collapseStreams', bank, out, 1, words, [to.bufferOf(op.x.value, bank), weights], [out])
}

export function updateStreams(op: UpdateStreamsOp, bank: number, to: Lowering): void {
  const weights = to.bufferOf(op.weights, bank)
  const words = [...to.view(op.x, bank), ...to.view(op.y, bank), at(weights), weights.rowBytes]
  const reads = [to.bufferOf(op.x.value, bank), to.bufferOf(op.y.value, bank), weights]
  const out = to.bufferOf(op.out.value, bank)
  to.push('updateStreams', bank, out, 1, [...words, ...to.view(op.out, bank), op.y.width], reads, [out])
}
