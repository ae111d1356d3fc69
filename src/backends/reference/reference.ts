/**
 * The truth: a plain interpreter of programs. f32 buffers, sums in double, one loop per line of the formulas in
 * graph/ops.ts. Slow and short on purpose; the other backends are tested against it.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { UserError } from '../../errors.js'
import type {
  Activation,
  ExpertsOp,
  HeadLinearOp,
  HeadView,
  LinearOp,
  Op,
  RmsNormOp,
  RopeOp,
  Value,
  View,
} from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'
import { PAGE_SIZE, type Backend, type BackendOptions, type Runner, type Step } from '../backend.js'
import { PagedRows, attend } from './attention.js'
import { route } from './experts.js'
import { Weights } from './tensors.js'

export const referenceBackend: Backend = {
  name: 'reference',
  async load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Runner> {
    return new ReferenceRunner(program, await Weights.load(program, checkpoint, options), options)
  },
}

class ReferenceRunner implements Runner {
  readonly backend = 'reference'
  readonly maxTokens: number
  readonly maxLogitRows: number
  readonly weightBytes: number
  readonly activeWeightBytes: number
  readonly pageBytes: number
  private readonly keys: PagedRows[]
  private readonly values: PagedRows[]

  constructor(
    private readonly program: Program,
    private readonly weights: Weights,
    options: BackendOptions,
  ) {
    this.maxTokens = options.maxTokens
    this.maxLogitRows = options.maxLogitRows
    this.weightBytes = this.activeWeightBytes = weights.storedBytes
    const rowFloats = program.states.reduce((sum, state) => sum + state.heads * (state.keyDim + state.valueDim), 0)
    this.pageBytes = PAGE_SIZE * rowFloats * 4
    this.keys = program.states.map((s) => new PagedRows(s.heads * s.keyDim))
    this.values = program.states.map((s) => new PagedRows(s.heads * s.valueDim))
  }

  reservePages(): void {
    // Pages are made when written.
  }

  step(step: Step): Promise<Float32Array> {
    const { vocabSize } = this.program
    for (const id of step.tokens)
      if (id < 0 || id >= vocabSize)
        throw new UserError(
          `token id ${id}: expected 0 to ${vocabSize - 1}, the model's vocabulary`,
          'invalid_argument',
        )
    const buffers = new StepBuffers(this.program, step)
    for (const { op } of this.program.ops) this.run(op, step, buffers)
    return Promise.resolve(buffers.all(this.program.logits))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  private run(op: Op, step: Step, buf: StepBuffers): void {
    const rows = step.tokens.length
    switch (op.op) {
      case 'embed':
        for (let t = 0; t < rows; t++) {
          const at = step.tokens[t]! * op.out.width
          buf.row(op.out, t).set(this.weights.of(op.weight).subarray(at, at + op.out.width))
        }
        return
      case 'rmsNorm':
        for (let t = 0; t < buf.rows(op.x.value); t++) this.rmsNorm(op, t, buf)
        return
      case 'linear':
        for (let t = 0; t < buf.rows(op.x.value); t++) this.linear(op, t, buf)
        return
      case 'headLinear':
        for (let t = 0; t < rows; t++) for (let h = 0; h < op.nHeads; h++) this.headLinear(op, t, h, buf)
        return
      case 'rope':
        for (let t = 0; t < rows; t++)
          for (let h = 0; h < op.nHeads; h++)
            rotate(op, step.positions[t]!, buf.head(op.x, t, h, op.dim), buf.head(op.out, t, h, op.dim))
        return
      case 'attention': {
        const { headDim: E, vHeadDim: Ev } = op
        const [keys, values] = [this.keys[op.state.id]!, this.values[op.state.id]!]
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
            attend(q, step.positions[t]!, op.scale, keyAt, valueAt, out)
          }
        return
      }
      case 'mlaAttention': {
        const width = op.rank + op.ropeDim
        const latents = this.keys[op.state.id]!
        for (let t = 0; t < rows; t++) latents.row(step, t, step.positions[t]!).set(buf.view(op.latent, t))
        for (let t = 0; t < rows; t++)
          for (let h = 0; h < op.nHeads; h++) {
            const q = buf.view(op.q, t).subarray(h * width, (h + 1) * width)
            const out = buf.view(op.out, t).subarray(h * op.rank, (h + 1) * op.rank)
            const latentAt = (p: number) => latents.row(step, t, p)
            attend(q, step.positions[t]!, op.scale, latentAt, latentAt, out)
          }
        return
      }
      case 'route':
        for (let t = 0; t < rows; t++) {
          const { ids, weights } = route(op, buf.view(op.logits, t), op.bias && this.weights.of(op.bias))
          buf.row(op.out, t).set([...ids, ...weights])
        }
        return
      case 'experts':
        for (let t = 0; t < rows; t++) this.experts(op, t, buf)
        return
      case 'gatedMul':
        for (let t = 0; t < buf.rows(op.gate.value); t++) {
          const [gate, up] = [buf.view(op.gate, t), buf.view(op.up, t)]
          buf.view(op.out, t).set(gate.map((g, i) => activate(g, op.activation) * up[i]!))
        }
        return
      case 'add':
        for (let t = 0; t < buf.rows(op.a.value); t++) {
          const b = buf.view(op.b, t)
          buf.view(op.out, t).set(buf.view(op.a, t).map((a, i) => a + b[i]!))
        }
        return
      case 'selectRows':
        step.logitRows.forEach((t, r) => buf.row(op.out, r).set(buf.view(op.x, t)))
    }
  }

  private rmsNorm(op: RmsNormOp, t: number, buf: StepBuffers): void {
    const width = op.x.width / op.heads
    const weight = op.weight && this.weights.of(op.weight)
    for (let h = 0; h < op.heads; h++) {
      const x = buf.view(op.x, t).subarray(h * width, (h + 1) * width)
      const meanSquare = x.reduce((sum, v) => sum + v * v, 0) / width
      const scale = 1 / Math.sqrt(meanSquare + op.eps)
      buf.view(op.out, t).set(
        x.map((v, i) => v * scale * (weight?.[i] ?? 1)),
        h * width,
      )
    }
  }

  private linear(op: LinearOp, t: number, buf: StepBuffers): void {
    const y = multiply(this.weights.of(op.weight), 0, op.out.width, buf.view(op.x, t))
    const bias = op.bias && this.weights.of(op.bias)
    buf.view(op.out, t).set(bias ? y.map((v, i) => v + bias[i]!) : y)
  }

  private headLinear(op: HeadLinearOp, t: number, h: number, buf: StepBuffers): void {
    const W = this.weights.of(op.weight)
    const K = op.weight.shape[1]!
    const first = op.rowOffset + h * op.rowStride
    if (!op.transposed) {
      buf.head(op.out, t, h, op.rows).set(multiply(W, first, op.rows, buf.head(op.x, t, h, K)))
      return
    }
    const x = buf.head(op.x, t, h, op.rows)
    const out = buf.head(op.out, t, h, K)
    for (let j = 0; j < K; j++) {
      let sum = 0
      for (let i = 0; i < op.rows; i++) sum += W[(first + i) * K + j]! * x[i]!
      out[j] = sum
    }
  }

  private experts(op: ExpertsOp, t: number, buf: StepBuffers): void {
    const x = buf.view(op.x, t)
    const routing = buf.row(op.routing, t)
    const out = new Float64Array(x.length)
    for (let slot = 0; slot < op.topK; slot++) {
      const e = routing[slot]!
      const F = op.gate[e]!.shape[0]!
      const up = multiply(this.weights.of(op.up[e]!), 0, F, x)
      const hidden = multiply(this.weights.of(op.gate[e]!), 0, F, x).map((g, i) => activate(g, op.activation) * up[i]!)
      const y = multiply(this.weights.of(op.down[e]!), 0, x.length, hidden)
      for (let i = 0; i < out.length; i++) out[i]! += routing[op.topK + slot]! * y[i]!
    }
    buf.view(op.out, t).set(out)
  }
}

/** The activations of one step, one array per value. */
class StepBuffers {
  private readonly arrays: Float32Array[]

