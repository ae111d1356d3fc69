/** Which of the kernels' formats a weight takes, and its bytes. */
import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import { invariant } from '../../errors.js'
import type { Weight, WeightUse } from '../../graph/ops.js'
import { align } from '../align.js'
import type { BackendOptions, WeightBits } from '../backend.js'
import { GROUP_ROWS, KERNEL_FORMATS, type KernelBlocks, type KernelFormat } from '../contract.generated.js'
import { ENCODED, publishedAs, type BlockEncoding, type Packing } from './stored-formats.js'

/** A weight with its format: decided before any byte is read. */
export interface PlannedWeight {
  readonly weight: Weight
  readonly stored: StoredTensor
  readonly format: KernelFormat
  readonly packing: Packing
  /** How its blocks are dealt out, where they are those that were published. */
  readonly blocks?: BlockEncoding
  readonly bytes: number
  /** Bytes of codes, before the scales; of the scales, before their upper level; and of that. */
  readonly dataBytes: number
  readonly scaleBytes: number
  readonly superBytes: number
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
  const encoded = format === 'int4_min' && published.format !== format
  const same = published.format === format
  const blocks = same ? published.blocks : encoded ? ENCODED : undefined
  const { dataBytes, scaleBytes, superBytes } = bytesOf(stored, format, blocks)
  return {
    weight,
    stored,
    format,
    packing: same ? published.packing : encoded ? 'packEncoded' : isBlocks(format) ? 'packFloats' : 'decoded',
    ...(blocks && { blocks }),
    dataBytes,
    scaleBytes,
    superBytes,
    bytes: align(dataBytes) + align(scaleBytes) + align(superBytes),
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
  if (quantize && aligned && !hasFourBits(own)) {
    if (quantize !== 'q8' && uses.has('linear') && !IN_EIGHT[quantize].test(weight.name))
      return stored.cols % 32 === 0 ? 'int4_min' : 'int4'
    if (!isBlocks(own)) return 'int8'
  }
  return uses.has('linear') && !isBlocks(own) ? 'int8' : own
}

/**
 * What stays in eight bits, where four cost the most for what they save: embeddings, the head, and values; then the MLP's way
 * down; then all of attention. Codes lie in bytes or in halves of them, so that what is between is a mixture.
 */
const IN_EIGHT: Readonly<Record<Exclude<WeightBits, 'q8'>, RegExp>> = {
  q4: /(^|\.)(embed_tokens|lm_head|v_proj)\.weight$/,
  q5: /(^|\.)(embed_tokens|lm_head|v_proj|down_proj|w2)\.weight$/,
  q6: /((^|\.)(embed_tokens|lm_head|down_proj|w2)\.weight$)|\.(self_attn|linear_attn|attn)\./,
}

/** Whether a format is of blocks, which integer kernels multiply; the others lie by rows. */
export function isBlocks(format: KernelFormat): format is KernelBlocks {
  return 'codeBytes' in KERNEL_FORMATS[format]
}

/** Codes of 32 columns and eight rows, a nibble each. */
function hasFourBits(format: KernelFormat): boolean {
  return isBlocks(format) && KERNEL_FORMATS[format].codeBytes === 128
}

export interface WeightBytes {
  readonly dataBytes: number
  readonly scaleBytes: number
  readonly superBytes: number
}

function bytesOf({ rows, cols, scales, name }: StoredTensor, format: KernelFormat, plan?: BlockEncoding): WeightBytes {
  if (!isBlocks(format)) {
    invariant(format !== 'fp8' || scales, `${name} has no scales`)
    const grid = format === 'fp8' && scales ? scales.shape[0] * scales.shape[1] : 0
    return { dataBytes: rows * cols * KERNEL_FORMATS[format].elementBytes, scaleBytes: grid * 4, superBytes: 0 }
  }
  return blockBytes(format, rows, cols, plan)
}

/** Bytes of a matrix of blocks: of codes, of their scales, and of the scales' upper level. */
export function blockBytes(
  format: KernelBlocks,
  rows: number,
  cols: number,
  { per, mins }: Pick<BlockEncoding, 'per' | 'mins'> = { per: 1, mins: false },
): WeightBytes {
  const { codeBytes, scaleBytes, levels } = KERNEL_FORMATS[format]
  const groups = Math.ceil(rows / GROUP_ROWS)
  const blocks = Math.ceil(cols / 32)
  return {
    dataBytes: groups * blocks * codeBytes,
    scaleBytes: groups * blocks * scaleBytes * (format === 'int7' && mins ? 2 : 1),
    superBytes: levels === 2 ? groups * Math.ceil(blocks / per) * (mins ? 32 : 16) : 0,
  }
}
