/** Matrices times activations by plain loops. */
import type { HeadLinearOp, LinearOp } from '../../graph/ops.js'
import { multiply } from './arithmetic.js'
import type { StepContext } from './step.js'

export function linear(op: LinearOp, { buf, weights }: StepContext): void {
  const bias = op.bias && weights.of(op.bias)
  for (let t = 0; t < buf.rows(op.x.value); t++) {
    const y = multiply(weights.of(op.weight), 0, op.out.width, buf.view(op.x, t))
    buf.view(op.out, t).set(bias ? y.map((v, i) => v + bias[i]!) : y)
  }
}

export function headLinear(op: HeadLinearOp, { step, buf, weights }: StepContext): void {
  const W = weights.of(op.weight)
  const K = op.weight.shape[1]!
  for (let t = 0; t < step.tokens.length; t++)
    for (let h = 0; h < op.nHeads; h++) {
      const first = op.rowOffset + h * op.rowStride
      if (!op.transposed) {
        buf.head(op.out, t, h, op.rows).set(multiply(W, first, op.rows, buf.head(op.x, t, h, K)))
        continue
      }
      const x = buf.head(op.x, t, h, op.rows)
      const out = buf.head(op.out, t, h, K)
      for (let j = 0; j < K; j++) {
        let sum = 0
        for (let i = 0; i < op.rows; i++) sum += W[(first + i) * K + j]! * x[i]!
        out[j] = sum
      }
    }
}
