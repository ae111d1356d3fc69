/** New keys and values into the cache, then attention over it. */
import type { AttentionOp, CacheState, MlaAttentionOp, View } from '../../../graph/ops.js'
import type { Lowering, Word } from './lowering.js'

export function attention(op: AttentionOp, bank: number, to: Lowering): void {
  const { state } = op
  append(op.k, state, false, bank, to)
  append(op.v, state, true, bank, to)
  const group = op.nHeads / op.nKvHeads
  const shape = [group, op.nKvHeads, op.headDim, op.vHeadDim, { f32: op.scale }]
  const { span, softcap, sinks } = op
  const words = [span?.length ?? 0, span?.kind === 'chunked' ? 1 : 0, to.dataOf(sinks), { f32: softcap ?? 0 }]
  attend(op.q, op.out, shape, words, state, bank, to)
}

export function mlaAttention(op: MlaAttentionOp, bank: number, to: Lowering): void {
  const { state } = op
  append(op.latent, state, false, bank, to)
  const shape = [op.nHeads, 1, op.rank + op.ropeDim, op.rank, { f32: op.scale }]
  attend(op.q, op.out, shape, [0, 0, 0, 0], state, bank, to)
}

/** Writes the rows of x into a state, where it has a row for their position. */
export function append(x: View, state: CacheState, values: boolean, bank: number, to: Lowering): void {
  const buffer = to.bufferOf(x.value, bank)
  const columns = values ? state.valueDim : state.keyDim
  // values in q8 lie otherwise than keys
  const kind = to.cache === 'q8' && values ? to.cacheKind + 1 : to.cacheKind
  const words = [...to.view(x, bank), state.heads, columns, { pageOffset: state.id, values }, kind, state.every]
  to.push('cacheAppend', bank, buffer, 1, words, [buffer], [`cache ${state.id} ${values ? 'values' : 'keys'}`])
}

function attend(q: View, out: View, shape: Word[], rules: Word[], state: CacheState, bank: number, to: Lowering): void {
  const cached = [
    { pageOffset: state.id, values: false },
    { pageOffset: state.id, values: state.valueDim > 0 },
  ]
  const kinds = [to.cacheKind, state.valueDim > 0 ? 0 : 1]
  const words = [...to.view(q, bank), ...to.view(out, bank), ...shape, ...cached, ...kinds, ...rules]
  const reads = [to.bufferOf(q.value, bank), `cache ${state.id} keys`, `cache ${state.id} values`]
  const buffer = to.bufferOf(out.value, bank)
  to.push('attention', bank, buffer, 1, words, reads, [buffer])
}
