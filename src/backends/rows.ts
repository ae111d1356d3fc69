import { invariant } from '../errors.js'
import type { ChooseToken, RowResult, Step } from './backend.js'

/** The rows of a step as they lie in memory. */
export interface ComputedRows {
  /** [V] */
  readonly logits: (row: number) => Float32Array
  /** [D] */
  readonly hidden: (row: number) => Float32Array
}

/** What is wanted of each row, for backends that have all of them in the host's memory: views, and tokens by `choose`. */
export function rowResults(
  { logitRows, wants }: Step,
  rows: ComputedRows,
  choose: ChooseToken | undefined,
): RowResult[] {
  return Array.from(logitRows, (_, row): RowResult => {
    const wish = wants?.[row] ?? 'logits'
    if (wish === 'logits') return { logits: rows.logits(row) }
    if (wish === 'hidden') return { hidden: rows.hidden(row) }
    invariant(choose, 'a token is to be chosen, and the runner was loaded without a rule')
    try {
      return { chosen: choose(rows.logits(row), wish) }
    } catch (cause) {
      return { failure: cause instanceof Error ? cause : new Error('no token could be chosen', { cause }) }
    }
  })
}

/** Row `row` of an array of rows that are `width` wide. */
export function rowOf(rows: Float32Array, row: number, width: number): Float32Array {
  return rows.subarray(row * width, (row + 1) * width)
}
