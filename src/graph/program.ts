import type { CacheState, Op, RecurrentState, RopeTable, Value } from './ops.js'

/** An op and the layer it belongs to; backends split programs between memories only where the layer changes. */
export interface PlacedOp {
  readonly op: Op
  readonly layer: number
}

/** What a model file builds once from a config, and every backend runs for each step. */
export interface Program {
  readonly ops: readonly PlacedOp[]
  readonly values: readonly Value[]
  readonly states: readonly CacheState[]
  readonly recurrents: readonly RecurrentState[]
  readonly ropeTables: readonly RopeTable[]
  /** [R, V] */
  readonly logits: Value
  readonly vocabSize: number
  readonly nLayers: number
  /** Positions that the model was made for (max_position_embeddings). */
  readonly contextLength: number
}
