/** Mixtures of experts: the choice, and the matrices of those chosen. */
import { invariant } from '../../../errors.js'
import type { ExpertsOp, RouteOp, Weight } from '../../../graph/ops.js'
import { GROUP_ROWS } from '../../cpu/records.js'
import { activationWords, at, temporary, type Buffer, type Lowering, type Word } from './lowering.js'

/** Codes of kernels/cpu/route.ts. */
const SCORING: Record<RouteOp['scoring'], number> = {
  softmax: 0,
  sigmoid: 1,
  chosenSoftmax: 2,
  chosenSigmoid: 3,
  sqrtsoftplus: 4,
}

export function route(op: RouteOp, bank: number, to: Lowering): void {
  const out = to.bufferOf(op.out, bank)
  const bias = to.dataOf(op.bias)
  const words = [...to.view(op.logits, bank), bias, at(out), out.rowBytes, op.logits.width, op.topK]
  const rule = [SCORING[op.scoring], op.nGroups, op.topkGroups, op.groupScore === 'top2sum' ? 1 : 0]
  const divide = [op.normalize ? 1 : 0, { f32: op.scale }, { f32: op.epsilon }, 0, to.dataOf(op.table)]
  const reads = [to.bufferOf(op.logits.value, bank)]
  to.push('route', bank, out, 1, [...words, ...rule, ...divide], reads, [out])
}

/** A buffer with a row for each pair (token, slot), and how a kernel finds a pair's row in it. */
interface PairRows {
  readonly buffer: Buffer
  /** Address and row bytes. */
  readonly words: readonly Word[]
  /** Pairs that share a row: topK where it is the token's. */
  readonly pairsPerRow: number
  readonly integer: boolean
}

/** route's pairs sorted by expert; gate and up for each pair; their product; down; the weighted sum. A part leaves out pairs of others. */
export function experts(op: ExpertsOp, bank: number, to: Lowering): void {
  const X = op.gate.length
  const { topK, part = { first: 0, adds: false } } = op
  const F = op.gate[0]!.shape[0]!
  const D = op.x.width
  const routing = to.bufferOf(op.routing, bank)
  const plan = temporary('plan', topK * 4, (2 * X + 2) * 4)
  to.push(
    'planExperts',
    bank,
    routing,
    1,
    [at(routing), routing.rowBytes, topK, at(plan), X, part.first],
    [routing],
    [plan],
  )
  const pairs = (name: string, width: number): Buffer => temporary(name, width * 4, 0, topK)
  const [gate, up, hidden, y] = [pairs('gate', F), pairs('up', F), pairs('hidden', F), pairs('y', D)]
  const multiply = (
    x: PairRows,
    weights: readonly Weight[],
    bias: readonly Weight[] | undefined,
    out: Buffer,
  ): void => {
    const placed = weights.map((w) => to.weight(w.name))
    const biases = bias ? { pointers: bias.map((w) => to.weight(w.name)), to: 'data' as const } : 0
    invariant(
      placed.every((p) => to.isInteger(p) === x.integer),
      'experts in formats of both kinds',
    )
    const groups = Math.ceil(weights[0]!.shape[0]! / GROUP_ROWS)
    const matrices = { pointers: placed, to: 'descriptors' as const }
    const words = [
      ...x.words,
      matrices,
      at(out),
      out.rowBytes,
      at(plan),
      x.integer ? 1 : 0,
      X,
      x.pairsPerRow,
      groups,
      biases,
    ]
    to.push('linear_experts', bank, out, topK, words, [x.buffer, plan], [out])
  }
  const x = inputs(op, routing, bank, to)
  multiply(x, op.gate, op.gateBias, gate)
  multiply(x, op.up, op.upBias, up)
  const mul = [at(gate), gate.rowBytes, at(up), up.rowBytes, at(hidden), hidden.rowBytes, F]
  const activation = activationWords(op.activation)
  to.push('gatedMul', bank, hidden, topK, [...mul, ...activation], [gate, up], [hidden])
  const integer = to.isInteger(to.weight(op.down[0]!.name))
  const h = integer ? to.quantizeBuffer(hidden, at(hidden), F, topK, bank) : hidden
  multiply({ buffer: h, words: [at(h), h.rowBytes], pairsPerRow: 1, integer }, op.down, op.downBias, y)
  const out = to.bufferOf(op.out.value, bank)
  const combine = [at(y), y.rowBytes, at(routing), routing.rowBytes, topK, ...to.view(op.out, bank), D]
  const weighted = op.weighted === 'output' ? 1 : 0
  const words = [...combine, weighted, X, part.first, part.adds ? 1 : 0]
  to.push('combineExperts', bank, out, 1, words, [y, routing, ...(part.adds ? [out] : [])], [out])
}

/** What gate and up multiply: the token's row, or one for each pair where the weights are on the inputs. */
function inputs(op: ExpertsOp, routing: Buffer, bank: number, to: Lowering): PairRows {
  const { topK } = op
  const D = op.x.width
  const integer = to.isInteger(to.weight(op.gate[0]!.name))
  const source = to.bufferOf(op.x.value, bank)
  if (op.weighted === 'output') {
    const x = integer ? to.quantize(op.x, bank) : source
    return { buffer: x, words: integer ? [at(x), x.rowBytes] : to.view(op.x, bank), pairsPerRow: topK, integer }
  }
  const scaled = temporary('inputs', D * 4, 0, topK)
  const words = [...to.view(op.x, bank), at(routing), routing.rowBytes, topK, at(scaled), scaled.rowBytes, D]
  to.push('scaleExperts', bank, scaled, 1, words, [source, routing], [scaled])
  const x = integer ? to.quantizeBuffer(scaled, at(scaled), D, topK, bank) : scaled
  return { buffer: x, words: [at(x), x.rowBytes], pairsPerRow: 1, integer }
}
