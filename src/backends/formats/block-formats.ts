/** How stored blocks become the kernels' blocks with two levels of scales (kernels/cpu/dequantize-blocks.ts). */
import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import type { FormatName } from '../../checkpoint/formats/formats.js'
import { GROUP_ROWS, type KernelFormat } from '../cpu/records.js'

export type BlockFormat = Extract<KernelFormat, 'int4_min' | 'int7' | 'mxfp4' | 'iq4' | 'nvfp4'>

/** Which blocks a tensor becomes, and what else its descriptor says. */
export interface BlockPlan {
  readonly format: BlockFormat
  /** Blocks of 32 columns that share d and dmin. */
  readonly per: number
  readonly mins: boolean
  /** The stored scale times this is an f16: the readers of ggml's blocks divide by powers of two. */
  readonly factor: number
}

const plan = (format: BlockFormat, per: number, mins = false, factor = 1): BlockPlan => ({ format, per, mins, factor })

const GGML: Readonly<Partial<Record<FormatName, BlockPlan>>> = {
  q4_1: plan('int4_min', 1, true),
  q4_k: plan('int4_min', 8, true),
  // -1, 0, 1 are codes 0, 1, 2 with a minimum of one step.
  tq1_0: plan('int4_min', 8, true),
  tq2_0: plan('int4_min', 8, true),
  q5_0: plan('int7', 1),
  q5_1: plan('int7', 1, true),
  q2_k: plan('int7', 8, true),
  q3_k: plan('int7', 8),
  q5_k: plan('int7', 8, true),
  q6_k: plan('int7', 8),
  iq1_s: plan('int7', 8, false, 8),
  iq1_m: plan('int7', 8, false, 8),
  iq2_xxs: plan('int7', 8, false, 8),
  iq2_xs: plan('int7', 8, false, 8),
  iq2_s: plan('int7', 8, false, 8),
  iq3_xxs: plan('int7', 8, false, 4),
  iq3_s: plan('int7', 8),
  iq4_nl: plan('iq4', 1),
  iq4_xs: plan('iq4', 8),
  mxfp4: plan('mxfp4', 1),
}

/** Undefined where the kernels have no blocks for it. */
export function blockPlan({ format, scales }: StoredTensor): BlockPlan | undefined {
  if (format === 'fp4') {
    if (scales?.kind === 'e8m0' && scales.blockCols === 32) return plan('mxfp4', 1)
    return scales?.kind === 'e4m3' && scales.blockCols === 16 ? plan('nvfp4', 1) : undefined
  }
  if (format !== 'int4_packed') return GGML[format]
  const per = (scales?.blockCols ?? 0) / 32
  const plain = per === 1 && !scales?.zeroPoints
  return plain || !Number.isInteger(per) || per < 1 || scales?.blockRows !== 1 ? undefined : plan('int4_min', per, true)
}

/** Bytes of codes, of their scales, and of d and dmin. */
export interface BlockBytes {
  readonly data: number
  readonly scales: number
  readonly supers: number
}

const SCALE_BYTES: Readonly<Record<BlockFormat, number>> = { int4_min: 16, int7: 16, mxfp4: 8, iq4: 8, nvfp4: 16 }

export function blockBytes({ format, per, mins }: BlockPlan, rows: number, cols: number): BlockBytes {
  const groups = Math.ceil(rows / GROUP_ROWS)
  const blocks = Math.ceil(cols / 32)
  const twoLevels = format === 'int4_min' || format === 'int7' || format === 'iq4'
  return {
    data: groups * blocks * (format === 'int7' ? 256 : 128),
    scales: groups * blocks * SCALE_BYTES[format] * (format === 'int7' && mins ? 2 : 1),
    supers: twoLevels ? groups * Math.ceil(blocks / per) * (mins ? 32 : 16) : 0,
  }
}
