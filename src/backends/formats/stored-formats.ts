/** The one table of how stored formats become the kernels'. */
import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import type { FormatName } from '../../checkpoint/formats/formats.js'
import type { KernelBlocks, KernelFormat, KernelRows } from '../contract.generated.js'

/**
 * How rows come into memory. rows: as they are stored. decoded: by the plain decoder, as f32. The others are kernels that arrange
 * codes and scales in blocks: the same codes in another order (packGgml, packWords), any blocks by way of staged ones
 * (packBlocks), or those of one stored format or a few; packFloats rounds floats, and packEncoded
 * with scales (and minima) that are searched for.
 */
export type Packing =
  | 'rows'
  | 'decoded'
  | 'packGgml'
  | 'packWords'
  | 'packBlocks'
  | 'packQ2k'
  | 'packQ3k'
  | 'packQ4k'
  | 'packQ5k'
  | 'packQ6k'
  | 'packSmall'
  | 'packIq4'
  | 'packMxfp4'
  | 'packFp4'
  | 'packFloats'
  | 'packEncoded'

/** Blocks of kernels/cpu/weights/dequantize-blocks.ts. */
export type BlockFormat = Exclude<KernelBlocks, 'int4' | 'int8'>

/** How blocks with scales of their own kind are dealt out (kernels/cpu/weights/dequantize-blocks.ts). */
export interface BlockEncoding {
  readonly format: BlockFormat
  /** Blocks of 32 columns that share d and dmin. */
  readonly per: number
  readonly mins: boolean
  /** The stored scale times this is an f16: the readers of ggml's blocks divide by powers of two. */
  readonly factor: number
  /** Of int7 and int6: no code is beyond -32..31. */
  readonly narrow: boolean
}

/** What a tensor becomes without rounding. */
export interface Published {
  readonly format: KernelFormat
  readonly packing: Packing
  readonly blocks?: BlockEncoding
}

const rows = (format: KernelRows): Published => ({ format, packing: 'rows' })

const decoded: Published = { format: 'f32', packing: 'decoded' }

const blocks = (
  format: BlockFormat,
  per: number,
  {
    mins = false,
    factor = 1,
    narrow = true,
    packing = 'packBlocks',
  }: Partial<Pick<BlockEncoding, 'mins' | 'factor' | 'narrow'> & { packing: Packing }> = {},
): Published => ({ format, packing, blocks: { format, per, mins, factor, narrow } })

/** What floats become by a search for scales. */
export type EncodedFormat = 'int4_min' | 'int5_min' | 'int6'

/** Runs of eight blocks, as in Q4_K, Q5_K and Q6_K. Small scales keep out of f16's subnormals. */
export const ENCODED: Readonly<Record<EncodedFormat, BlockEncoding>> = {
  int4_min: { format: 'int4_min', per: 8, mins: true, factor: 256, narrow: true },
  int5_min: { format: 'int5_min', per: 8, mins: true, factor: 256, narrow: true },
  int6: { format: 'int6', per: 8, mins: false, factor: 256, narrow: true },
}

const STORED: Readonly<Record<FormatName, Published | ((stored: StoredTensor) => Published)>> = {
  f32: rows('f32'),
  f16: rows('f16'),
  bf16: rows('bf16'),
  i32: decoded,
  i64: decoded,
  fp8_e4m3: rows('fp8'),
  int4_packed: ({ scales }) => {
    const per = (scales?.blockCols ?? 0) / 32
    const runs = Number.isInteger(per) && per >= 1 && scales?.blockRows === 1
    if (runs && (per > 1 || scales.zeroPoints)) return blocks('int4_min', per, { mins: true })
    return { format: 'int4', packing: 'packWords' }
  },
  fp4: ({ scales }) => {
    if (scales?.kind === 'e8m0' && scales.blockCols === 32) return blocks('mxfp4', 1, { packing: 'packFp4' })
    if (scales?.kind === 'e4m3' && scales.blockCols === 16) return blocks('nvfp4', 1, { packing: 'packFp4' })
    return decoded
  },
  q4_0: { format: 'int4', packing: 'packGgml' },
  q4_1: blocks('int4_min', 1, { mins: true, packing: 'packSmall' }),
  q5_0: blocks('int6', 1, { packing: 'packSmall' }),
  q5_1: blocks('int5_min', 1, { mins: true, packing: 'packSmall' }),
  q8_0: { format: 'int8', packing: 'packGgml' },
  iq4_nl: blocks('iq4', 1, { packing: 'packIq4' }),
  mxfp4: blocks('mxfp4', 1, { packing: 'packMxfp4' }),
  q2_k: blocks('int7', 8, { mins: true, packing: 'packQ2k' }),
  q3_k: blocks('int6', 8, { packing: 'packQ3k' }),
  q4_k: blocks('int4_min', 8, { mins: true, packing: 'packQ4k' }),
  q5_k: blocks('int5_min', 8, { mins: true, packing: 'packQ5k' }),
  q6_k: blocks('int6', 8, { packing: 'packQ6k' }),
  q8_k: decoded,
  iq1_s: blocks('int6', 8, { factor: 8 }),
  iq1_m: blocks('int6', 8, { factor: 8 }),
  iq2_xxs: blocks('int7', 8, { factor: 8, narrow: false }),
  iq2_xs: blocks('int7', 8, { factor: 8, narrow: false }),
  iq2_s: blocks('int7', 8, { factor: 8, narrow: false }),
  iq3_xxs: blocks('int7', 8, { factor: 4, narrow: false }),
  iq3_s: blocks('int7', 8, { narrow: false }),
  iq4_xs: blocks('iq4', 8, { packing: 'packIq4' }),
  // -1, 0, 1 are codes 0, 1, 2 with a minimum of one step.
  tq1_0: blocks('int4_min', 8, { mins: true }),
  tq2_0: blocks('int4_min', 8, { mins: true }),
}

/** The kernels' format that holds what a tensor stores, bit for bit. */
export function publishedAs(stored: StoredTensor): Published {
  const rule = STORED[stored.format]
  return typeof rule === 'function' ? rule(stored) : rule
}
