import type { Scales, StoredTensor } from '../../../checkpoint/checkpoint.js'
import { decodeRows } from '../../../checkpoint/formats/decode.js'
import { rowBytes } from '../../../checkpoint/formats/formats.js'
import { UserError } from '../../../errors.js'
import { checkIds } from '../../ids.js'
import { align } from '../../align.js'
import {
  GROUP_ROWS,
  KERNEL_FORMATS,
  RAISE,
  STAGED_BLOCK,
  type KernelFormat,
  type KernelRows,
} from '../../contract.generated.js'
import { publishedAs, type BlockEncoding, type Packing } from '../../formats/stored-formats.js'
import { blocksLayout, isBlocks } from '../../formats/weights.js'
import type { LoadTasks } from './load-tasks.js'
import type { PlacedWeight } from '../places.js'
import { STAGING_BUFFERS, type StagingQueue } from './staging-queue.js'
import { DESCRIPTOR_BYTES, writeDescriptor, type Descriptor } from '../records.js'
import { linearEnd } from '../../scratch.generated.js'
import { stageBlocks } from './stage-blocks.js'

/** Bytes read at a time, unless eight rows are more: a load holds little besides its result. */
const PIECE_BYTES = 1 << 20
/** Scales of requantised weights are stored times 2^8, which keeps small ones out of f16's subnormals. */
const REQUANT_SCALE = 256
const F16_UNBIAS = 2 ** 112
/** The same for the scales of NVFP4, halved, because the kernels' table is twice e2m1. */
const NVFP4_UNBIAS = 2 ** 119

/** The functions of kernels/cpu/weights/pack.ts; those that return a number return 0 when all is well. */
interface PackKernels {
  init(thread: number, nThreads: number, scratch: number, products: number, spins: number): void
  packGgml(descriptor: number, source: number, row: number, count: number): number
  packWords(descriptor: number, source: number, grid: number, factor: number, row: number, count: number): number
  packBlocks(descriptor: number, source: number, row: number, count: number): number
  packQ2k(descriptor: number, source: number, row: number, count: number): number
  packQ3k(descriptor: number, source: number, row: number, count: number): number
  packQ4k(descriptor: number, source: number, row: number, count: number): number
  packQ5k(descriptor: number, source: number, row: number, count: number): number
  packQ6k(descriptor: number, source: number, row: number, count: number): number
  packSmall(descriptor: number, source: number, row: number, count: number): number
  packIq4(descriptor: number, source: number, row: number, count: number): number
  packMxfp4(descriptor: number, source: number, row: number, count: number): number
  packFp4(descriptor: number, source: number, grid: number, row: number, count: number): number
  packFloats(descriptor: number, source: number, factor: number, row: number, count: number): void
  weave(address: number, bytes: number): void
  interleave(address: number, rows: number, rowBytes: number, spare: number, halves: number): void
  anyMasked(address: number, bytes: number, width: number, mask: number): number
}

/** The host's own: threads use theirs while it packs. */
const SCRATCH_BYTES = align(linearEnd())

/** Bytes that a {@link WeightLoader} of these weights needs next to them: its scratch, and the buffers of {@link StagingQueue}. */
export function stagingBytes(weights: Iterable<PlacedWeight>): number {
  return SCRATCH_BYTES + bufferBytes(weights) * STAGING_BUFFERS
}

/** A descriptor, a piece of rows, and its rows of scales. */
function bufferBytes(weights: Iterable<PlacedWeight>): number {
  let most = 0
  for (const placed of weights) {
    const { scales } = placed.stored
    const rows = pieceRows(placed)
    const grid = scales ? (Math.ceil(rows / scales.blockRows) + 1) * scales.shape[1] * 4 : 0
    most = Math.max(most, align(DESCRIPTOR_BYTES) + align(grid) + rows * stagedRowBytes(placed))
  }
  return align(most)
}

/** Kernels that take rows as they are stored. */
const DIRECT: ReadonlySet<Packing> = new Set<Packing>([
  'packGgml',
  'packWords',
  'packQ2k',
  'packQ3k',
  'packQ4k',
  'packQ5k',
  'packQ6k',
  'packSmall',
  'packIq4',
  'packMxfp4',
  'packFp4',
])

/** Those of them that take blocks with scales of their own. */
type OneFormat = 'packQ2k' | 'packQ3k' | 'packQ4k' | 'packQ5k' | 'packQ6k' | 'packSmall' | 'packIq4' | 'packMxfp4'

