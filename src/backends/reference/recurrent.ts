/** Recurrent layers by plain loops, one token after the other. */
import type { CopyHeadsOp, DecayOp, DeltaRuleOp, GatedNormOp, ShortConvOp, SigmoidGateOp } from '../../graph/ops.js'
import { sigmoid } from './arithmetic.js'
import type { StepContext } from './step.js'

export function shortConv(op: ShortConvOp, { step, buf, weights, slots }: StepContext): void {
  const W = weights.of(op.weight)
  const C = op.x.width
  for (let t = 0; t < step.tokens.length; t++) {
    const before = slots.of(op.recurrent, step, t) // [3, C]
    const x = buf.view(op.x, t).slice()
    const sums = x.map(
      (own, c) => W[c * 4 + 3]! * own + [0, 1, 2].reduce((s, j) => s + W[c * 4 + j]! * before[j * C + c]!, 0),
    )
    before.copyWithin(0, C)
    before.set(x, 2 * C)
    buf.view(op.out, t).set(sums.map((s) => s * sigmoid(s)))
  }
}

export function decay(op: DecayOp, { step, buf, weights }: StepContext): void {
  const [rate, bias] = [weights.of(op.rate), weights.of(op.bias)]
  const n = op.x.width / op.nHeads
  for (let t = 0; t < step.tokens.length; t++) {
    const logs = Array.from(buf.view(op.x, t), (x, c) => {
      const speed = Math.exp(rate[Math.floor(c / n)]!)
      const z = x + bias[c]!
      if (op.bound !== undefined) return op.bound * sigmoid(speed * z)
      return -speed * (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))))
    })
    buf.view(op.out, t).set(logs.map(Math.exp))
  }
}

/** The state's first H * E * Ev numbers are S; the rest, which other backends need for chunks, is not used. */
export function deltaRule(op: DeltaRuleOp, { step, buf, slots }: StepContext): void {
  const { keyDim: E, valueDim: Ev, nHeads, nKeyHeads } = op
  for (let t = 0; t < step.tokens.length; t++) {
    const state = slots.of(op.recurrent, step, t)
    const decays = buf.view(op.decay, t)
    for (let h = 0; h < nHeads; h++) {
      const S = state.subarray(h * E * Ev, (h + 1) * E * Ev)
      const kh = Math.floor(h / (nHeads / nKeyHeads))
      const q = normalised(buf.view(op.q, t).subarray(kh * E, (kh + 1) * E)).map((x) => x * E ** -0.5)
      const k = normalised(buf.view(op.k, t).subarray(kh * E, (kh + 1) * E))
      const v = buf.view(op.v, t).subarray(h * Ev, (h + 1) * Ev)
      const beta = sigmoid(buf.view(op.beta, t)[h]!)
      const out = buf.view(op.out, t).subarray(h * Ev, (h + 1) * Ev)
      for (let i = 0; i < E; i++) {
        const stays = decays.length === nHeads ? decays[h]! : decays[h * E + i]!
        for (let j = 0; j < Ev; j++) S[i * Ev + j]! *= stays
      }
      for (let j = 0; j < Ev; j++) {
        const write = beta * (v[j]! - k.reduce((s, ki, i) => s + ki * S[i * Ev + j]!, 0))
        for (let i = 0; i < E; i++) S[i * Ev + j]! += k[i]! * write
        out[j] = q.reduce((s, qi, i) => s + qi * S[i * Ev + j]!, 0)
      }
    }
  }
}

export function gatedNorm(op: GatedNormOp, { step, buf, weights }: StepContext): void {
  const width = op.x.width / op.heads
  const weight = weights.of(op.weight)
  for (let t = 0; t < step.tokens.length; t++)
    for (let h = 0; h < op.heads; h++) {
      const slice = (columns: Float32Array) => columns.subarray(h * width, (h + 1) * width)
      const [x, gate, out] = [slice(buf.view(op.x, t)), slice(buf.view(op.gate, t)), slice(buf.view(op.out, t))]
      const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / width + op.eps)
      const act = (g: number) => (op.activation === 'silu' ? g * sigmoid(g) : sigmoid(g))
      out.set(x.map((v, i) => v * scale * weight[i]! * act(gate[i]!)))
    }
}

export function sigmoidGate(op: SigmoidGateOp, { buf }: StepContext): void {
  for (let t = 0; t < buf.rows(op.x.value); t++) {
    const gate = buf.view(op.gate, t)
    buf.view(op.out, t).set(buf.view(op.x, t).map((x, i) => x * sigmoid(gate[gate.length === 1 ? 0 : i]!)))
  }
}

export function copyHeads(op: CopyHeadsOp, { buf }: StepContext): void {
  for (let t = 0; t < buf.rows(op.x.value); t++)
    for (let h = 0; h < op.nHeads; h++) buf.head(op.out, t, h, op.width).set(buf.head(op.x, t, h, op.width))
}

function normalised(x: Float32Array): Float64Array {
  const length = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) + 1e-6)
  return Float64Array.from(x, (v) => v / length)
}
