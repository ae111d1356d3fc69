import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import { invariant } from '../../errors.js'
import type { Weight, WeightUse } from '../../graph/ops.js'
import type { BackendOptions } from '../backend.js'
import { blockBytes, blockPlan, type BlockPlan } from './block-formats.js'
import { DESCRIPTOR_BYTES, GROUP_ROWS, PANEL_BLOCK_BYTES, type KernelFormat } from '../cpu/records.js'

/** A weight with its place: decided before any byte is read. */
export interface PlacedWeight {
  readonly weight: Weight
  readonly stored: StoredTensor
  readonly format: KernelFormat
  readonly bytes: number
  /** How its blocks are dealt out, where they have two levels of scales. */
  readonly blocks?: BlockPlan
  /** Bytes of codes, before the scales, and of the scales, before their upper level. */
  readonly dataBytes: number
  readonly scaleBytes: number
  bank: number
  /** Of the descriptor; data follows, aligned. */
  descriptor: number
  data: number
}

/** Chooses the kernel format: exact keeps what was published, fast re-blocks what integer kernels can multiply. */
export function planWeight(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: Pick<BackendOptions, 'precision' | 'quantize'>,
): PlacedWeight {
  const format = uses.has('vector') ? 'f32' : chooseFormat(weight, stored, uses, options)
  const { rows, cols } = stored
  const blocks = Math.ceil(cols / 32)
  const groups = Math.ceil(rows / GROUP_ROWS)
  const plan = blockPlan(stored)
  const own = plan?.format === format ? plan : undefined
  let dataBytes: number
  let scaleBytes = 0
  let superBytes = 0
  if (own) ({ data: dataBytes, scales: scaleBytes, supers: superBytes } = blockBytes(own, rows, cols))
  else if (format === 'int4' || format === 'int8') {
    dataBytes = groups * blocks * GROUP_ROWS * (format === 'int4' ? 16 : 32)
    scaleBytes = groups * blocks * GROUP_ROWS * 2
  } else if (format === 'fp8') {
    invariant(stored.scales, `${stored.name} has no scales`)
    dataBytes = rows * cols
    scaleBytes = stored.scales.shape[0] * stored.scales.shape[1] * 4
  } else dataBytes = rows * cols * (format === 'f32' ? 4 : 2)
  return {
    weight,
    stored,
    format,
    ...(own && { blocks: own }),
    dataBytes,
    scaleBytes,
    bytes: align(dataBytes) + align(scaleBytes) + align(superBytes),
    bank: 0,
    descriptor: 0,
    data: 0,
  }
}

const FOUR_BITS: readonly KernelFormat[] = ['int4', 'int4_min', 'mxfp4', 'iq4', 'nvfp4']

function chooseFormat(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: Pick<BackendOptions, 'precision' | 'quantize'>,
): KernelFormat {
  const aligned = !uses.has('headLinear') || stored.rows % 4 === 0
  const published: Partial<Record<StoredTensor['format'], KernelFormat>> = {
    f32: 'f32',
    f16: 'f16',
    bf16: 'bf16',
    fp8_e4m3: 'fp8',
    int4_packed: 'int4',
    q4_0: 'int4',
    q8_0: 'int8',
  }
  const own = blockPlan(stored)?.format ?? published[stored.format] ?? 'f32'
  // An op per head begins at any row, and the kernels at multiples of four.
  if (PANEL_BLOCK_BYTES[own] !== undefined && !aligned) return 'f32'
  if (options.precision === 'exact' || !weight.quantizable) return own
  if (options.quantize === 'q4' && !FOUR_BITS.includes(own) && aligned) return 'int4'
  if (PANEL_BLOCK_BYTES[own] !== undefined) return own
  if (uses.has('linear')) return 'int8'
  return options.quantize === 'q8' && aligned ? 'int8' : own
}

export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** Bytes that a weight takes in its bank, descriptor included. */
export function placedBytes(placed: PlacedWeight): number {
  return align(DESCRIPTOR_BYTES) + placed.bytes
}
