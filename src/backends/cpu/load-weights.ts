import type { Scales, StoredTensor } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/decode.js'
import { rowBytes } from '../../checkpoint/formats.js'
import { UserError } from '../../errors.js'
import { checkIds } from '../ids.js'
import type { BlockPlan } from './block-formats.js'
import { DESCRIPTOR_BYTES, GROUP_ROWS, writeDescriptor, type Descriptor, type KernelFormat } from './records.js'
import { RECORD_BLOCK_BYTES, stageBlocks } from './stage-blocks.js'
import { align, type PlacedWeight } from './weights.js'

/** Bytes read at a time, unless eight rows are more: a load holds little besides its result. */
const PIECE_BYTES = 1 << 20
/** Scales of requantised weights are stored times 2^8, which keeps small ones out of f16's subnormals. */
const REQUANT_SCALE = 256
const F16_UNBIAS = 2 ** 112
/** The same for the scales of NVFP4, halved, because the kernels' table is twice e2m1. */
const NVFP4_UNBIAS = 2 ** 119

/** The functions of kernels/cpu/pack.ts; those that return a number return 0 when all is well. */
interface PackKernels {
  init(thread: number, nThreads: number, scratch: number, products: number, spins: number): void
  packGgml(descriptor: number, source: number, row: number, count: number): number
  packWords(descriptor: number, source: number, grid: number, factor: number, row: number, count: number): number
  packBlocks(descriptor: number, source: number, row: number, count: number): number
  packQ4k(descriptor: number, source: number, row: number, count: number): number
  packQ6k(descriptor: number, source: number, row: number, count: number): number
  packMxfp4(descriptor: number, source: number, row: number, count: number): number
  packFp4(descriptor: number, source: number, grid: number, row: number, count: number): number
  packFloats(descriptor: number, source: number, factor: number, row: number, count: number): void
  anyMasked(address: number, bytes: number, width: number, mask: number): number
}

/** Bits that are all set in NaN and infinity, and the width of an element. */
const NOT_FINITE: Partial<Record<KernelFormat, readonly [width: number, mask: number]>> = {
  fp8: [1, 0x7f],
  f16: [2, 0x7c00],
  bf16: [2, 0x7f80],
  f32: [4, 0x7f800000],
}

/** Stored formats that kernels can widen as they are. */
const ROW_MAJOR: Partial<Record<StoredTensor['format'], KernelFormat>> = {
  f32: 'f32',
  f16: 'f16',
  bf16: 'bf16',
  fp8_e4m3: 'fp8',
}

/** Stored blocks that a kernel takes apart by itself. */
const OWN_KERNEL = { q4_k: 'packQ4k', q6_k: 'packQ6k', mxfp4: 'packMxfp4' } as const

/** Bytes that a {@link WeightLoader} needs beside the weights: a descriptor, scales, and a piece of rows. */
export function stagingBytes(weights: Iterable<PlacedWeight>): number {
  let most = 0
  for (const { stored } of weights) {
    const grid = stored.scales ? stored.scales.shape[0] * stored.scales.shape[1] * 4 : 0
    most = Math.max(most, align(DESCRIPTOR_BYTES) + align(grid) + pieceRows(stored) * stagedRowBytes(stored))
  }
  return align(most)
}

/** A row as stored, as records of its blocks, or as f32 where it must be decoded first: the longest of these. */
function stagedRowBytes(stored: StoredTensor): number {
  const records = Math.ceil(stored.cols / 32) * RECORD_BLOCK_BYTES
  return Math.max(rowBytes(stored.format, stored.cols), stored.cols * 4, records)
}

function pieceRows(stored: StoredTensor): number {
  const pieces = Math.floor(PIECE_BYTES / (stagedRowBytes(stored) * GROUP_ROWS))
  return Math.min(Math.max(1, pieces) * GROUP_ROWS, Math.ceil(stored.rows / GROUP_ROWS) * GROUP_ROWS)
}

/** Reads weights into one bank: straight into their place, or by way of `staging` where kernels pack them. */
export class WeightLoader {
  private readonly kernels: PackKernels

