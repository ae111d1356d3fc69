/** Mixtures of experts: the choice, and the matrices of those chosen. */
import { invariant } from '../../../errors.js'
import type { ExpertsOp, RouteOp, Weight } from '../../../graph/ops.js'
import { GROUP_ROWS, SCORING } from '../../contract.generated.js'
import type { Buffer, BufferAt } from '../calls.js'
import { activationOf, at, temporary, type Lowering } from './lowering.js'

export function route(op: RouteOp, to: Lowering): void {
  const { logits, topK, nGroups, topkGroups } = op
  const rule = { top2: op.groupScore === 'top2sum' ? 1 : 0, normalize: op.normalize ? 1 : 0 }
  const groups = { groups: nGroups, keptGroups: topkGroups }
  to.push('route', to.bufferOf(op.out), {
    reads: { logits: to.view(logits) },
    writes: { out: to.whole(op.out) },
    weights: { bias: to.optional(op.bias), table: to.optional(op.table) },
    ints: { experts: logits.width, topK, scoring: SCORING[op.scoring], ...groups, ...rule },
    floats: { scale: op.scale, epsilon: op.epsilon },
  })
}

/** Rows for pairs (token, choice), and how a kernel finds a pair's row among them. */
interface PairRows {
  readonly rows: BufferAt
  /** Pairs that share a row: topK where it is the token's. */
  readonly pairsPerRow: number
  readonly integer: boolean
}

/** route's pairs sorted by expert; gate and up for each pair; their product; down; the weighted sum. A part leaves out pairs of others. */
export function experts(op: ExpertsOp, to: Lowering): void {
  const X = op.gate.length
  const { topK, part = { first: 0, adds: false } } = op
  const F = op.gate[0]!.shape[0]!
  const D = op.x.width
  const routing = to.whole(op.routing)
  const plan = temporary('plan', topK * 4, (2 * X + 2) * 4)
  to.push('planExperts', routing.buffer, {
    reads: { routing },
    writes: { plan: at(plan) },
    ints: { topK, experts: X, first: part.first },
  })
  const pairs = (name: string, width: number): Buffer => temporary(name, width * 4, 0, topK)
  const [gate, up, hidden, y] = [pairs('gate', F), pairs('up', F), pairs('hidden', F), pairs('y', D)]
  const x = inputs(op, routing, to)
  multiply(x, plan, op.gate, op.gateBias, gate, to)
  multiply(x, plan, op.up, op.upBias, up, to)
  const { code, floats } = activationOf(op.activation)
  const product = { reads: { gate: at(gate), up: at(up) }, writes: { out: at(hidden) } }
  to.push('gatedMul', hidden, { ...product, ints: { columns: F, activation: code }, floats }, topK)
  const integer = to.isInteger(to.weight(op.down[0]!.name))
  const h = integer ? to.quantizeRows(at(hidden), F, topK) : hidden
  multiply({ rows: at(h), pairsPerRow: 1, integer }, plan, op.down, op.downBias, y, to)
  const weighted = op.weighted === 'output' ? 1 : 0
  to.push('combineExperts', to.bufferOf(op.out.value), {
    reads: { y: at(y), routing },
    writes: { out: to.view(op.out) },
    ints: { topK, columns: D, weighted, experts: X, first: part.first, adds: part.adds ? 1 : 0 },
  })
}

function multiply(
  { rows, pairsPerRow, integer }: PairRows,
  plan: Buffer,
  weights: readonly Weight[],
  bias: readonly Weight[] | undefined,
  out: Buffer,
  to: Lowering,
): void {
  const matrices = weights.map((w) => to.weight(w.name))
  invariant(
    matrices.every((matrix) => to.isInteger(matrix) === integer),
    'experts in formats of both kinds',
  )
  const groups = Math.ceil(weights[0]!.shape[0]! / GROUP_ROWS)
  const call = {
    reads: { x: rows, plan: at(plan) },
    writes: { out: at(out) },
    weights: { matrices, biases: bias?.map((w) => to.weight(w.name)) },
    ints: { integer: integer ? 1 : 0, experts: matrices.length, pairsPerRow, groups },
  }
  to.push('linear_experts', out, call, out.multiple)
}

/** What gate and up multiply: the token's row, or one for each pair where the weights are on the inputs. */
function inputs(op: ExpertsOp, routing: BufferAt, to: Lowering): PairRows {
  const { topK, x } = op
  const integer = to.isInteger(to.weight(op.gate[0]!.name))
  if (op.weighted === 'output') return { rows: integer ? at(to.quantize(x)) : to.view(x), pairsPerRow: topK, integer }
  const scaled = temporary('inputs', x.width * 4, 0, topK)
  to.push('scaleExperts', scaled, {
    reads: { x: to.view(x), routing },
    writes: { out: at(scaled) },
    ints: { topK, columns: x.width },
  })
  const rows = integer ? to.quantizeRows(at(scaled), x.width, topK) : scaled
  return { rows: at(rows), pairsPerRow: 1, integer }
}
