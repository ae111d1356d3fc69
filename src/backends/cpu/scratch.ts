/** Bytes of scratch that each thread needs for a program: kernels/scratch.ts with the program's sizes. */
import type { Op } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import { KERNEL_FORMATS } from '../contract.generated.js'
import type { CacheFormat } from '../formats/cache-format.js'
import { isBlocks, type PlannedWeight } from '../formats/weights.js'
import {
  attentionEnd,
  attentionQ8End,
  compressEnd,
  deltaEnd,
  indexerEnd,
  linearEnd,
  panelEnd,
  routeEnd,
  sparseEnd,
} from '../scratch.generated.js'

/** @param longestText - tokens of a sequence at the most. */
export function scratchBytes(
  program: Program,
  weights: ReadonlyMap<string, PlannedWeight>,
  cache: CacheFormat,
  longestText: number,
): number {
  const ops = allOps(program).map(({ op }) => opBytes(op, cache, longestText))
  const panels = [...weights.values()].map(({ format, stored }) =>
    isBlocks(format) ? panelEnd(Math.ceil(stored.cols / 32), KERNEL_FORMATS[format].panelBytes) : 0,
  )
  return [...ops, ...panels].reduce((most, bytes) => Math.max(most, bytes), linearEnd())
}

function opBytes(op: Op, cache: CacheFormat, longestText: number): number {
  switch (op.op) {
    case 'attention':
      return attentionBytes(op.headDim, op.vHeadDim, cache)
    case 'mlaAttention':
      return attentionBytes(op.rank + op.ropeDim, op.rank, cache)
    case 'sparseAttention':
      return sparseEnd(whole(op.rank + op.ropeDim, 4), whole(op.rank, 4))
    case 'index':
      return indexerEnd(op.topK, op.dim, Math.ceil(longestText / op.state.every))
    case 'compress':
      return compressEnd(op.ratio * (op.overlap ? 2 : 1))
    case 'deltaRule':
      return deltaEnd(op.keyDim)
    case 'route':
      return routeEnd(op.logits.width, op.nGroups)
    default:
      return 0
  }
}

function attentionBytes(E: number, Ev: number, cache: CacheFormat): number {
  return cache === 'q8' ? attentionQ8End(whole(E, 32), whole(Ev, 32)) : attentionEnd(whole(E, 4), whole(Ev, 4))
}

function whole(columns: number, unit: number): number {
  return Math.ceil(columns / unit) * unit
}
