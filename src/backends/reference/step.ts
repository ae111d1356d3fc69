import type { CacheState, HeadView, Value, View } from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'
import type { Step } from '../backend.js'
import type { PagedRows } from './paged-rows.js'
import type { Slots } from './slots.js'
import type { Weights } from './tensors.js'

/** What an op works with: the step, its activations, the weights, and what the sequences keep. */
export interface StepContext {
  readonly step: Step
  readonly buf: StepBuffers
  readonly weights: Weights
  /** Rows of keys and of values, by the id of a cache state. */
  readonly keysOf: (state: CacheState) => PagedRows
  readonly valuesOf: (state: CacheState) => PagedRows
  readonly slots: Slots
  /** Tokens for which an indexer chose among equal scores. */
  readonly tied: Set<number>
}

/** The activations of one step, one array per value. */
export class StepBuffers {
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
