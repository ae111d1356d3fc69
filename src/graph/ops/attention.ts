/** Attention over all cached positions, or those of a span. Shape letters are in ../ops.ts. */
import { invariant } from '../../errors.js'
import {
  view,
  type AttentionSpan,
  type CacheState,
  type UsedWeight,
  type Value,
  type View,
  type Weight,
} from '../values.js'
import { used } from '../weights.js'
import { LinearBuilder } from './linear.js'

/**
 * Appends k [T, K * E] and v [T, K * Ev] to the cache, then softmax(scale * q k^T) v over positions <= own, in f32.
 * q [T, H * E], out [T, H * Ev]; query head h reads key head floor(h / (H / K)).
 * span: only positions in it. softcap: scores s become softcap * tanh(s / softcap) (Gemma 2, arXiv 2408.00118).
 * sinks [H]: one more score in a head's softmax, without a value (gpt-oss, arXiv 2508.10925).
 */
export interface AttentionOp {
  readonly op: 'attention'
  readonly q: View
  readonly k: View
  readonly v: View
  readonly state: CacheState
  readonly nHeads: number
  readonly nKvHeads: number
  readonly headDim: number
  readonly vHeadDim: number
  readonly scale: number
  readonly span?: AttentionSpan
  readonly softcap?: number
  readonly sinks?: UsedWeight<'vector'>
  readonly out: View
}

/**
 * Multi-head latent attention in absorbed form: appends latent [T, rank + rope] to the cache; all heads share it.
 * q [T, H * (rank + rope)]; the values are the first `rank` columns of the cached latents; out [T, H * rank].
 */
export interface MlaAttentionOp {
  readonly op: 'mlaAttention'
  readonly q: View
  readonly latent: View
  readonly state: CacheState
  readonly nHeads: number
  readonly rank: number
  readonly ropeDim: number
  readonly scale: number
  readonly out: View
}

export type DenseAttentionOp = AttentionOp | MlaAttentionOp

/** What {@link AttentionOp} may add to plain causal attention. */
interface AttentionOptions {
  readonly span?: AttentionSpan | undefined
  readonly softcap?: number | undefined
  readonly sinks?: Weight | undefined
}

export class AttentionBuilder<Other> extends LinearBuilder<Other | DenseAttentionOp> {
  attention(
    q: Value | View,
    k: Value | View,
    v: Value | View,
    shape: { nHeads: number; nKvHeads: number; headDim: number; vHeadDim?: number; scale: number } & AttentionOptions,
  ): Value {
    const { nHeads, nKvHeads, headDim, vHeadDim = headDim, scale, span, softcap, sinks } = shape
    invariant(view(q).width === nHeads * headDim, `attention q has ${q.width} columns`)
    invariant(view(k).width === nKvHeads * headDim && view(v).width === nKvHeads * vHeadDim, 'attention k or v width')
    invariant(nHeads % nKvHeads === 0, `${nHeads} heads over ${nKvHeads} key/value heads`)
    invariant(!span || (Number.isInteger(span.length) && span.length > 0), `attention over ${span?.length} positions`)
    invariant(softcap === undefined || softcap > 0, `attention softcap ${softcap}`)
    invariant(!sinks || sinks.shape[0] === nHeads, `attention sinks ${sinks?.name} of ${nHeads} heads`)
    const state = this.cache(nKvHeads, headDim, vHeadDim)
    const out = this.value(nHeads * vHeadDim)
    const shapes = { nHeads, nKvHeads, headDim, vHeadDim, scale }
    const rules = {
      ...(span && { span }),
      ...(softcap !== undefined && { softcap }),
      ...(sinks && { sinks: used(sinks, 'vector') }),
    }
    return this.push(
      { op: 'attention', q: view(q), k: view(k), v: view(v), state, ...shapes, ...rules, out: view(out) },
      out,
    )
  }

  mlaAttention(
    q: Value | View,
    latent: Value | View,
    shape: { nHeads: number; rank: number; ropeDim: number; scale: number },
  ): Value {
    const width = shape.rank + shape.ropeDim
    invariant(view(q).width === shape.nHeads * width && view(latent).width === width, 'mlaAttention q or latent width')
    const state = this.cache(1, width, 0)
    const out = this.value(shape.nHeads * shape.rank)
    return this.push({ op: 'mlaAttention', q: view(q), latent: view(latent), state, ...shape, out: view(out) }, out)
  }
}
