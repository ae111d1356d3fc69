/** New keys and values into the cache, then attention over it. */
import type { AttentionOp, CacheState, MlaAttentionOp, View } from '../../../graph/ops.js'
import type { CallFields } from '../calls.js'
import type { Lowering } from './lowering.js'

export function attention(op: AttentionOp, to: Lowering): void {
  const { state, span } = op
  append(op.k, state, false, to)
  append(op.v, state, true, to)
  const shape = { group: op.nHeads / op.nKvHeads, kvHeads: op.nKvHeads, keyDim: op.headDim, valueDim: op.vHeadDim }
  const rules = { span: span?.length ?? 0, chunked: span?.kind === 'chunked' ? 1 : 0 }
  attend(op, to, {
    weights: { sinks: to.optional(op.sinks) },
    ints: { ...shape, ...rules, ...cacheOf(state, to) },
    floats: { scale: op.scale, softcap: op.softcap ?? 0 },
  })
}

export function mlaAttention(op: MlaAttentionOp, to: Lowering): void {
  const { state } = op
  append(op.latent, state, false, to)
  const shape = { group: op.nHeads, kvHeads: 1, keyDim: op.rank + op.ropeDim, valueDim: op.rank }
  attend(op, to, {
    weights: { sinks: undefined },
    ints: { ...shape, span: 0, chunked: 0, ...cacheOf(state, to) },
    floats: { scale: op.scale, softcap: 0 },
  })
}

/** Writes the rows of x into a state, where it has a row for their position. */
export function append(x: View, state: CacheState, values: boolean, to: Lowering): void {
  const columns = values ? state.valueDim : state.keyDim
  const operands = { reads: { x: to.view(x) }, writes: { pages: { state: state.id, values } } }
  const shape = { heads: state.heads, columns }
  if (to.cache === 'q8' && !values) to.push('appendKeysQ8', to.bufferOf(x.value), { ...operands, ints: shape })
  else {
    const ints = { ...shape, cache: to.cacheKind, every: state.every }
    to.push('cacheAppend', to.bufferOf(x.value), { ...operands, ints })
  }
}

function cacheOf(state: CacheState, to: Lowering): { cache: number; latent: number } {
  return { cache: to.cacheKind, latent: state.valueDim > 0 ? 0 : 1 }
}

function attend(
  { q, out, state }: AttentionOp | MlaAttentionOp,
  to: Lowering,
  rules: Pick<CallFields<'attention'>, 'weights' | 'ints' | 'floats'>,
): void {
  const keys = { state: state.id, values: false }
  const values = { state: state.id, values: state.valueDim > 0 }
  const operands = { reads: { q: to.view(q), keys, values }, writes: { out: to.view(out) } }
  to.push('attention', to.bufferOf(out.value), { ...operands, ...rules })
}
