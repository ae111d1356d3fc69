/** Rows of stored blocks as staged ones, which kernels/cpu/weights/pack-blocks.ts deals out: one for each 32 columns. */
import type { Scales, StoredTensor } from '../../../checkpoint/checkpoint.js'
import { FORMATS } from '../../../checkpoint/formats/formats.js'
import { BlockNumbers } from '../../../checkpoint/formats/block-numbers.js'
import { BLOCK_READERS } from '../../../checkpoint/formats/ggml-blocks.js'
import { invariant } from '../../../errors.js'
import { STAGED_BLOCK } from '../../contract.generated.js'
import type { BlockEncoding } from '../../formats/stored-formats.js'

/** What makes codes of these formats whole numbers from 0 on. */
const OFFSETS: Partial<Record<BlockEncoding['format'], number>> = { int7: 64, int6: 32 }

/** Writes `count` rows, whose stored bytes are `bytes`, to `out`. `scales`: of the whole tensor, where it has a grid. */
export function stageBlocks(
  stored: StoredTensor,
  plan: BlockEncoding,
  bytes: Uint8Array,
  firstRow: number,
  count: number,
  scales: Scales | undefined,
  out: Uint8Array,
): void {
  if (scales) stageGrid(stored, plan, bytes, firstRow, count, scales, out)
  else stageGgml(stored, plan, bytes, count, out)
}

function stageGgml(stored: StoredTensor, plan: BlockEncoding, bytes: Uint8Array, count: number, out: Uint8Array): void {
  const { blockCols, blockBytes } = FORMATS[stored.format]
  const reader = BLOCK_READERS[stored.format]
  invariant(reader, `${stored.format} has no blocks`)
  const floats = new DataView(out.buffer, out.byteOffset, out.byteLength)
  const block = new BlockNumbers()
  block.subScales.fill(1)
  const ternary = stored.format === 'tq1_0' || stored.format === 'tq2_0'
  if (ternary) block.mins.fill(1)
  const { codes, subScales, mins } = block
  const end = count * (stored.cols / blockCols) * blockBytes
  const offset = ternary ? 1 : (OFFSETS[plan.format] ?? 0)
  for (let at = 0, to = 0; at < end; at += blockBytes) {
    reader(bytes, at, block)
    if (ternary) block.minScale = block.scale
    for (let first = 0; first < blockCols; first += 32, to += STAGED_BLOCK.bytes) {
      for (let i = 0; i < 32; i++) out[to + i] = codes[first + i]! + offset
      const s = first >> 4
      out[to + STAGED_BLOCK.scales] = subScales[s] ?? 0
      out[to + STAGED_BLOCK.scales + 1] = subScales[s + 1] ?? 0
      out[to + STAGED_BLOCK.mins] = mins[s] ?? 0
      out[to + STAGED_BLOCK.mins + 1] = mins[s + 1] ?? 0
      floats.setFloat32(to + STAGED_BLOCK.scale, block.scale * plan.factor, true)
      floats.setFloat32(to + STAGED_BLOCK.minScale, block.minScale * plan.factor, true)
    }
  }
}

/** INT4 in safetensors: two codes in a byte, low nibble first; the minimum is the zero point times the scale. */
function stageGrid(
  stored: StoredTensor,
  { factor }: BlockEncoding,
  bytes: Uint8Array,
  firstRow: number,
  count: number,
  { values, zeros }: Scales,
  out: Uint8Array,
): void {
  const { scales, cols } = stored
  invariant(scales, `${stored.name} has no scales`)
  const floats = new DataView(out.buffer, out.byteOffset, out.byteLength)
  const gridCols = scales.shape[1]
  for (let row = 0, from = 0, to = 0; row < count; row++)
    for (let col = 0; col < cols; col += 32, to += STAGED_BLOCK.bytes, from += 16) {
      for (let i = 0; i < 16; i++) {
        const byte = bytes[from + i] ?? 0
        out[to + 2 * i] = byte & 15
        out[to + 2 * i + 1] = byte >> 4
      }
      const at = (firstRow + row) * gridCols + Math.floor(col / scales.blockCols)
      out[to + STAGED_BLOCK.scales] = 1
      out[to + STAGED_BLOCK.mins] = zeros?.[at] ?? 8
      floats.setFloat32(to + STAGED_BLOCK.scale, (values[at] ?? NaN) * factor, true)
      floats.setFloat32(to + STAGED_BLOCK.minScale, (values[at] ?? NaN) * factor, true)
    }
}
