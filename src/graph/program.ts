import type { Placed } from './op-list.js'
import type { CacheState, Op, RecurrentState, RopeTable, Value } from './ops.js'

export type PlacedOp = Placed<Op>

/**
 * A second list of ops, over the same weights and states, that drafts the token after the next one (multi-token
 * prediction). Its step has one row for each row of the last ordinary step that it takes: `hidden` holds their states, and
 * its tokens are those that came next.
 */
export interface Draft {
  readonly ops: readonly PlacedOp[]
  /** [T, D], written by the ordinary ops, read by these. */
  readonly hidden: Value
  /** [R, V] */
  readonly logits: Value
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
  readonly draft?: Draft
  readonly vocabSize: number
  readonly nLayers: number
  /** Positions that the model was made for (max_position_embeddings). */
  readonly contextLength: number
}

/** What the head multiplies, [R, D]: the states after the final norm; undefined where the logits come about otherwise. */
export function finalHidden({ ops, vocabSize }: Program): Value | undefined {
  for (let i = ops.length - 1; i >= 0; i--) {
    const { op } = ops[i]!
    if (op.op !== 'linear' || op.out.width !== vocabSize || op.out.value.rows !== 'R') continue
    return op.x.width === op.x.value.width ? op.x.value : undefined
  }
  return undefined
}

/** The ordinary ops, then those of the draft. */
export function allOps({ ops, draft }: Program): readonly PlacedOp[] {
  return draft ? [...ops, ...draft.ops] : ops
}
