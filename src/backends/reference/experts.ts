/** Mixtures of experts by plain loops. */
import type { ExpertsOp, RouteOp, Weight } from '../../graph/ops.js'
import { gated, multiply, sigmoid } from './arithmetic.js'
import type { StepContext } from './step.js'

export function route(op: RouteOp, { step, buf, weights }: StepContext): void {
  const bias = op.bias && weights.of(op.bias)
  const table = op.table && weights.of(op.table)
  for (let t = 0; t < step.tokens.length; t++) {
    const row = step.tokens[t]! * op.topK
    const chosen = choose(op, buf.view(op.logits, t), bias, table?.subarray(row, row + op.topK))
    buf.row(op.out, t).set([...chosen.ids, ...chosen.weights])
  }
}

export function experts(op: ExpertsOp, { step, buf, weights }: StepContext): void {
  const { first, adds } = op.part ?? { first: 0, adds: false }
  for (let t = 0; t < step.tokens.length; t++) {
    const x = buf.view(op.x, t)
    const routing = buf.row(op.routing, t)
    const out = adds ? Float64Array.from(buf.view(op.out, t)) : new Float64Array(x.length)
    for (let choice = 0; choice < op.topK; choice++) {
      const e = routing[choice]! - first
      if (!op.gate[e]) continue
      const weight = routing[op.topK + choice]!
      const own = op.weighted === 'input' ? x.map((v) => weight * v) : x
      const plus = (bias: readonly Weight[] | undefined, y: Float32Array): Float32Array =>
        bias ? y.map((v, i) => v + weights.of(bias[e]!)[i]!) : y
      const F = op.gate[e].shape[0]!
      const gate = plus(op.gateBias, multiply(weights.of(op.gate[e]), 0, F, own))
      const up = plus(op.upBias, multiply(weights.of(op.up[e]!), 0, F, own))
      const hidden = gate.map((g, i) => gated(g, up[i]!, op.activation))
      const y = plus(op.downBias, multiply(weights.of(op.down[e]!), 0, x.length, hidden))
      const factor = op.weighted === 'input' ? 1 : weight
      for (let i = 0; i < out.length; i++) out[i]! += factor * y[i]!
    }
    buf.view(op.out, t).set(out)
  }
}

/** RouteOp's rule for one token: chosen ids and weights, best first. logits [X], bias [X] or absent, ids if they are set. */
function choose(
  op: RouteOp,
  logits: Float32Array,
  bias: Float32Array | undefined,
  set: Float32Array | undefined,
): { ids: number[]; weights: number[] } {
  const byLogits = op.scoring === 'chosenSoftmax' || op.scoring === 'chosenSigmoid'
  let scores = SCORES[op.scoring](logits)
  let keys = byLogits ? [...logits] : scores.map((s, e) => s + (bias?.[e] ?? 0))
  if (op.nGroups > 1) keys = keepBestGroups(op, keys)
  const order = keys.map((key, e) => ({ key, e })).sort((a, b) => b.key - a.key || a.e - b.e)
  const ids = set ? Array.from(set) : order.slice(0, op.topK).map(({ e }) => e)
  if (op.scoring === 'chosenSoftmax') scores = softmax(logits.map((l, e) => (ids.includes(e) ? l : -Infinity)))
  const sum = ids.reduce((total, e) => total + scores[e]!, 0)
  const factor = op.scale / (op.normalize ? sum + op.epsilon : 1)
  return { ids, weights: ids.map((e) => scores[e]! * factor) }
}

const SCORES: Record<RouteOp['scoring'], (logits: Float32Array) => number[]> = {
  softmax,
  sigmoid: sigmoids,
  chosenSoftmax: softmax,
  chosenSigmoid: sigmoids,
  // softplus(l) = log(1 + exp(l)), without overflow
  sqrtsoftplus: (logits) => Array.from(logits, (l) => Math.sqrt(Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l))))),
}

function sigmoids(x: Float32Array): number[] {
  return Array.from(x, sigmoid)
}

function softmax(x: Float32Array): number[] {
  const max = x.reduce((a, b) => Math.max(a, b), -Infinity)
  const exps = Array.from(x, (v) => Math.exp(v - max))
  const sum = exps.reduce((a, b) => a + b, 0)
  return exps.map((e) => e / sum)
}

/** Keys of experts outside of the best topkGroups groups become -Infinity. */
function keepBestGroups(op: RouteOp, keys: number[]): number[] {
  const size = keys.length / op.nGroups
  const groups = Array.from({ length: op.nGroups }, (_, g) => {
    const [first, second] = keys.slice(g * size, (g + 1) * size).sort((a, b) => b - a)
    return { g, score: op.groupScore === 'max' ? first! : first! + (second ?? -Infinity) }
  })
  const kept = new Set(
    groups
      .sort((a, b) => b.score - a.score || a.g - b.g)
      .slice(0, op.topkGroups)
      .map(({ g }) => g),
  )
  return keys.map((key, e) => (kept.has(Math.floor(e / size)) ? key : -Infinity))
}