function isOneFormat(packing: Packing): packing is OneFormat {
  return DIRECT.has(packing) && packing !== 'packGgml' && packing !== 'packWords' && packing !== 'packFp4'
}

/** A row as stored; for the other kernels as f32 where it must be decoded first, and as staged blocks. */
function stagedRowBytes({ stored, packing }: PlacedWeight): number {
  const own = rowBytes(stored.format, stored.cols)
  if (DIRECT.has(packing)) return own
  const blocks = Math.ceil(stored.cols / 32) * STAGED_BLOCK.bytes
  // Floats that are encoded lie in front of their blocks.
  return Math.max(own, stored.cols * 4 + blocks)
}

function pieceRows(placed: PlacedWeight): number {
  const groups = Math.max(1, Math.floor(PIECE_BYTES / (stagedRowBytes(placed) * GROUP_ROWS)))
  return Math.min(groups, Math.ceil(placed.stored.rows / GROUP_ROWS)) * GROUP_ROWS
}

/** Reads weights into one bank: straight into their place, or by way of `staging` where kernels pack them. */
export class WeightLoader {
  private readonly kernels: PackKernels
  private readonly buffers: number
  private readonly bufferBytes: number

  constructor(
    module: WebAssembly.Module,
    private readonly bank: number,
    private readonly memory: WebAssembly.Memory,
    /** Where {@link stagingBytes} are free. */
    staging: number,
    weights: Iterable<PlacedWeight>,
    private readonly tasks: LoadTasks,
  ) {
    this.bufferBytes = bufferBytes(weights)
    const env = { memory, abort: () => undefined, clock: () => 0 }
    this.kernels = new WebAssembly.Instance(module, { env }).exports as unknown as PackKernels
    this.kernels.init(0, 1, staging, 0, 0)
    this.buffers = staging + SCRATCH_BYTES
  }

  /** Begins to; all is there when `ahead` has ended. @throws UserError for weights or scales that are not finite. */
  async load(placed: PlacedWeight, ahead: StagingQueue, signal?: AbortSignal): Promise<void> {
    const { stored, format, packing } = placed
    const { rows, cols } = stored
    if (placed.blocks) return this.loadBlocks(placed, placed.blocks, ahead, signal)
    const scales = placed.data + align(placed.dataBytes)
    const grid = stored.scales && scalesOf(await stored.scales.read())
    if (format === 'fp8') new Float32Array(this.memory.buffer, scales, grid!.length).set(grid!)
    const factor = packing === 'packGgml' ? 1 : packing === 'packWords' ? powerFor(grid!) : REQUANT_SCALE
    const described = { data: placed.data, rows, cols, ...gridOf(stored) }
    const interleaved = wholeVectors(format, cols)
    const multiplier = F16_UNBIAS / factor
    this.describe(placed.descriptor, { ...described, format, scales, multiplier, interleaved: interleaved ? 1 : 0 })

    await this.pieces(placed, ahead, signal, async (staging, row, count) => {
      if (!isBlocks(format)) {
        const bytes = cols * KERNEL_FORMATS[format].elementBytes
        await this.stage(stored, format, row, count, placed.data + row * bytes)
        if (interleaved)
          this.kernels.interleave(placed.data + row * bytes, count, bytes, staging, format === 'fp8' ? 0 : 1)
        return
      }
      // Staged: a descriptor of the rows, their scales, the rows.
      const gridAt = staging + align(DESCRIPTOR_BYTES)
      const staged = grid && stageScales(this.memory, stored, grid, row, count, gridAt)
      const source = gridAt + align(staged?.bytes ?? 0)
      let refused = 0
      if (packing === 'packGgml') {
        await this.read(stored, row, count, source)
        refused = this.kernels.packGgml(placed.descriptor, source, row, count)
      } else if (packing === 'packWords') {
        await this.read(stored, row, count, source)
        refused = this.kernels.packWords(placed.descriptor, source, gridAt, factor, row, count)
      } else {
        const format = rowsOf(stored) ?? 'f32'
        await this.stage(stored, format, row, count, source)
        // the kernel counts rows from the tensor's first
        const data = (source - row * cols * KERNEL_FORMATS[format].elementBytes) >>> 0
        this.describe(staging, { ...described, format, data, scales: staged?.ofFirstRow ?? 0, multiplier: 1 })
        this.kernels.packFloats(placed.descriptor, staging, factor, row, count)
      }
      if (refused) throw badScales(stored)
    })
    if (placed.weight.idsBelow === undefined) return
    await ahead.end()
    checkIds(placed.weight, stored, new Float32Array(this.memory.buffer, placed.data, rows * cols))
  }

