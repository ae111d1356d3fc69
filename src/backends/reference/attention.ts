/** Attention by plain loops. */
import type { AttentionOp, AttentionSpan, MlaAttentionOp } from '../../graph/ops.js'
import { softmaxSum } from './arithmetic.js'
import type { StepContext } from './step.js'

export function attention(op: AttentionOp, { step, buf, weights, keysOf, valuesOf }: StepContext): void {
  const { headDim: E, vHeadDim: Ev } = op
  const [keys, values] = [keysOf(op.state), valuesOf(op.state)]
  const sinks = op.sinks && weights.of(op.sinks)
  const rows = step.tokens.length
  for (let t = 0; t < rows; t++) {
    keys.row(step, t, step.positions[t]!).set(buf.view(op.k, t))
    values.row(step, t, step.positions[t]!).set(buf.view(op.v, t))
  }
  for (let t = 0; t < rows; t++)
    for (let h = 0; h < op.nHeads; h++) {
      const kv = Math.floor(h / (op.nHeads / op.nKvHeads))
      const q = buf.view(op.q, t).subarray(h * E, (h + 1) * E)
      const out = buf.view(op.out, t).subarray(h * Ev, (h + 1) * Ev)
      const keyAt = (p: number) => keys.row(step, t, p).subarray(kv * E, (kv + 1) * E)
      const valueAt = (p: number) => values.row(step, t, p).subarray(kv * Ev, (kv + 1) * Ev)
      const rule = { scale: op.scale, softcap: op.softcap, sink: sinks?.[h] }
      attend(q, firstSeen(op.span, step.positions[t]!), step.positions[t]!, rule, keyAt, valueAt, out)
    }
}

export function mlaAttention(op: MlaAttentionOp, { step, buf, keysOf }: StepContext): void {
  const width = op.rank + op.ropeDim
  const latents = keysOf(op.state)
  const rows = step.tokens.length
  for (let t = 0; t < rows; t++) latents.row(step, t, step.positions[t]!).set(buf.view(op.latent, t))
  for (let t = 0; t < rows; t++)
    for (let h = 0; h < op.nHeads; h++) {
      const q = buf.view(op.q, t).subarray(h * width, (h + 1) * width)
      const out = buf.view(op.out, t).subarray(h * op.rank, (h + 1) * op.rank)
      const latentAt = (p: number) => latents.row(step, t, p)
      attend(q, 0, step.positions[t]!, { scale: op.scale }, latentAt, latentAt, out)
    }
}

/** The first position that a query at `own` sees. */
function firstSeen(span: AttentionSpan | undefined, own: number): number {
  if (!span) return 0
  return span.kind === 'sliding' ? Math.max(0, own - span.length + 1) : own - (own % span.length)
}

/** How scores are made of products, and the score of a head's sink. */
interface ScoreRule {
  readonly scale: number
  readonly softcap?: number | undefined
  readonly sink?: number | undefined
}

/**
 * One query head: softmax(scale * q k^T) v over positions first..own. Writes [vWidth] to out.
 * `keyAt` and `valueAt` give the head's row at a position.
 */
function attend(
  q: Float32Array,
  first: number,
  own: number,
  { scale, softcap, sink }: ScoreRule,
  keyAt: (position: number) => Float32Array,
  valueAt: (position: number) => Float32Array,
  out: Float32Array,
): void {
  const scores: number[] = []
  const values: Float32Array[] = []
  for (let p = first; p <= own; p++) {
    const key = keyAt(p)
    let dot = 0
    for (let i = 0; i < q.length; i++) dot += q[i]! * key[i]!
    scores.push(softcap === undefined ? dot * scale : softcap * Math.tanh((dot * scale) / softcap))
    values.push(valueAt(p))
  }
  softmaxSum(scores, values, sink, out)
}
