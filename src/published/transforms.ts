/** What containers do to tensors, and how it is undone while they are read. */
import type { StoredTensor } from '../checkpoint/checkpoint.js'
import { product } from '../checkpoint/shape.js'
import type { JsonObject } from '../json.js'
import { unpaired } from './paired-rows.js'
import { logOfRates, oneLess } from './values.js'

/**
 * - none: stored as published.
 * - experts: one tensor [X, N, K] or [X, N] for all experts, which are published one by one.
 * - flattened: [H, N, K] for what is published as [H * N, K].
 * - reshaped: other lengths of one.
 * - rates: -exp(A_log) for A_log, with any lengths of one.
 * - plus-one: the weight of a norm plus one, where the lab publishes it less one.
 * - paired: rows that rotate together lie side by side; the config's key says how many heads there are.
 */
export type Transform =
  'none' | 'experts' | 'flattened' | 'reshaped' | 'rates' | 'plus-one' | { readonly paired: string }

/** The shape of one published tensor, by the shape that is stored. */
export function publishedShape(shape: readonly number[], transform: Transform): readonly number[] {
  if (transform === 'experts') return shape.slice(1)
  if (transform === 'flattened') return [product(shape.slice(0, -1)), shape.at(-1) ?? 1]
  return shape
}

/** True where only the number of elements has to be the published one. */
export function anyShape(transform: Transform): boolean {
  return transform === 'reshaped' || transform === 'rates'
}

/** A tensor as published, by its stored rows. @throws UserError where its heads or values cannot be what they should be. */
export function asPublished(stored: StoredTensor, transform: Transform, config: JsonObject): StoredTensor {
  if (typeof transform === 'object') return unpaired(stored, Number(config[transform.paired]))
  if (transform === 'rates') return logOfRates(stored)
  return transform === 'plus-one' ? oneLess(stored) : stored
}
