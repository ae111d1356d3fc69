// Rows of floats into a matrix's blocks while a model is loaded, with the scales that a search finds: work for all threads.
import { EncodeRowsRecord, GROUP_ROWS, STAGED_BYTES } from '../contract.generated'
import { claim } from '../control'
import { encodeMins, encodeRuns } from './encode'
import { packBlocks } from './pack-blocks'

/** Each group of rows is staged by the thread that took it, and packed. */
export function encodeRows(rec: EncodeRowsRecord): void {
  const d = rec.matrix,
    blocks = d.cols >> 5,
    xBytes = (<usize>d.cols) << 2,
    stagedBytes = <usize>blocks * STAGED_BYTES,
    groups = (rec.count + GROUP_ROWS - 1) / GROUP_ROWS
  for (let g = claim(rec, 1); g < groups; g = claim(rec, 1)) {
    const first = g * GROUP_ROWS,
      end = min(first + GROUP_ROWS, rec.count),
      staged = <usize>rec.staged + <usize>first * stagedBytes
    let x = <usize>rec.source + <usize>first * xBytes,
      to = staged
    for (let i = first; i < end; i++, x += xBytes, to += stagedBytes)
      if (d.mins) encodeMins(x, blocks, d.per, <f32>rec.top, rec.factor, to)
      else encodeRuns(x, blocks, <f32>rec.top, rec.factor, <f32>rec.top, to)
    if (packBlocks(d, staged, rec.row + first, end - first)) rec.refused = 1
  }
}
