/** Attention over residuals by plain loops. */
import type { MixResidualsOp } from '../../graph/ops.js'
import type { StepContext } from './step.js'

export function mixResiduals(op: MixResidualsOp, { step, buf, weights }: StepContext): void {
  const [norm, proj] = [weights.of(op.norm), weights.of(op.proj)]
  for (let t = 0; t < step.tokens.length; t++) {
    const rows = op.blocks.map((block) => buf.view(block, t))
    const logits = rows.map((row) => {
      const dot = row.reduce((sum, x, i) => sum + norm[i]! * proj[i]! * x, 0)
      return dot / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length + op.eps)
    })
    const max = Math.max(...logits)
    const exps = logits.map((l) => Math.exp(l - max))
    const total = exps.reduce((a, b) => a + b, 0)
    buf.view(op.out, t).set(rows[0]!.map((_, i) => rows.reduce((sum, row, j) => sum + (exps[j]! / total) * row[i]!, 0)))
  }
}
