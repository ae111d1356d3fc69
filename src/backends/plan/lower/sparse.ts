/** Attention to chosen positions: see kernels/cpu/sparse.ts. */
import type { CompressOp, IndexOp, SparseAttentionOp } from '../../../graph/ops.js'
import { allOps, type Program } from '../../../graph/program.js'
import { PAGE_SIZE } from '../../backend.js'
import { append } from './attention.js'
import { at, temporary, type Lowering } from './lowering.js'

/** Lists that a step of few tokens makes: below 16 tokens, eight of each. */
const MOST_PARTS = 15 * 8
/** Heads that share a gathered row. */
const HEADS = 8

export function index(op: IndexOp, bank: number, to: Lowering): void {
  const { state, topK } = op
  append(op.k, state, false, bank, to)
  const listBytes = (2 * topK + 2) * 4
  const lists = temporary('best positions', listBytes, MOST_PARTS * listBytes)
  const keys = [{ pageOffset: state.id, values: false }, to.cacheKind, state.every]
  const shape = [op.nHeads, op.dim, { f32: op.scale }, ...keys, topK, at(lists)]
  const words = [...to.view(op.q, bank), ...to.view(op.weights, bank), ...shape]
  const reads = [to.bufferOf(op.q.value, bank), to.bufferOf(op.weights.value, bank), `cache ${state.id} keys`]
  to.push('indexScores', bank, lists, 1, words, reads, [lists])
  const out = to.bufferOf(op.out, bank)
  to.push('indexSelect', bank, out, 1, [...words, at(out), out.rowBytes], [...reads, lists], [out])
}

export function sparseAttention(op: SparseAttentionOp, bank: number, to: Lowering): void {
  const { state, entry, entries, chosen } = op
  append(op.latent, state, false, bank, to)
  if (entry && entries) append(entry, entries, false, bank, to)
  const other = entries ?? state
  const every = entries || chosen ? other.every : 0
  const list = chosen && to.bufferOf(chosen, bank)
  const words = [
    ...to.view(op.q, bank),
    ...to.view(op.out, bank),
    op.nHeads,
    op.rank + op.ropeDim,
    op.rank,
    { f32: op.scale },
    { pageOffset: state.id, values: false },
    to.cacheKind,
    op.window,
    { pageOffset: other.id, values: false },
    every,
    ...(list ? [at(list), list.rowBytes, chosen.width] : [0, 0, 0]),
    to.dataOf(op.sinks),
  ]
  const caches = [`cache ${state.id} keys`, `cache ${other.id} keys`]
  const reads = [to.bufferOf(op.q.value, bank), ...(list ? [list] : []), ...caches]
  const out = to.bufferOf(op.out.value, bank)
  to.push('sparseAttention', bank, out, 1, words, reads, [out])
}

export function compress(op: CompressOp, bank: number, to: Lowering): void {
  const { state } = op
  append(op.kv, state, false, bank, to)
  append(op.gate, state, true, bank, to)
  const out = to.bufferOf(op.out, bank)
  const rows = [{ pageOffset: state.id, values: false }, { pageOffset: state.id, values: true }, to.cacheKind]
  const shape = [op.ratio, op.overlap ? 1 : 0, op.out.width, at(out), out.rowBytes, to.dataOf(op.ape)]
  const reads = [`cache ${state.id} keys`, `cache ${state.id} values`]
  to.push('compress', bank, out, 1, [...rows, ...shape], reads, [out])
}

/** Bytes of scratch that the kernels of these ops need for texts of so many tokens. */
export function sparseBytes(program: Program, longestText: number): number {
  const needs = allOps(program).map(({ op }) => {
    // what is best, a panel of keys, and a whole row's scores and order
    if (op.op === 'index')
      return 1024 + 4 * op.topK * 4 + 16 + 4 * op.dim * 4 + 8 * Math.ceil(longestText / op.state.every)
    if (op.op === 'compress') return op.ratio * (op.overlap ? 2 : 1) * 12
    if (op.op !== 'sparseAttention') return 0
    const [columns, valueColumns] = [op.rank + op.ropeDim, op.rank].map((n) => Math.ceil(n / 4) * 4) as [number, number]
    const rows = PAGE_SIZE * 4 + HEADS * PAGE_SIZE * 4
    return 128 + rows + HEADS * (columns + valueColumns) * 4 + Math.max(4 * columns, 8 * valueColumns) * 4
  })
  return needs.reduce((a, b) => Math.max(a, b), 0)
}
