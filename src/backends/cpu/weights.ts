import type { StoredTensor } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/decode.js'
import { rowBytes } from '../../checkpoint/formats.js'
import { UserError, invariant } from '../../errors.js'
import type { Weight } from '../../graph/ops.js'
import type { BackendOptions } from '../backend.js'
import { GROUP_ROWS, packFloats, packGgml, packInt4Words, type PackTarget } from './pack.js'
import { DESCRIPTOR_BYTES, writeDescriptor, type KernelFormat } from './records.js'

/** How an op uses a matrix: integer kernels multiply, the other two widen rows to f32. */
export type WeightUse = 'linear' | 'headLinear' | 'embed' | 'vector'

/** A weight with its place: decided before any byte is read. */
export interface PlacedWeight {
  readonly weight: Weight
  readonly stored: StoredTensor
  readonly format: KernelFormat
  readonly bytes: number
  /** Bytes of codes, before the scales. */
  readonly dataBytes: number
  bank: number
  /** Of the descriptor; data follows, aligned. */
  descriptor: number
  data: number
}

/** Bytes read and packed at a time, so that a load holds little besides its result. */
export const PIECE_BYTES = 1 << 20
/** Scales of requantised weights are stored times 2^8, which keeps small ones out of f16's subnormals. */
const REQUANT_SCALE = 256
const F16_UNBIAS = 2 ** 112

/** Chooses the kernel format: exact keeps what was published, fast re-blocks what integer kernels can multiply. */
export function planWeight(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: BackendOptions,
): PlacedWeight {
  const format = uses.has('vector') ? 'f32' : chooseFormat(weight, stored, uses, options)
  const { rows, cols } = stored
  const blocks = Math.ceil(cols / 32)
  const groups = Math.ceil(rows / GROUP_ROWS)
  let dataBytes: number
  let scaleBytes = 0
  if (format === 'int4' || format === 'int8') {
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
    dataBytes,
    bytes: align(dataBytes) + align(scaleBytes),
    bank: 0,
    descriptor: 0,
    data: 0,
  }
}

function chooseFormat(
  weight: Weight,
  stored: StoredTensor,
  uses: ReadonlySet<WeightUse>,
  options: BackendOptions,
): KernelFormat {
  const aligned = !uses.has('headLinear') || stored.rows % 4 === 0
  const published: Record<StoredTensor['format'], KernelFormat> = {
    f32: 'f32',
    f16: 'f16',
    bf16: 'bf16',
    fp8_e4m3: 'fp8',
    int4_packed: 'int4',
    q4_0: 'int4',
    q8_0: 'int8',
  }
  const own = published[stored.format]
  if ((own === 'int4' || own === 'int8') && !aligned) return 'f32'
  if (options.precision === 'exact' || !weight.quantizable) return own
  if (options.quantize === 'q4' && own !== 'int4' && aligned) return 'int4'
  if (uses.has('linear') && own !== 'int4') return 'int8'
  return options.quantize === 'q8' && own !== 'int4' && aligned ? 'int8' : own
}

export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** Bytes that a weight takes in its bank, descriptor included. */
export function placedBytes(placed: PlacedWeight): number {
  return align(DESCRIPTOR_BYTES) + placed.bytes
}

