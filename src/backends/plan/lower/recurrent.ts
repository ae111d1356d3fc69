/** Recurrent layers: short convolutions, the delta rule, and the gates around them. */
import type { CopyHeadsOp, DecayOp, DeltaRuleOp, GatedNormOp, ShortConvOp, SigmoidGateOp } from '../../../graph/ops.js'
import type { Lowering } from './lowering.js'

export function shortConv(op: ShortConvOp, to: Lowering): void {
  to.push('shortConv', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x) },
    writes: { out: to.view(op.out), state: { recurrent: op.recurrent.id } },
    weights: { weight: to.weight(op.weight.name) },
    ints: { columns: op.x.width },
  })
}

export function decay(op: DecayOp, to: Lowering): void {
  const { nHeads: heads, bound, rate, bias } = op
  to.push('decay', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x) },
    writes: { out: to.view(op.out) },
    weights: { rate: to.weight(rate.name), bias: to.weight(bias.name) },
    ints: { heads, width: op.x.width / heads, bounded: bound === undefined ? 0 : 1 },
    floats: { bound: bound ?? 0 },
  })
}

export function deltaRule(op: DeltaRuleOp, to: Lowering): void {
  const { nHeads: heads, nKeyHeads, keyDim, valueDim, q, k, v, beta } = op
  const perChannel = op.decay.width > heads ? 1 : 0
  to.push('deltaRule', to.bufferOf(op.out.value), {
    reads: { q: to.view(q), k: to.view(k), v: to.view(v), decay: to.view(op.decay), beta: to.view(beta) },
    writes: { out: to.view(op.out), state: { recurrent: op.recurrent.id } },
    ints: { heads, group: heads / nKeyHeads, keyDim, valueDim, perChannel },
  })
}

export function gatedNorm(op: GatedNormOp, to: Lowering): void {
  const { x, heads } = op
  to.push('gatedNorm', to.bufferOf(op.out.value), {
    reads: { x: to.view(x), gate: to.view(op.gate) },
    writes: { out: to.view(op.out) },
    weights: { weight: to.weight(op.weight.name) },
    ints: { heads, width: x.width / heads, sigmoid: op.activation === 'sigmoid' ? 1 : 0 },
    floats: { eps: op.eps },
  })
}

export function sigmoidGate({ x, gate, out }: SigmoidGateOp, to: Lowering): void {
  to.push('sigmoidGate', to.bufferOf(out.value), {
    reads: { x: to.view(x), gate: to.view(gate) },
    writes: { out: to.view(out) },
    ints: { columns: x.width, shared: gate.width === x.width ? 0 : 1 },
  })
}

export function copyHeads({ x, out, nHeads: heads, width }: CopyHeadsOp, to: Lowering): void {
  to.push('copyHeads', to.bufferOf(out.value), {
    reads: { x: to.view(x) },
    writes: { out: to.view(out) },
    ints: { xHeadBytes: x.stride * 4, outHeadBytes: out.stride * 4, heads, bytes: width * 4 },
  })
}
