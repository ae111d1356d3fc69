/**
 * Attention to chosen positions: DeepSeek-V3.2's lightning indexer (arXiv 2512.02556), GLM-5, and DeepSeek-V4, which also
 * compresses windows of positions to one entry each. Shape letters are in ops.ts; S cached positions.
 *
 * Lists of positions are values [T, topK] of i32 bits, rising, filled up with -1.
 */
import type { CacheState, Value, View, Weight } from './values.js'

/**
 * Appends k [T, E] to `state`, then chooses for every token the topK cached rows with the best
 *   score(s) = scale * sum over heads h of weights[h] * relu(q_h k_s)
 * among the positions <= own that have a row. q [T, H * E], weights [T, H]. Where there are no more than topK, all are
 * chosen. Of equal scores at the edge those that torch.topk would take on the CPU, from a row for the whole text
 * (Step.ends) in which the positions behind own are -inf.
 * out [T, topK]: their positions.
 */
export interface IndexOp {
  readonly op: 'index'
  readonly q: View
  readonly k: View
  readonly weights: View
  readonly state: CacheState
  readonly nHeads: number
  readonly dim: number
  readonly topK: number
  readonly scale: number
  readonly out: Value
}

/**
 * Multi-head latent attention (MlaAttentionOp) over some rows. Appends latent [T, rank + rope] to `state`, and entry of
 * the same width to `entries` where there are any. A token at position p reads
 *   the rows of `state` at the last `window` positions, its own included;
 *   the rows at the `chosen` positions, or all those <= p where nothing is chosen: of `entries` if there are any, else of
 *   `state`. With `window` and no `entries`, only the window.
 * Each head's `sinks` [H] is one more logit in the denominator of the softmax (arXiv 2309.17453, as in gpt-oss).
 */
export interface SparseAttentionOp {
  readonly op: 'sparseAttention'
  readonly q: View
  readonly latent: View
  readonly state: CacheState
  readonly window: number
  readonly entry?: View
  readonly entries?: CacheState
  readonly chosen?: Value
  readonly sinks?: Weight
  readonly nHeads: number
  readonly rank: number
  readonly ropeDim: number
  readonly scale: number
  readonly out: View
}

/**
 * DeepSeek-V4's compressor. Appends kv and gate + ape[p mod ratio] (both [T, n * E]) to `state` as its keys and values.
 * At a position p that ends a window of `ratio` positions, out [T, E] is the mean of the window's kv rows, weighted per
 * column by the softmax of their gates. With overlap (n = 2) the columns [E, 2E) of the window stand beside the columns
 * [0, E) of the window before, which the first window lacks. Elsewhere out is 0.
 */
export interface CompressOp {
  readonly op: 'compress'
  readonly kv: View
  readonly gate: View
  /** [ratio, n * E] */
  readonly ape: Weight
  readonly state: CacheState
  readonly ratio: number
  readonly overlap: boolean
  readonly out: Value
}

export type SparseOp = IndexOp | SparseAttentionOp | CompressOp
