/**
 * The vocabulary of models: every op once, with its formula and its shape rule, in the files of ops/. Models build lists of
 * these; backends run them.
 *
 * Shape letters: T tokens in this step, R rows of T whose logits are wanted, H query heads, K key/value heads, E head
 * width, F feed-forward width, X experts, V vocabulary. All activations are f32, row-major, one row per token.
 *
 * Fields whose name begins with `out` are written; all other values and views are read; weights stand in the order in
 * which a loader should read them. {@link valuesOf}, {@link weightsOf} and {@link statesOf} rely on it.
 */
import type { DenseAttentionOp } from './ops/attention.js'
import type { ElementwiseOp } from './ops/elementwise.js'
import type { MixtureOp } from './ops/experts.js'
import type { MatrixOp } from './ops/linear.js'
import type { RecurrentOp } from './ops/recurrent.js'
import type { ResidualOp } from './ops/residuals.js'
import type { SparseOp } from './ops/sparse.js'
import type { StreamOp } from './ops/streams.js'
import type { CacheState, UsedWeight, Value } from './values.js'

export type * from './ops/attention.js'
export type * from './ops/elementwise.js'
export type * from './ops/experts.js'
export type * from './ops/linear.js'
export type * from './ops/recurrent.js'
export type * from './ops/residuals.js'
export type * from './ops/sparse.js'
export type * from './ops/streams.js'
export type * from './values.js'

export type Op =
  ElementwiseOp | MatrixOp | DenseAttentionOp | MixtureOp | SparseOp | RecurrentOp | StreamOp | ResidualOp

/** The values that an op reads and writes, for liveness. A value that is written in parts counts as both. */
export function valuesOf(op: Op): { reads: Value[]; writes: Value[] } {
  const reads: Value[] = []
  const writes: Value[] = []
  for (const [key, field] of Object.entries(op) as [string, unknown][]) {
    const list = key.startsWith('out') ? writes : reads
    for (const part of Array.isArray(field) ? (field as unknown[]) : [field]) {
      if (isValue(part)) list.push(part)
      else if (isObject(part) && isValue(part['value'])) list.push(part['value'])
    }
  }
  return { reads, writes }
}

/** The checkpoint tensors that an op needs. */
export function weightsOf(op: Op): UsedWeight[] {
  return (Object.values(op) as unknown[]).flatMap((field) =>
    Array.isArray(field) ? (field as unknown[]).filter(isWeight) : isWeight(field) ? [field] : [],
  )
}

/** What an op keeps between steps. */
export function statesOf(op: Op): CacheState[] {
  return [...new Set((Object.values(op) as unknown[]).filter(isState))]
}

function isState(field: unknown): field is CacheState {
  return isObject(field) && 'keyDim' in field
}

function isObject(field: unknown): field is Record<string, unknown> {
  return typeof field === 'object' && field !== null
}

function isValue(field: unknown): field is Value {
  return isObject(field) && 'width' in field && 'rows' in field
}

function isWeight(field: unknown): field is UsedWeight {
  return isObject(field) && 'shape' in field && 'use' in field
}
