/** Attention to chosen positions by plain loops. */
import type { CacheState, CompressOp, IndexOp, SparseAttentionOp, View } from '../../graph/ops.js'
import { textLengthsOf } from '../backend.js'
import { softmaxSum } from './arithmetic.js'
import type { PagedRows } from './paged-rows.js'
import type { StepContext } from './step.js'
import { torchTopK } from './torch-topk.js'

export function index(op: IndexOp, context: StepContext): void {
  const { step, buf } = context
  const keys = append(op.k, op.state, context)
  const ends = textLengthsOf(step)
  const { every } = op.state
  for (let t = 0; t < step.tokens.length; t++) {
    const weights = buf.view(op.weights, t)
    const score = (p: number): number => {
      const key = keys.row(step, t, p)
      let sum = 0
      for (let h = 0; h < op.nHeads; h++)
        sum += weights[h]! * Math.max(0, dot(buf.view(op.q, t).subarray(h * op.dim, (h + 1) * op.dim), key))
      return sum * op.scale
    }
    const seen = rowsUpTo(step.positions[t]!, op.state)
    // a row as long as the text: nothing after the token
    const row = new Float32Array(Math.floor(ends[t]! / every)).fill(-Infinity)
    row.set(seen.map(score))
    const best = seen.length <= op.topK ? seen.map((_, i) => i) : Array.from(torchTopK(row, op.topK))
    if (isTied(row, best)) context.tied.add(t)
    buf
      .row(op.out, t)
      .fill(-1)
      .set(best.map((i) => (i + 1) * every - 1))
  }
}

/** Whether some score equals the worst of the best and is not among them. */
function isTied(row: Float32Array, best: readonly number[]): boolean {
  const worst = best.reduce((least, i) => Math.min(least, row[i]!), Infinity)
  return row.filter((score) => score === worst).length > best.filter((i) => row[i] === worst).length
}

export function sparseAttention(op: SparseAttentionOp, context: StepContext): void {
  const { step, buf, weights } = context
  const width = op.rank + op.ropeDim
  const latents = append(op.latent, op.state, context)
  const others = op.entry && op.entries ? append(op.entry, op.entries, context) : latents
  const sinks = op.sinks && weights.of(op.sinks)
  for (let t = 0; t < step.tokens.length; t++) {
    const own = step.positions[t]!
    const near = rowsUpTo(own, op.state).filter((p) => p > own - op.window)
    const listed = op.chosen ? Array.from(buf.row(op.chosen, t)).filter((p) => p >= 0) : undefined
    const far = listed ?? (op.entries ? rowsUpTo(own, op.entries) : [])
    const rows = [...near.map((p) => latents.row(step, t, p)), ...far.map((p) => others.row(step, t, p))]
    for (let h = 0; h < op.nHeads; h++) {
      const q = buf.view(op.q, t).subarray(h * width, (h + 1) * width)
      const out = buf.view(op.out, t).subarray(h * op.rank, (h + 1) * op.rank)
      softmaxSum(
        rows.map((row) => dot(q, row) * op.scale),
        rows,
        sinks?.[h],
        out,
      )
    }
  }
}

export function compress(op: CompressOp, context: StepContext): void {
  const { step, buf, weights, keysOf, valuesOf } = context
  const { ratio } = op
  const E = op.out.width
  const ape = weights.of(op.ape)
  const [kv, gates] = [keysOf(op.state), valuesOf(op.state)]
  step.positions.forEach((p, t) => {
    const bias = ape.subarray((p % ratio) * op.gate.width, ((p % ratio) + 1) * op.gate.width)
    kv.row(step, t, p).set(buf.view(op.kv, t))
    gates.row(step, t, p).set(buf.view(op.gate, t).map((g, i) => g + bias[i]!))
  })
  step.positions.forEach((p, t) => {
    if ((p + 1) % ratio !== 0) return
    const window = Array.from({ length: ratio }, (_, j) => ({ p: p + 1 - ratio + j, from: op.overlap ? E : 0 }))
    const before = op.overlap ? window.map(({ p }) => ({ p: p - ratio, from: 0 })).filter(({ p }) => p >= 0) : []
    const slots = [...before, ...window]
    const out = buf.row(op.out, t)
    for (let i = 0; i < E; i++) {
      const z = slots.map(({ p, from }) => gates.row(step, t, p)[from + i]!)
      const max = Math.max(...z)
      const e = z.map((v) => Math.exp(v - max))
      const sum = e.reduce((a, b) => a + b, 0)
      out[i] = slots.reduce((total, { p, from }, s) => total + (e[s]! / sum) * kv.row(step, t, p)[from + i]!, 0)
    }
  })
}

/** Writes the rows of this step into a state; those positions that have none are left out. */
function append(x: View, state: CacheState, { step, buf, keysOf }: StepContext): PagedRows {
  const rows = keysOf(state)
  step.positions.forEach((p, t) => {
    if ((p + 1) % state.every === 0) rows.row(step, t, p).set(buf.view(x, t))
  })
  return rows
}

/** Positions up to `own` that have a row in a state, rising. */
function rowsUpTo(own: number, { every }: CacheState): number[] {
  return Array.from({ length: Math.floor((own + 1) / every) }, (_, i) => (i + 1) * every - 1)
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
