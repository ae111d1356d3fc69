/** The tensors of a checkpoint as models name them, and as ops read them. */
import type { TensorPart } from '../checkpoint/checkpoint.js'
import { checkPart } from '../checkpoint/part.js'
import { invariant } from '../errors.js'
import type { UsedWeight, Weight, WeightUse } from './values.js'

/** A matrix of the checkpoint, [N, K]. `quantizable: false` keeps it as published in fast mode (routers). */
export function matrix(
  name: string,
  n: number,
  k: number,
  { quantizable = true, part }: { quantizable?: boolean; part?: TensorPart } = {},
): Weight {
  return weight(name, [n, k], quantizable, part)
}

/** A vector of the checkpoint, [N]: norm weights, biases. */
export function vector(name: string, n: number, { part }: { part?: TensorPart } = {}): Weight {
  return weight(name, [n], false, part)
}

/** A small tensor of the checkpoint in its published shape, for ops that read its numbers in order. */
export function numbers(name: string, shape: readonly number[]): Weight {
  return weight(name, shape, false, undefined)
}

function weight(name: string, shape: readonly number[], quantizable: boolean, part: TensorPart | undefined): Weight {
  if (part) checkPart(name, shape, part)
  return { name, shape, quantizable, ...(part && { part }) }
}

/** A weight for an op that reads it in this way. */
export function used<Use extends WeightUse>(weight: Weight, use: Use): UsedWeight<Use> {
  return { ...weight, use }
}

/** N of a matrix [N, K]. */
export function rowsOf(weight: Weight): number {
  invariant(weight.shape.length === 2, `${weight.name} is not a matrix`)
  return weight.shape[0]!
}

/** K of a matrix [N, K]. */
export function columnsOf(weight: Weight): number {
  invariant(weight.shape.length === 2, `${weight.name} is not a matrix`)
  return weight.shape[1]!
}