  constructor(
    program: Program,
    private readonly step: Step,
  ) {
    this.arrays = program.values.map((v) => new Float32Array(v.width * this.rows(v)))
  }

  rows(value: Value): number {
    return value.rows === 'T' ? this.step.tokens.length : this.step.logitRows.length
  }

  all(value: Value): Float32Array {
    return this.arrays[value.id]!
  }

  row(value: Value, t: number): Float32Array {
    return this.all(value).subarray(t * value.width, (t + 1) * value.width)
  }

  view(x: View, t: number): Float32Array {
    return this.row(x.value, t).subarray(x.offset, x.offset + x.width)
  }

  /** Columns of head h, `width` of them. */
  head(x: HeadView, t: number, h: number, width: number): Float32Array {
    return this.row(x.value, t).subarray(x.offset + h * x.stride, x.offset + h * x.stride + width)
  }
}

/** y[i] = sum_j W[first + i, j] x[j], i < n; W has x.length columns. */
function multiply(W: Float32Array, first: number, n: number, x: Float32Array): Float32Array {
  const K = x.length
  const y = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0, at = (first + i) * K; j < K; j++, at++) sum += W[at]! * x[j]!
    y[i] = sum
  }
  return y
}

function activate(g: number, activation: Activation): number {
  if (activation === 'silu') return g / (1 + Math.exp(-g))
  return 0.5 * g * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g ** 3)))
}

/** Pairs (i, i + dim/2) or (2i, 2i + 1) turned by position * invFreq[i]; x and out may be the same columns. */
function rotate(op: RopeOp, position: number, x: Float32Array, out: Float32Array): void {
  const { invFreq, attentionFactor } = op.table
  for (let i = 0; i < op.dim / 2; i++) {
    const [a, b] = op.layout === 'half' ? [i, i + op.dim / 2] : [2 * i, 2 * i + 1]
    const angle = Math.fround(position * invFreq[i]!)
    const cos = Math.cos(angle) * attentionFactor
    const sin = Math.sin(angle) * attentionFactor
    const [xa, xb] = [x[a]!, x[b]!]
    out[a] = xa * cos - xb * sin
    out[b] = xb * cos + xa * sin
  }
}