/** Reads a weight into its place, a piece of at most PIECE_BYTES (or eight rows) at a time, by way of `scratch`. */
export async function loadWeight(
  placed: PlacedWeight,
  memory: WebAssembly.Memory,
  scratch: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { stored, format } = placed
  const { rows, cols } = stored
  const integer = format === 'int4' || format === 'int8'
  const scalesAt = placed.data + align(placed.dataBytes)
  let multiplier = F16_UNBIAS
  const grid =
    stored.scales && (format === 'fp8' || stored.format === 'int4_packed') ? await stored.scales.read() : undefined
  if (format === 'fp8') new Float32Array(memory.buffer, scalesAt, grid!.length).set(grid!)
  let scaleFactor = REQUANT_SCALE
  if (stored.format === 'int4_packed' && format === 'int4') scaleFactor = powerFor(grid!)
  if (integer && !sameCodes(stored.format, format)) multiplier /= scaleFactor
  const step = Math.max(1, Math.floor(PIECE_BYTES / (cols * 4 * GROUP_ROWS))) * GROUP_ROWS
  for (let row = 0; row < rows; row += step) {
    if (signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
    const count = Math.min(step, rows - row)
    if (integer) await packPiece(placed, memory, scratch, row, count, scaleFactor, grid)
    else await copyPiece(placed, memory, scratch, row, count)
  }
  writeDescriptor(memory.buffer, placed.descriptor, {
    format,
    data: placed.data,
    scales: integer || format === 'fp8' ? scalesAt : 0,
    rows,
    cols,
    stride: integer ? 0 : cols * (format === 'f32' ? 4 : format === 'fp8' ? 1 : 2),
    multiplier,
    gridCols: stored.scales?.shape[1] ?? 0,
    blockRows: stored.scales?.blockRows ?? 1,
    blockCols: stored.scales?.blockCols ?? 1,
    paddedCols: Math.ceil(cols / 32) * 32,
  })
}

function sameCodes(stored: StoredTensor['format'], format: KernelFormat): boolean {
  return (stored === 'q4_0' && format === 'int4') || (stored === 'q8_0' && format === 'int8')
}

/** The power of two that brings the largest scale to f16's top octave, so that the smaller ones keep their bits. */
function powerFor(scales: Float32Array): number {
  const largest = scales.reduce((m, s) => Math.max(m, Math.abs(s)), 0)
  return largest === 0 ? 1 : 2 ** (14 - Math.floor(Math.log2(largest)))
}

async function copyPiece(
  placed: PlacedWeight,
  memory: WebAssembly.Memory,
  scratch: Uint8Array,
  row: number,
  count: number,
): Promise<void> {
  const { stored, format } = placed
  const { cols } = stored
  if (format === 'f32' && stored.format !== 'f32') {
    const values = await decodeRows(stored, row, count)
    new Float32Array(memory.buffer, placed.data + row * cols * 4, values.length).set(values)
    return
  }
  const bytes = await stored.readRows(row, count, scratch)
  if (format === 'fp8' || format === 'f16') refuseNotFinite(bytes, format, stored)
  new Uint8Array(memory.buffer, placed.data + row * rowBytes(stored.format, cols), bytes.length).set(bytes)
}

/** The kernels widen by moving bits, which has no place for NaN and infinity. */
function refuseNotFinite(bytes: Uint8Array, format: 'fp8' | 'f16', stored: StoredTensor): void {
  let bad = -1
  if (format === 'fp8') bad = bytes.findIndex((b) => (b & 0x7f) === 0x7f)
  else for (let i = 1; i < bytes.length && bad < 0; i += 2) if ((bytes[i]! & 0x7c) === 0x7c) bad = i
  if (bad < 0) return
  throw new UserError(
    `${stored.file}: tensor ${stored.name} holds NaN or infinity; expected finite ${format} weights. The file is damaged: fetch it again.`,
    'invalid_file',
  )
}

async function packPiece(
  placed: PlacedWeight,
  memory: WebAssembly.Memory,
  scratch: Uint8Array,
  row: number,
  count: number,
  scaleFactor: number,
  grid: Float32Array | undefined,
): Promise<void> {
  const { stored, format, data, dataBytes } = placed
  const bits = format === 'int4' ? 4 : 8
  const blocks = Math.ceil(stored.cols / 32)
  const groups = Math.ceil(stored.rows / GROUP_ROWS)
  const target: PackTarget = {
    codes: new Uint8Array(memory.buffer, data, dataBytes),
    scales: new Uint16Array(memory.buffer, data + align(dataBytes), groups * blocks * GROUP_ROWS),
    blocks,
  }
  let fine = true
  if (sameCodes(stored.format, format))
    fine = packGgml(await stored.readRows(row, count, scratch), stored.format as 'q4_0' | 'q8_0', count, target, row)
  else if (stored.format === 'int4_packed' && bits === 4) {
    const scales = grid!.subarray(row * blocks, (row + count) * blocks)
    fine = packInt4Words(await stored.readRows(row, count, scratch), scales, scaleFactor, count, target, row)
  } else packFloats(await decodeRows(stored, row, count), stored.cols, bits, scaleFactor, target, row)
  if (!fine)
    throw new UserError(
      `${stored.file}: tensor ${stored.name} has scales that are not finite or span more than f16 can; expected ordinary ${stored.format} scales. Fetch the file again, or try --backend reference.`,
      'invalid_file',
    )
}
