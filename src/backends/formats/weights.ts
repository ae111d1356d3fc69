/** Which of the kernels' formats a weight takes, and its bytes. */
import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import { invariant } from '../../errors.js'
import type { Weight, WeightUse } from '../../graph/ops.js'
import { align } from '../align.js'
import type { BackendOptions, WeightBits } from '../backend.js'
import { GROUP_ROWS, KERNEL_FORMATS, type KernelBlocks, type KernelFormat } from '../contract.generated.js'
import { ENCODED, publishedAs, type BlockEncoding, type EncodedFormat, type Packing } from './stored-formats.js'

/** A weight with its format: decided before any byte is read. */
export interface PlannedWeight {
  readonly weight: Weight
  readonly stored: StoredTensor
  readonly format: KernelFormat
  readonly packing: Packing
  /** How its blocks are dealt out, where they are those that were published. */
  readonly blocks?: BlockEncoding
  readonly bytes: number
  /** Without the grid of scales that comes after it. */
  readonly dataBytes: number
}

/** Chooses the kernel format: exact keeps what was published, fast re-blocks what integer kernels can multiply. */
export function planWeight(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: Pick<BackendOptions, 'precision' | 'quantize'>,
): PlannedWeight {
  const published = publishedAs(stored)
  const format = uses.has('vector') ? 'f32' : chooseFormat(weight, stored, uses, options)
  const encoded = published.format !== format && isEncoded(format)
  const same = published.format === format
  const blocks = same ? published.blocks : encoded ? ENCODED[format] : undefined
  const { dataBytes, gridBytes } = bytesOf(stored, format, blocks)
  return {
    weight,
    stored,
    format,
    packing: same ? published.packing : encoded ? 'packEncoded' : isBlocks(format) ? 'packFloats' : 'decoded',
    ...(blocks && { blocks }),
    dataBytes,
    bytes: align(dataBytes) + align(gridBytes),
  }
}

function chooseFormat(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: Pick<BackendOptions, 'precision' | 'quantize'>,
): KernelFormat {
  const aligned = !uses.has('headLinear') || stored.rows % 4 === 0
  const own = publishedAs(stored).format
  // An op per head begins at any row, and the kernels at multiples of four.
  if (isBlocks(own) && !aligned) return 'f32'
  if (options.precision === 'exact' || !weight.quantizable) return own
  const { quantize } = options
  if (quantize && aligned) {
    const fewer = quantize !== 'q8' && uses.has('linear') ? formatIn(quantize, weight.name, stored.cols) : 'int8'
    if (!isBlocks(own) || KERNEL_FORMATS[fewer].codeBytes < KERNEL_FORMATS[own].codeBytes) return fewer
  }
  return uses.has('linear') && !isBlocks(own) ? 'int8' : own
}

/** Where few bits cost the most for what they save. */
const ENDS = /(^|\.)(embed_tokens|lm_head)\.weight$/
const VALUES = /(^|\.)v_proj\.weight$/
const DOWN = /(^|\.)(down_proj|w2)\.weight$/

/** What a matrix becomes: embeddings and the head have eight bits, and values and the MLP's way down more than all else. */
function formatIn(bits: Exclude<WeightBits, 'q8'>, name: string, cols: number): KernelBlocks {
  if (ENDS.test(name)) return 'int8'
  if (bits === 'q4' && VALUES.test(name)) return 'int8'
  // Rows that are no whole blocks have no search.
  if (cols % 32 !== 0) return bits === 'q4' ? 'int4' : 'int8'
  if (bits === 'q4') return 'int4_min'
  return bits === 'q6' || VALUES.test(name) || DOWN.test(name) ? 'int6' : 'int5_min'
}

function isEncoded(format: KernelFormat): format is EncodedFormat {
  return format in ENCODED
}

/** Whether a format is of blocks, which integer kernels multiply; the others lie by rows. */
export function isBlocks(format: KernelFormat): format is KernelBlocks {
  return 'codeBytes' in KERNEL_FORMATS[format]
}

function bytesOf(
  { rows, cols, scales, name }: StoredTensor,
  format: KernelFormat,
  plan?: BlockEncoding,
): { readonly dataBytes: number; readonly gridBytes: number } {
  if (isBlocks(format)) return { dataBytes: blocksLayout(format, rows, cols, plan).bytes, gridBytes: 0 }
  invariant(format !== 'fp8' || scales, `${name} has no scales`)
  const grid = format === 'fp8' && scales ? scales.shape[0] * scales.shape[1] : 0
  return { dataBytes: rows * cols * KERNEL_FORMATS[format].elementBytes, gridBytes: grid * 4 }
}

/** How a matrix of blocks lies in memory (kernels/cpu/weights/descriptor.ts). */
export interface BlocksLayout {
  readonly bytes: number
  /** Of the upper level of scales, with which a run of blocks begins. */
  readonly superBytes: number
  /** Where that level lies in the scales below it (kernels/cpu/weights/run-scales.ts). */
  readonly inScales: boolean
}

export function blocksLayout(
  format: KernelBlocks,
  rows: number,
  cols: number,
  { per, mins }: Pick<BlockEncoding, 'per' | 'mins'> = { per: 1, mins: false },
): BlocksLayout {
  const { codeBytes, scaleBytes, levels } = KERNEL_FORMATS[format]
  const groups = Math.ceil(rows / GROUP_ROWS)
  const blocks = Math.ceil(cols / 32)
  const runs = Math.ceil(blocks / per)
  // Eight scales of six bits have room for an f16.
  const inScales = (format === 'int4_min' || format === 'int5_min') && per === 8 && blocks % 8 === 0
  const superBytes = levels === 1 || inScales ? 0 : mins ? 32 : 16
  const blockBytes = codeBytes + scaleBytes * (format === 'int7' && mins ? 2 : 1)
  const groupBytes = runs * superBytes + blocks * blockBytes
  return { bytes: groups * groupBytes, superBytes, inScales }
}
