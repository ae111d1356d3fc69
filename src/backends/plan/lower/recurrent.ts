/** Recurrent layers: short convolutions, the delta rule, and the gates around them. */
import type { RecurrentState } from '../../../graph/ops.js'
import { allOps, type Program } from '../../../graph/program.js'
import {
  DELTA_CHUNK,
  type CopyHeadsOp,
  type DecayOp,
  type DeltaRuleOp,
  type GatedNormOp,
  type ShortConvOp,
  type SigmoidGateOp,
} from '../../../graph/ops/recurrent.js'
import type { Lowering } from './lowering.js'

export function shortConv(op: ShortConvOp, bank: number, to: Lowering): void {
  const words = [...to.view(op.x, bank), to.dataOf(op.weight), ...to.view(op.out, bank), op.x.width]
  const state = nameOf(op.recurrent)
  const buffer = to.bufferOf(op.out.value, bank)
  const reads = [to.bufferOf(op.x.value, bank), state]
  to.push('shortConv', bank, buffer, 1, [...words, { slotOffset: op.recurrent.id }], reads, [buffer, state])
}

export function decay(op: DecayOp, bank: number, to: Lowering): void {
  const { nHeads, bound, rate, bias } = op
  const rule = [bound === undefined ? 0 : 1, { f32: bound ?? 0 }]
  const words = [...to.view(op.x, bank), to.dataOf(rate), to.dataOf(bias), ...to.view(op.out, bank)]
  to.elementwise('decay', bank, op.x, [...words, nHeads, op.x.width / nHeads, ...rule], [op.x], op.out)
}

export function deltaRule(op: DeltaRuleOp, bank: number, to: Lowering): void {
  const { nHeads, nKeyHeads, keyDim, valueDim } = op
  const inputs = [op.q, op.k, op.v, op.decay, op.beta]
  const words = [...inputs, op.out].flatMap((x) => to.view(x, bank))
  const shape = [nHeads, nHeads / nKeyHeads, keyDim, valueDim, op.decay.width > nHeads ? 1 : 0]
  const state = nameOf(op.recurrent)
  const buffer = to.bufferOf(op.out.value, bank)
  const reads = [...inputs.map((x) => to.bufferOf(x.value, bank)), state]
  const all = [...words, ...shape, { slotOffset: op.recurrent.id }]
  to.push('deltaRule', bank, buffer, 1, all, reads, [buffer, state])
}

export function gatedNorm(op: GatedNormOp, bank: number, to: Lowering): void {
  const { x, gate, heads } = op
  const words = [...to.view(x, bank), ...to.view(gate, bank), to.dataOf(op.weight), ...to.view(op.out, bank)]
  const shape = [heads, x.width / heads, { f32: op.eps }, op.activation === 'sigmoid' ? 1 : 0]
  to.elementwise('gatedNorm', bank, x, [...words, ...shape], [x, gate], op.out)
}

export function sigmoidGate(op: SigmoidGateOp, bank: number, to: Lowering): void {
  const { x, gate } = op
  const words = [...to.view(x, bank), ...to.view(gate, bank), ...to.view(op.out, bank), x.width]
  to.elementwise('sigmoidGate', bank, x, [...words, gate.width === x.width ? 0 : 1], [x, gate], op.out)
}

export function copyHeads(op: CopyHeadsOp, bank: number, to: Lowering): void {
  const { x, out } = op
  const words = [...to.head(x, bank), x.stride * 4, ...to.head(out, bank), out.stride * 4, op.nHeads, op.width * 4]
  to.pushHeads('copyHeads', bank, words, x, out)
}

/** Scratch of deltaRule (chunkKeys): for each token of a chunk products and keys, then three rows; or an edge of 16 floats. */
export function deltaBytes(program: Program): number {
  const needs = allOps(program).map(({ op }) =>
    op.op === 'deltaRule' ? DELTA_CHUNK * 4 * (2 * DELTA_CHUNK + 2 * op.keyDim) + Math.max(64, 12 * op.keyDim) : 0,
  )
  return Math.max(0, ...needs)
}

function nameOf(state: RecurrentState): string {
  return `recurrent ${state.id}`
}
