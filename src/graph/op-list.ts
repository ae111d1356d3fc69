import { invariant } from '../errors.js'
import type { CacheState, RecurrentState, RopeTable, Value } from './values.js'

/** An op and the layer it belongs to; backends split programs between memories only where the layer changes. */
export interface Placed<Op> {
  readonly op: Op
  readonly layer: number
}

/**
 * Ops in the order in which they run, with the values, states and tables that they name. Each family in graph/ops/ extends
 * it by its own ops (`Other` are those of the families after it) and by a method for each.
 */
export class OpList<Op> {
  protected readonly ops: Placed<Op>[] = []
  protected readonly values: Value[] = []
  protected readonly states: CacheState[] = []
  protected readonly recurrents: RecurrentState[] = []
  protected readonly ropeTables: RopeTable[] = []
  protected layerIndex = 0

  /** The ops that follow belong to layer `index`. */
  layer(index: number): void {
    this.layerIndex = index
  }

  value(width: number, rows: 'T' | 'R' = 'T'): Value {
    const value = { id: this.values.length, width, rows }
    this.values.push(value)
    return value
  }

  /** `every` is 1, or a power of two: see {@link CacheState}. */
  cache(heads: number, keyDim: number, valueDim: number, every = 1): CacheState {
    invariant(Number.isInteger(Math.log2(every)), `a row every ${every} positions`)
    const state = { id: this.states.length, layer: this.layerIndex, heads, keyDim, valueDim, every }
    this.states.push(state)
    return state
  }

  recurrent(floats: number): RecurrentState {
    const state = { id: this.recurrents.length, layer: this.layerIndex, floats }
    this.recurrents.push(state)
    return state
  }

  ropeTable(invFreq: Float32Array, attentionFactor = 1, shift = 0): RopeTable {
    const table = { id: this.ropeTables.length, invFreq, attentionFactor, shift }
    this.ropeTables.push(table)
    return table
  }

  /** Appends an op; returns `result`, which is what the op's method returns. */
  protected push<Result>(op: Op, result: Result): Result {
    this.ops.push({ op, layer: this.layerIndex })
    return result
  }
}
