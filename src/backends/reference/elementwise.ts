/** Embedding, norms, rotation, sums and products by plain loops. */
import type {
  AddOp,
  EmbedOp,
  GatedMulOp,
  LayerNormOp,
  RmsNormOp,
  RopeOp,
  ScaleOp,
  SelectRowsOp,
} from '../../graph/ops.js'
import { gated } from './arithmetic.js'
import { writeAngles } from '../plan/angles.js'
import type { StepContext } from './step.js'

export function embed(op: EmbedOp, { step, buf, weights }: StepContext): void {
  step.tokens.forEach((token, t) => {
    const at = token * op.out.width
    buf.row(op.out, t).set(weights.of(op.weight).subarray(at, at + op.out.width))
  })
}

export function rmsNorm(op: RmsNormOp, { buf, weights }: StepContext): void {
  const width = op.x.width / op.heads
  const weight = op.weight && weights.of(op.weight)
  for (let t = 0; t < buf.rows(op.x.value); t++)
    for (let h = 0; h < op.heads; h++) {
      const x = buf.view(op.x, t).subarray(h * width, (h + 1) * width)
      const meanSquare = x.reduce((sum, v) => sum + v * v, 0) / width
      const scale = 1 / Math.sqrt(meanSquare + op.eps)
      buf.view(op.out, t).set(
        x.map((v, i) => v * scale * (weight ? op.weightOffset + weight[i]! : 1)),
        h * width,
      )
    }
}

export function layerNorm(op: LayerNormOp, { buf, weights }: StepContext): void {
  const [weight, bias] = [weights.of(op.weight), weights.of(op.bias)]
  for (let t = 0; t < buf.rows(op.x.value); t++) {
    const x = buf.view(op.x, t)
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length
    const scale = 1 / Math.sqrt(variance + op.eps)
    buf.view(op.out, t).set(x.map((v, i) => (v - mean) * scale * weight[i]! + bias[i]!))
  }
}

export function rope(op: RopeOp, { step, buf }: StepContext): void {
  step.positions.forEach((position, t) => {
    const angles = writeAngles(op.table, [position], new Float64Array(op.dim))
    for (let h = 0; h < op.nHeads; h++) rotate(op, angles, buf.head(op.x, t, h, op.dim), buf.head(op.out, t, h, op.dim))
  })
}

export function gatedMul(op: GatedMulOp, { buf }: StepContext): void {
  for (let t = 0; t < buf.rows(op.gate.value); t++) {
    const [gate, up] = [buf.view(op.gate, t), buf.view(op.up, t)]
    buf.view(op.out, t).set(gate.map((g, i) => gated(g, up[i]!, op.activation)))
  }
}

export function scale(op: ScaleOp, { step, buf }: StepContext): void {
  const { factor, temperature: warm } = op
  for (let t = 0; t < buf.rows(op.x.value); t++) {
    const steps = warm ? Math.floor((step.positions[t]! + warm.shift) / warm.length) : 0
    const by = factor * (warm ? 1 + warm.beta * Math.log(1 + steps) : 1)
    buf.view(op.out, t).set(buf.view(op.x, t).map((v) => v * by))
  }
}

export function add(op: AddOp, { buf }: StepContext): void {
  for (let t = 0; t < buf.rows(op.a.value); t++) {
    const b = buf.view(op.b, t)
    buf.view(op.out, t).set(buf.view(op.a, t).map((a, i) => a + b[i]!))
  }
}

export function selectRows(op: SelectRowsOp, { step, buf }: StepContext): void {
  step.logitRows.forEach((t, r) => buf.row(op.out, r).set(buf.view(op.x, t)))
}

/** Pairs (i, i + dim/2) or (2i, 2i + 1) turned by a position's angles, [cos, sin][dim / 2]; x and out may be the same columns. */
function rotate(op: RopeOp, angles: Float64Array, x: Float32Array, out: Float32Array): void {
  const n = op.dim / 2
  for (let i = 0; i < n; i++) {
    const [a, b] = op.pairs === 'half' ? [i, i + op.dim / 2] : [2 * i, 2 * i + 1]
    const cos = angles[i]!
    const sin = angles[n + i]! * (op.inverse ? -1 : 1)
    const [xa, xb] = [x[a]!, x[b]!]
    out[a] = xa * cos - xb * sin
    out[b] = xb * cos + xa * sin
  }
}
