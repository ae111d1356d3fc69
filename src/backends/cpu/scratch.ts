/** Bytes of scratch that the kernels of a program need, for each thread. */
import { allOps, type Program } from '../../graph/program.js'
import { align } from '../align.js'
import { CHUNK_COLUMNS, DELTA_CHUNK, KERNEL_FORMATS, PAGE_SIZE } from '../contract.generated.js'
import type { CacheFormat } from '../formats/cache-format.js'
import { isBlocks, type PlannedWeight } from '../formats/weights.js'

export function scratchBytes(
  program: Program,
  weights: ReadonlyMap<string, PlannedWeight>,
  cache: CacheFormat,
  longestText: number,
): number {
  const ops = allOps(program).map(({ op }) => op)
  const experts = Math.max(0, ...ops.map((op) => (op.op === 'route' ? op.logits.width : 0)))
  // 4 rows of a chunk, and what routing, attention and the integer kernels keep beside
  const needs = [
    4 * CHUNK_COLUMNS * 4,
    experts * 20,
    attentionBytes(program, cache),
    deltaBytes(program),
    sparseBytes(program, longestText),
    panelBytes(weights),
  ]
  return align(Math.max(...needs)) + 256
}

/**
 * attendRows: eight rows of scores, q and out, and a panel of four keys or eight values. attendRowsQ8: eight
 * rows of scores, out, and q in i16, the scales of a page, and eight rows of weights in i16 by block.
 */
function attentionBytes(program: Program, cache: CacheFormat): number {
  const needs = program.states.map(({ keyDim, valueDim }) => {
    if (cache === 'q8') {
      const [keys, values] = [Math.ceil(keyDim / 32), Math.ceil(valueDim / 32)]
      const scales = Math.max(keys, values) * PAGE_SIZE * 4
      return 192 + 8 * PAGE_SIZE * 4 + 8 * 32 * (values * 4 + keys * 2) + scales + 8 * values * (4 + PAGE_SIZE * 2)
    }
    const columns = Math.ceil(keyDim / 4) * 4
    const valueColumns = Math.ceil((valueDim || keyDim) / 4) * 4
    return 128 + 8 * PAGE_SIZE * 4 + 8 * (columns + valueColumns) * 4 + Math.max(4 * columns, 8 * valueColumns) * 4
  })
  return Math.max(0, ...needs)
}

/** Scratch of linear-int.ts: pointers, and sixteen unpacked rows: codes in bytes, and f32 scales. */
function panelBytes(weights: ReadonlyMap<string, PlannedWeight>): number {
  const needs = [...weights.values()].map(({ format, stored }) =>
    isBlocks(format) ? Math.ceil(stored.cols / 32) * KERNEL_FORMATS[format].panelBytes : 0,
  )
  return 1024 + needs.reduce((a, b) => Math.max(a, b), 0)
}

/** Scratch of deltaRule (chunkKeys): for each token of a chunk products and keys, then three rows; or an edge of 16 floats. */
function deltaBytes(program: Program): number {
  const needs = allOps(program).map(({ op }) =>
    op.op === 'deltaRule' ? DELTA_CHUNK * 4 * (2 * DELTA_CHUNK + 2 * op.keyDim) + Math.max(64, 12 * op.keyDim) : 0,
  )
  return Math.max(0, ...needs)
}

/** Heads that share a gathered row. */
const HEADS = 8

/** Of indexers, compressors and sparse attention, for texts of so many tokens. */
function sparseBytes(program: Program, longestText: number): number {
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
