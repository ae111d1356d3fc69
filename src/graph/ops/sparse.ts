/**
 * Attention to chosen positions: DeepSeek-V3.2's lightning indexer (arXiv 2512.02556), GLM-5, and DeepSeek-V4, which also
 * compresses windows of positions to one entry each. Shape letters are in ../ops.ts; S cached positions.
 *
 * Lists of positions are values [T, topK] of i32 bits, rising, filled up with -1.
 */
import { invariant } from '../../errors.js'
import { view, type CacheState, type UsedWeight, type Value, type View, type Weight } from '../values.js'
import { used } from '../weights.js'
import { ExpertsBuilder } from './experts.js'

/**
 * Appends k [T, E] to `state`, then chooses for every token the topK cached rows with the best
 *   score(s) = scale * sum over heads h of weights[h] * relu(q_h k_s)
 * among the positions <= own that have a row. q [T, H * E], weights [T, H]. Where there are no more than topK, all are
 * chosen. Of equal scores at the edge those that torch.topk would take on the CPU, from a row for the whole text
 * (Step.textLengths) in which the positions after its own are -inf.
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
  readonly sinks?: UsedWeight<'vector'>
  readonly nHeads: number
  readonly rank: number
  readonly ropeDim: number
  readonly scale: number
  readonly out: View
}

/**
 * DeepSeek-V4's compressor. Appends kv and gate + ape[p mod ratio] (both [T, n * E]) to `state` as its keys and values.
 * At a position p that ends a window of `ratio` positions, out [T, E] is the mean of the window's kv rows, weighted per
 * column by the softmax of their gates. With overlap (n = 2) the columns [E, 2E) of the window are next to the columns
 * [0, E) of the window before, which the first window lacks. Elsewhere out is 0.
 */
export interface CompressOp {
  readonly op: 'compress'
  readonly kv: View
  readonly gate: View
  /** [ratio, n * E] */
  readonly ape: UsedWeight<'vector'>
  readonly state: CacheState
  readonly ratio: number
  readonly overlap: boolean
  readonly out: Value
}

export type SparseOp = IndexOp | SparseAttentionOp | CompressOp

export class SparseBuilder<Other> extends ExpertsBuilder<Other | SparseOp> {
  /** The positions that attention is to read; `every` as the rows of k are (see {@link CacheState}). */
  index(
    q: Value | View,
    k: Value | View,
    weights: Value | View,
    shape: { nHeads: number; dim: number; topK: number; scale: number; every?: number },
  ): Value {
    const { every = 1, ...fields } = shape
    invariant(view(q).width === fields.nHeads * fields.dim && view(k).width === fields.dim, 'index q or k width')
    invariant(view(weights).width === fields.nHeads && fields.dim % 4 === 0, 'index weights or width of a head')
    invariant(every <= 16, `an index of one row for ${every} positions`)
    const state = this.cache(1, fields.dim, 0, every)
    const out = this.value(fields.topK)
    return this.push({ op: 'index', q: view(q), k: view(k), weights: view(weights), state, ...fields, out }, out)
  }

  sparseAttention(
    q: Value | View,
    latent: Value | View,
    shape: { nHeads: number; rank: number; ropeDim: number; scale: number; window: number },
    read: { chosen?: Value; entry?: View; every?: number; sinks?: Weight },
  ): Value {
    const { entry, every = 1, chosen, sinks } = read
    const width = shape.rank + shape.ropeDim
    invariant(
      view(q).width === shape.nHeads * width && view(latent).width === width,
      'sparseAttention q or latent width',
    )
    invariant(shape.window > 0 || chosen, 'sparseAttention reads nothing')
    invariant(!entry || entry.width === width, 'sparseAttention entry width')
    invariant(!sinks || sinks.shape[0] === shape.nHeads, 'sparseAttention sinks')
    const rows = {
      state: this.cache(1, width, 0),
      ...(entry && { entry, entries: this.cache(1, width, 0, every) }),
      ...(chosen && { chosen }),
      ...(sinks && { sinks: used(sinks, 'vector') }),
    }
    const out = this.value(shape.nHeads * shape.rank)
    const inputs = { q: view(q), latent: view(latent) }
    return this.push({ op: 'sparseAttention', ...inputs, ...rows, ...shape, out: view(out) }, out)
  }

  compress(kv: Value | View, gate: Value | View, ape: Weight, shape: { ratio: number; overlap: boolean }): Value {
    const width = view(kv).width / (shape.overlap ? 2 : 1)
    invariant(view(gate).width === view(kv).width && Number.isInteger(width) && width % 4 === 0, 'compress kv or gate')
    invariant(ape.shape[0] === shape.ratio && ape.shape[1] === view(kv).width, `compress ${ape.name}`)
    const state = this.cache(1, view(kv).width, view(kv).width)
    const out = this.value(width)
    const inputs = { kv: view(kv), gate: view(gate), ape: used(ape, 'vector') }
    return this.push({ op: 'compress', ...inputs, state, ...shape, out }, out)
  }
}
