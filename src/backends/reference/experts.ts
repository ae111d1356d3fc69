import type { RouteOp } from '../../graph/ops.js'

/** RouteOp's rule for one token: chosen ids and weights, best first. logits [X], bias [X] or absent. */
export function route(
  op: RouteOp,
  logits: Float32Array,
  bias: Float32Array | undefined,
): { ids: number[]; weights: number[] } {
  const scores = op.scoring === 'sigmoid' ? Array.from(logits, (l) => 1 / (1 + Math.exp(-l))) : softmax(logits)
  let keys = scores.map((s, e) => s + (bias?.[e] ?? 0))
  if (op.nGroups > 1) keys = keepBestGroups(op, keys)
  const order = keys.map((key, e) => ({ key, e })).sort((a, b) => b.key - a.key || a.e - b.e)
  const ids = order.slice(0, op.topK).map(({ e }) => e)
  const sum = ids.reduce((total, e) => total + scores[e]!, 0)
  const factor = op.scale / (op.normalize ? sum + 1e-20 : 1)
  return { ids, weights: ids.map((e) => scores[e]! * factor) }
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