  /** Calls `load` for every piece of rows, with a staging buffer. */
  private async pieces(
    placed: PlacedWeight,
    ahead: StagingQueue,
    signal: AbortSignal | undefined,
    load: (staging: number, row: number, count: number) => Promise<void>,
  ): Promise<void> {
    const step = pieceRows(placed)
    const { rows } = placed.stored
    for (let row = 0; row < rows; row += step) {
      if (signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
      await ahead.add((buffer) => load(this.buffers + buffer * this.bufferBytes, row, Math.min(step, rows - row)))
    }
  }

  /** Blocks with scales of two levels: read, taken apart into records, and dealt out by a kernel. */
  private async loadBlocks(
    placed: PlacedWeight,
    plan: BlockEncoding,
    ahead: StagingQueue,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { stored, format, packing } = placed
    const { rows, cols } = stored
    const grid = stored.scales && (await stored.scales.read())
    // Scales of INT4 are floats of any size; what they are multiplied with is a power of two.
    const factor = format === 'int4_min' && grid ? powerFor(grid.values) : plan.factor
    const multiplier = format === 'nvfp4' ? NVFP4_UNBIAS * (grid?.multiplier ?? 1) : F16_UNBIAS / factor
    if (!Number.isFinite(Math.fround(multiplier))) throw badScales(stored)
    const { superBytes, inScales } = blocksLayout(plan.format, rows, cols, plan)
    // Factors have brought all others to where f16 has most bits.
    let raised = (superBytes > 0 || inScales) && !grid && packing !== 'packEncoded'
    const levels = {
      ...{ per: plan.per, mins: Number(plan.mins), narrow: Number(plan.narrow) },
      inScales: Number(inScales),
    }
    const fixed = { data: placed.data, rows, cols, format, scales: 0, ...levels }
    const describe = (): void => {
      const factor = raised ? 2 ** RAISE : 1
      this.describe(placed.descriptor, { ...fixed, multiplier: multiplier / factor, raised: Number(raised) })
    }
    describe()
    const begun: (readonly [row: number, count: number])[] = []
    await this.pieces(placed, ahead, signal, async (staging, ...piece) => {
      const pack = async (rows: (typeof begun)[number]): Promise<boolean> =>
        (await this.packPiece(placed, { ...plan, factor }, grid, staging, ...rows)) === 0
      begun.push(piece)
      const wasRaised = raised
      if (await pack(piece)) return
      // A scale may be too large to be raised: then none is, in the rows before, too. Another piece may have found that already.
      const again = !wasRaised ? [] : raised ? begun.slice() : [piece]
      if (again.length === 0) throw badScales(stored)
      raised = false
      describe()
      for (const rows of again) if (!(await pack(rows))) throw badScales(stored)
    })
  }

  /** Rows [row, row + count); not 0 where a scale is refused. */
  private async packPiece(
    { stored, packing, descriptor }: PlacedWeight,
    plan: BlockEncoding,
    grid: Scales | undefined,
    staging: number,
    row: number,
    count: number,
  ): Promise<number> {
    if (isOneFormat(packing)) {
      await this.read(stored, row, count, staging)
      return this.kernels[packing](descriptor, staging, row, count)
    }
    if (packing === 'packFp4' && grid && stored.scales) {
      const gridCols = stored.scales.shape[1]
      const scales = grid.values.subarray(row * gridCols, (row + count) * gridCols)
      new Float32Array(this.memory.buffer, staging, scales.length).set(scales)
      const source = staging + align(scales.length * 4)
      await this.read(stored, row, count, source)
      return this.kernels.packFp4(descriptor, source, staging, row, count)
    }
    if (packing === 'packEncoded') return this.encodePiece(stored, plan, descriptor, staging, row, count)
    const bytes = await stored.readRows(row, count)
    const stagedBytes = count * Math.ceil(stored.cols / 32) * STAGED_BLOCK.bytes
    const out = new Uint8Array(this.memory.buffer, staging, stagedBytes)
    stageBlocks(stored, plan, bytes, row, count, grid, out)
    return this.kernels.packBlocks(descriptor, staging, row, count)
  }

  /** The same of floats, with the scales (and minima) that a search finds, which is work for all threads. */
  private async encodePiece(
    stored: StoredTensor,
    { format, factor }: BlockEncoding,
    descriptor: number,
    staging: number,
    row: number,
    count: number,
  ): Promise<number> {
    await this.stage(stored, 'f32', row, count, staging)
    const fields = { source: staging, staged: staging + count * stored.cols * 4, row, count, factor }
    const top = format === 'int6' ? 32 : format === 'int5_min' ? 31 : 15
    return this.tasks.encode(this.bank, { ...fields, matrix: descriptor, top })
  }

  /** Rows as they are stored, at an address. */
  private async read(stored: StoredTensor, row: number, count: number, at: number): Promise<void> {
    const into = new Uint8Array(this.memory.buffer, at, count * rowBytes(stored.format, stored.cols))
    const bytes = await stored.readRows(row, count, into)
    if (bytes.buffer !== into.buffer) into.set(bytes)
  }

  /** Rows in a row-major kernel format, checked to be finite. */
  private async stage(stored: StoredTensor, format: KernelRows, row: number, count: number, at: number): Promise<void> {
    if (rowsOf(stored) === format) await this.read(stored, row, count, at)
    else {
      const values = await decodeRows(stored, row, count)
      new Float32Array(this.memory.buffer, at, values.length).set(values)
    }
    const { elementBytes, notFinite } = KERNEL_FORMATS[format]
    if (this.kernels.anyMasked(at, count * stored.cols * elementBytes, elementBytes, notFinite) !== 0)
      throw new UserError(
        `${stored.file}: tensor ${stored.name} holds NaN or infinity; expected finite ${format} weights. The file is damaged: fetch it again.`,
        'invalid_file',
      )
    // See kernels/cpu/weights/dequantize.ts.
    if (format === 'fp8' && wholeVectors(format, stored.cols)) this.kernels.weave(at, count * stored.cols)
  }

  private describe(address: number, d: Omit<Descriptor, 'stride' | 'paddedCols'> & { readonly cols: number }): void {
    const { format, cols } = d
    const stride = isBlocks(format) ? 0 : cols * KERNEL_FORMATS[format].elementBytes
    writeDescriptor(this.memory.buffer, address, { ...d, stride, paddedCols: Math.ceil(cols / 32) * 32 })
  }
}

/** Whether rows of bf16 or fp8 are whole vectors: then they lie interleaved by four, and fp8 woven (kernels/cpu/weights/dequantize.ts). */
function wholeVectors(format: KernelFormat, cols: number): boolean {
  return format !== 'f32' && !isBlocks(format) && (cols * KERNEL_FORMATS[format].elementBytes) % 16 === 0
}

/** The kernels' format of rows that lie as they are stored. */
function rowsOf(stored: StoredTensor): KernelRows | undefined {
  const { format, packing } = publishedAs(stored)
  return packing === 'rows' && !isBlocks(format) ? format : undefined
}

function gridOf({ scales }: StoredTensor): Pick<Descriptor, 'gridCols' | 'blockRows' | 'blockCols'> {
  return { gridCols: scales?.shape[1] ?? 0, blockRows: scales?.blockRows ?? 1, blockCols: scales?.blockCols ?? 1 }
}

/** The power of two that brings the largest scale to f16's top octave, so that the smaller ones keep their bits. */
function powerFor(scales: Float32Array): number {
  const largest = scales.reduce((m, s) => Math.max(m, Math.abs(s)), 0)
  return largest === 0 ? 1 : 2 ** (14 - Math.floor(Math.log2(largest)))
}

/** The rows of a grid that rows [row, row + count) are multiplied with, at an address; and where row 0 of the grid would lie. */
function stageScales(
  memory: WebAssembly.Memory,
  { scales }: StoredTensor,
  grid: Float32Array,
  row: number,
  count: number,
  at: number,
): { bytes: number; ofFirstRow: number } {
  const { shape, blockRows } = scales!
  const first = Math.floor(row / blockRows)
  const values = grid.subarray(first * shape[1], Math.ceil((row + count) / blockRows) * shape[1])
  new Float32Array(memory.buffer, at, values.length).set(values)
  return { bytes: values.byteLength, ofFirstRow: (at - first * shape[1] * 4) >>> 0 }
}

function scalesOf({ values, multiplier }: Scales): Float32Array {
  return multiplier === 1 ? values : values.map((value) => value * multiplier)
}

function badScales(stored: StoredTensor): UserError {
  return new UserError(
    `${stored.file}: tensor ${stored.name} has scales that are not finite or span more than f16 can; expected ordinary ${stored.format} scales`,
    'invalid_file',
    { remedies: [{ advice: 'a fresh download of the file' }, { option: 'backend', value: 'reference' }] },
  )
}