  constructor(
    module: WebAssembly.Module,
    private readonly memory: WebAssembly.Memory,
    scratch: number,
    private readonly staging: number,
  ) {
    const env = { memory, abort: () => undefined, clock: () => 0 }
    this.kernels = new WebAssembly.Instance(module, { env }).exports as unknown as PackKernels
    this.kernels.init(0, 1, scratch, 0, 0)
  }

  /** @throws UserError for weights or scales that are not finite. */
  async load(placed: PlacedWeight, signal?: AbortSignal): Promise<void> {
    const { stored, format } = placed
    const { rows, cols } = stored
    if (placed.blocks) return this.loadBlocks(placed, placed.blocks, signal)
    const integer = format === 'int4' || format === 'int8'
    const scales = placed.data + align(placed.dataBytes)
    const grid = stored.scales && scalesOf(await stored.scales.read())
    if (format === 'fp8') new Float32Array(this.memory.buffer, scales, grid!.length).set(grid!)
    const sameCodes = (stored.format === 'q4_0' && format === 'int4') || (stored.format === 'q8_0' && format === 'int8')
    const words = stored.format === 'int4_packed' && format === 'int4'
    const factor = sameCodes ? 1 : words ? powerFor(grid!) : REQUANT_SCALE
    const described = { data: placed.data, rows, cols, ...gridOf(stored) }
    this.describe(placed.descriptor, { ...described, format, scales, multiplier: F16_UNBIAS / factor })

    // Staged: a descriptor of the rows, the scales of all or of these rows, the rows.
    const gridAt = this.staging + align(DESCRIPTOR_BYTES)
    const source = gridAt + (grid ? align(grid.length * 4) : 0)
    if (grid) new Float32Array(this.memory.buffer, gridAt, grid.length).set(grid)
    const step = pieceRows(stored)
    for (let row = 0; row < rows; row += step) {
      if (signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
      const count = Math.min(step, rows - row)
      if (!integer) {
        const at = placed.data + row * cols * (BYTES[format] ?? 0)
        await this.stage(stored, format, row, count, at)
        continue
      }
      let refused = 0
      if (sameCodes) {
        await this.read(stored, row, count, source)
        refused = this.kernels.packGgml(placed.descriptor, source, row, count)
      } else if (words) {
        await this.read(stored, row, count, source)
        const scalesOfRow = gridAt + row * Math.ceil(cols / 32) * 4
        refused = this.kernels.packWords(placed.descriptor, source, scalesOfRow, factor, row, count)
      } else {
        const staged = ROW_MAJOR[stored.format] ?? 'f32'
        await this.stage(stored, staged, row, count, source)
        // the kernel counts rows from the tensor's first
        const first = (source - row * cols * (BYTES[staged] ?? 0)) >>> 0
        this.describe(this.staging, { ...described, format: staged, data: first, scales: gridAt, multiplier: 1 })
        this.kernels.packFloats(placed.descriptor, this.staging, factor, row, count)
      }
      if (refused) throw badScales(stored)
    }
    if (placed.weight.idsBelow !== undefined)
      checkIds(placed.weight, stored, new Float32Array(this.memory.buffer, placed.data, rows * cols))
  }

  /** Blocks with scales of two levels: read, taken apart into records, and dealt out by a kernel. */
  private async loadBlocks(placed: PlacedWeight, plan: BlockPlan, signal: AbortSignal | undefined): Promise<void> {
    const { stored, format } = placed
    const { rows, cols } = stored
    const grid = stored.scales && (await stored.scales.read())
    // Scales of INT4 are floats of any size; what they are multiplied with is a power of two.
    const factor = format === 'int4_min' && grid ? powerFor(grid.values) : plan.factor
    const multiplier = format === 'nvfp4' ? NVFP4_UNBIAS * (grid?.multiplier ?? 1) : F16_UNBIAS / factor
    if (!Number.isFinite(Math.fround(multiplier))) throw badScales(stored)
    const scales = placed.data + align(placed.dataBytes)
    this.describe(placed.descriptor, {
      ...{ data: placed.data, rows, cols, format, scales, multiplier },
      ...{ gridCols: plan.per, blockRows: plan.mins ? 1 : 0, blockCols: 0 },
      supers: scales + align(placed.scaleBytes),
    })
    const step = pieceRows(stored)
    for (let row = 0; row < rows; row += step) {
      if (signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
      const count = Math.min(step, rows - row)
      if (await this.packPiece(placed, { ...plan, factor }, grid, row, count)) throw badScales(stored)
    }
  }

  /** Rows [row, row + count); not 0 where a scale is refused. */
  private async packPiece(
    { stored, descriptor }: PlacedWeight,
    plan: BlockPlan,
    grid: Scales | undefined,
    row: number,
    count: number,
  ): Promise<number> {
    const { format, cols } = stored
    if (format === 'q4_k' || format === 'q6_k' || format === 'mxfp4') {
      await this.read(stored, row, count, this.staging)
      return this.kernels[OWN_KERNEL[format]](descriptor, this.staging, row, count)
    }
    if (format === 'fp4' && grid && stored.scales) {
      const gridCols = stored.scales.shape[1]
      const scales = grid.values.subarray(row * gridCols, (row + count) * gridCols)
      new Float32Array(this.memory.buffer, this.staging, scales.length).set(scales)
      const source = this.staging + align(scales.length * 4)
      await this.read(stored, row, count, source)
      return this.kernels.packFp4(descriptor, source, this.staging, row, count)
    }
    const bytes = await stored.readRows(row, count)
    const records = count * Math.ceil(cols / 32) * RECORD_BLOCK_BYTES
    const out = new Uint8Array(this.memory.buffer, this.staging, records)
    stageBlocks(stored, plan, bytes, row, count, grid, out)
    return this.kernels.packBlocks(descriptor, this.staging, row, count)
  }

  /** Rows as they are stored, at an address. */
  private async read(stored: StoredTensor, row: number, count: number, at: number): Promise<void> {
    const into = new Uint8Array(this.memory.buffer, at, count * rowBytes(stored.format, stored.cols))
    const bytes = await stored.readRows(row, count, into)
    if (bytes.buffer !== into.buffer) into.set(bytes)
  }

  /** Rows in a row-major kernel format, checked to be finite. */
  private async stage(
    stored: StoredTensor,
    format: KernelFormat,
    row: number,
    count: number,
    at: number,
  ): Promise<void> {
    if (ROW_MAJOR[stored.format] === format) await this.read(stored, row, count, at)
    else {
      const values = await decodeRows(stored, row, count)
      new Float32Array(this.memory.buffer, at, values.length).set(values)
    }
    const [width, mask] = NOT_FINITE[format]!
    if (this.kernels.anyMasked(at, count * stored.cols * width, width, mask) === 0) return
    throw new UserError(
      `${stored.file}: tensor ${stored.name} holds NaN or infinity; expected finite ${format} weights. The file is damaged: fetch it again.`,
      'invalid_file',
    )
  }

  private describe(address: number, d: Omit<Descriptor, 'stride' | 'paddedCols'>): void {
    const stride = d.cols * (BYTES[d.format] ?? 0)
    writeDescriptor(this.memory.buffer, address, { ...d, stride, paddedCols: Math.ceil(d.cols / 32) * 32 })
  }
}

/** Bytes of an element of the row-major formats. */
const BYTES: Partial<Record<KernelFormat, number>> = { f32: 4, f16: 2, bf16: 2, fp8: 1 }

function gridOf({ scales }: StoredTensor): Pick<Descriptor, 'gridCols' | 'blockRows' | 'blockCols'> {
  return { gridCols: scales?.shape[1] ?? 0, blockRows: scales?.blockRows ?? 1, blockCols: scales?.blockCols ?? 1 }
}

/** The power of two that brings the largest scale to f16's top octave, so that the smaller ones keep their bits. */
function powerFor(scales: Float32Array): number {
  const largest = scales.reduce((m, s) => Math.max(m, Math.abs(s)), 0)
  return largest === 0 ? 1 : 2 ** (14 - Math.floor(Math.log2(largest)))
}

function scalesOf({ values, multiplier }: Scales): Float32Array {
  return multiplier === 1 ? values : values.map((value) => value * multiplier)
}

function badScales(stored: StoredTensor): UserError {
  return new UserError(
    `${stored.file}: tensor ${stored.name} has scales that are not finite or span more than f16 can; expected ordinary ${stored.format} scales. Fetch the file again, or try --backend reference.`,
    'invalid_file',
  )
}
