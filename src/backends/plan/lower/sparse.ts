/** Attention to chosen positions. */
import type { CompressOp, IndexOp, SparseAttentionOp } from '../../../graph/ops.js'
import { append } from './attention.js'
import { at, temporary, type Lowering } from './lowering.js'

/** Lists that a step of few tokens makes: below 16 tokens, eight of each (kernels/cpu/attention/indexer.ts). */
const MOST_PARTS = 15 * 8

export function index(op: IndexOp, to: Lowering): void {
  const { state, topK } = op
  append(op.k, state, false, to)
  const listBytes = (2 * topK + 2) * 4
  const lists = temporary('best positions', listBytes, MOST_PARTS * listBytes)
  const inputs = { q: to.view(op.q), headWeights: to.view(op.weights), keys: { state: state.id, values: false } }
  const ints = { heads: op.nHeads, dim: op.dim, half: to.cacheKind, every: state.every, topK }
  const floats = { scale: op.scale }
  to.push('indexScores', lists, { reads: inputs, writes: { lists: at(lists) }, ints, floats })
  const out = to.whole(op.out)
  to.push('indexSelect', out.buffer, { reads: { ...inputs, lists: at(lists) }, writes: { out }, ints, floats })
}

export function sparseAttention(op: SparseAttentionOp, to: Lowering): void {
  const { state, entry, entries, chosen } = op
  append(op.latent, state, false, to)
  if (entry && entries) append(entry, entries, false, to)
  const other = entries ?? state
  const every = entries || chosen ? other.every : 0
  const shape = { heads: op.nHeads, keyDim: op.rank + op.ropeDim, valueDim: op.rank }
  to.push('sparseAttention', to.bufferOf(op.out.value), {
    reads: {
      q: to.view(op.q),
      latent: { state: state.id, values: false },
      entries: { state: other.id, values: false },
      chosen: chosen && to.whole(chosen),
    },
    writes: { out: to.view(op.out) },
    weights: { sinks: to.optional(op.sinks) },
    ints: { ...shape, half: to.cacheKind, window: op.window, every, topK: chosen?.width ?? 0 },
    floats: { scale: op.scale },
  })
}

export function compress(op: CompressOp, to: Lowering): void {
  const { state } = op
  append(op.kv, state, false, to)
  append(op.gate, state, true, to)
  to.push('compress', to.bufferOf(op.out), {
    reads: { kv: { state: state.id, values: false }, gate: { state: state.id, values: true } },
    writes: { out: to.whole(op.out) },
    weights: { ape: to.weight(op.ape.name) },
    ints: { half: to.cacheKind, ratio: op.ratio, overlap: op.overlap ? 1 : 0, width: op.out.width },
  })
}
