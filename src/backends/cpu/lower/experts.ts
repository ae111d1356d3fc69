/** Mixtures of experts: the choice, and the matrices of those chosen. */
import type { ExpertsOp, RouteOp } from '../../../graph/ops.js'
import { GROUP_ROWS } from '../records.js'
import { activationCode, at, temporary, type Buffer, type Lowering, type Word } from './lowering.js'

/** Codes of kernels/cpu/route.ts. */
const SCORING: Record<RouteOp['scoring'], number> = { softmax: 0, sigmoid: 1, sqrtsoftplus: 4 }

export function route(op: RouteOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  const bias = to.dataOf(op.bias)
  const words = [...to.view(op.logits, bank), bias, at(out), out.rowBytes, op.logits.width, op.topK]
  const rule = [SCORING[op.scoring], op.nGroups, op.topkGroups, op.groupScore === 'top2sum' ? 1 : 0]
  const reads = [to.bufferOf(op.logits.value, bank)]
  to.push(
    'route',
    bank,
    out,
    1,
    [...words, ...rule, op.normalize ? 1 : 0, { f32: op.scale }, 0, 0, to.dataOf(op.table)],
    reads,
    [out],
  )
}

/** route's pairs sorted by expert; gate and up for each pair; their product; down; the weighted sum. */
export function experts(op: ExpertsOp, bank: number, to: Lowering): void {
  const X = op.gate.length
  const { topK } = op
  const F = op.gate[0]!.shape[0]!
  const D = op.x.width
  const routing = to.bufferOf(op.routing, bank)
  const plan = temporary('plan', topK * 4, (2 * X + 2) * 4)
  to.push('planExperts', bank, routing, 1, [at(routing), routing.rowBytes, topK, at(plan), X], [routing], [plan])
  const pairs = (name: string, width: number): Buffer => temporary(name, width * 4, 0, topK)
  const [gate, up, hidden, y] = [pairs('gate', F), pairs('up', F), pairs('hidden', F), pairs('y', D)]
  const integer = to.isInteger(to.weight(op.gate[0]!.name))
  const x = integer ? to.quantize(op.x, bank) : to.bufferOf(op.x.value, bank)
  const xWords = integer ? [at(x), x.rowBytes] : to.view(op.x, bank)
  const matrices = (names: ExpertsOp['gate']): Word => ({ pointers: names.map((w) => to.weight(w.name)) })
  for (const [weights, out] of [
    [op.gate, gate],
    [op.up, up],
  ] as const) {
    const words = [
      ...xWords,
      matrices(weights),
      at(out),
      out.rowBytes,
      at(plan),
      integer ? 1 : 0,
      X,
      topK,
      Math.ceil(F / GROUP_ROWS),
    ]
    to.push('linear_experts', bank, out, topK, words, [x, plan], [out])
  }
  const mul = [
    at(gate),
    gate.rowBytes,
    at(up),
    up.rowBytes,
    at(hidden),
    hidden.rowBytes,
    F,
    activationCode(op.activation),
  ]
  to.push('gatedMul', bank, hidden, topK, mul, [gate, up], [hidden])
  const downInteger = to.isInteger(to.weight(op.down[0]!.name))
  const h = downInteger ? to.quantizeBuffer(hidden, at(hidden), F, topK, bank) : hidden
  const down = [
    at(h),
    h.rowBytes,
    matrices(op.down),
    at(y),
    y.rowBytes,
    at(plan),
    downInteger ? 1 : 0,
    X,
    1,
    Math.ceil(D / GROUP_ROWS),
  ]
  to.push('linear_experts', bank, y, topK, down, [h, plan], [y])
  const out = to.bufferOf(op.out.value, bank)
  const combine = [at(y), y.rowBytes, at(routing), routing.rowBytes, topK, ...to.view(op.out, bank), D]
  to.push('combineExperts', bank, out, 1, combine, [y, routing], [out])
}
