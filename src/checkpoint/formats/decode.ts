import { invariant, UserError } from '../../errors.js'
import type { StoredTensor } from '../checkpoint.js'
import { BlockNumbers, type BlockReader } from './block-numbers.js'
import { FORMATS, rowBytes, type Format, type FormatName } from './formats.js'
import { BLOCK_READERS, type BlockFormatName } from './ggml-blocks.js'
import { E2M1, E4M3, f16At } from './small-floats.js'

/** The part of a scale grid that decodeBytes needs. */
export interface DecodeGrid {
  /** Row-major [any, gridCols]. */
  readonly values: Float32Array
  readonly multiplier: number
  readonly zeros?: Uint8Array
  readonly blockRows: number
  readonly blockCols: number
  readonly gridCols: number
  /** The tensor's row that is row 0 of the bytes. */
  readonly firstRow: number
}

/**
 * Rows [start, start + count) of a tensor as f32 [count, cols].
 * @throws UserError when a scale is NaN or infinite: names tensor, file and position.
 */
export async function decodeRows(tensor: StoredTensor, start: number, count: number): Promise<Float32Array> {
  const { format, cols, scales } = tensor
  const bytes = await tensor.readRows(start, count)
  if (!scales) {
    const values = decodeBytes(format, bytes, count, cols)
    if (BLOCK_READERS[format]) checkBlocks(tensor, values, start)
    if (FORMATS[format].ids) checkIds(tensor, values)
    return values
  }
  const { blockRows, blockCols, shape } = scales
  const grid = { ...(await scales.read()), blockRows, blockCols, gridCols: shape[1], firstRow: start }
  return decodeBytes(format, bytes, count, cols, grid)
}

/**
 * Stored bytes -> f32 [rows, cols]. Plain loops: what every faster decoder must equal, bit by bit.
 * Formats with a scale grid multiply in f32: value(code) * scale.
 */
export function decodeBytes(
  format: FormatName,
  bytes: Uint8Array,
  rows: number,
  cols: number,
  grid?: DecodeGrid,
): Float32Array {
  invariant(
    bytes.byteLength === rows * rowBytes(format, cols),
    `${format} [${rows}, ${cols}] in ${bytes.byteLength} bytes`,
  )
  invariant(FORMATS[format].scaleGrid === (grid !== undefined), `${format} and its scale grid`)
  const out = new Float32Array(rows * cols)
  const reader = BLOCK_READERS[format]
  if (reader) decodeBlocks(reader, bytes, out, FORMATS[format])
  else ELEMENTS[format as keyof typeof ELEMENTS](bytes, out)
  if (grid) applyGrid(out, rows, cols, grid)
  return out
}

/** Whole numbers up to 2^24 are exact in f32; no table of ids has larger ones. */
function checkIds({ file, name }: StoredTensor, values: Float32Array): void {
  const bad = values.find((value) => Math.abs(value) >= 2 ** 24)
  if (bad === undefined) return
  throw new UserError(
    `${file}: tensor ${name}: expected whole numbers below 2^24, found ${bad}. The file is damaged: download it again.`,
    'invalid_file',
  )
}

/** A scale that is NaN or infinite makes all values of its block so: one of each is looked at. */
function checkBlocks(tensor: StoredTensor, values: Float32Array, firstRow: number): void {
  const { blockCols } = FORMATS[tensor.format]
  for (let i = 0; i < values.length; i += blockCols) {
    if (Number.isFinite(values[i])) continue
    throw new UserError(
      `${tensor.file}: tensor ${tensor.name}: expected finite scales, found NaN or infinity at row ` +
        `${firstRow + Math.floor(i / tensor.cols)}, column ${i % tensor.cols}. The file is damaged: download it again.`,
      'invalid_file',
    )
  }
}

/** Zero point of packed INT4 where the blocks have none of their own. */
const INT4_ZERO = 8

type Decoder = (bytes: Uint8Array, out: Float32Array) => void

/** Formats whose values need nothing but themselves, and the codes of those with a scale grid. */
const ELEMENTS: Readonly<Record<Exclude<FormatName, BlockFormatName>, Decoder>> = {
  f32: (bytes, out) => new Uint8Array(out.buffer).set(bytes),
  f16: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = f16At(bytes, 2 * i)
  },
  bf16: (bytes, out) => {
    // bf16 is the upper half of an f32.
    const bits = new Uint32Array(out.buffer)
    for (let i = 0; i < bits.length; i++) bits[i] = (byteAt(bytes, 2 * i) << 16) | (byteAt(bytes, 2 * i + 1) << 24)
  },
  i32: (bytes, out) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < out.length; i++) out[i] = view.getInt32(4 * i, true)
  },
  i64: (bytes, out) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < out.length; i++) out[i] = Number(view.getBigInt64(8 * i, true))
  },
  fp8_e4m3: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = E4M3[byteAt(bytes, i)] ?? 0
  },
  int4_packed: (bytes, out) => {
    // Nibble j of a little-endian word: byte j / 2, low nibble first.
    for (let i = 0; i < out.length; i++) out[i] = ((byteAt(bytes, i >> 1) >> (4 * (i & 1))) & 15) - INT4_ZERO
  },
  fp4: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = E2M1[(byteAt(bytes, i >> 1) >> (4 * (i & 1))) & 15] ?? 0
  },
}

/** scale * subScale * code - minScale * min, in f32: the products are exact, the difference is rounded once. */
function decodeBlocks(reader: BlockReader, bytes: Uint8Array, out: Float32Array, format: Format): void {
  const { blockCols, blockBytes } = format
  const block = new BlockNumbers()
  block.subScales.fill(1)
  for (let at = 0, first = 0; first < out.length; at += blockBytes, first += blockCols) {
    reader(bytes, at, block)
    const { codes, scale, subScales, minScale, mins } = block
    for (let c = 0; c < blockCols; c++) {
      const s = c >> 4
      out[first + c] = scale * (subScales[s] ?? 0) * (codes[c] ?? 0) - minScale * (mins[s] ?? 0)
    }
  }
}

function applyGrid(out: Float32Array, rows: number, cols: number, grid: DecodeGrid): void {
  const { values, multiplier, zeros, blockRows, blockCols, gridCols, firstRow } = grid
  for (let row = 0; row < rows; row++) {
    const gridRow = Math.floor((firstRow + row) / blockRows) * gridCols
    for (let col = 0; col < cols; col++) {
      const at = gridRow + Math.floor(col / blockCols)
      const scale = Math.fround((values[at] ?? NaN) * multiplier)
      const code = out[row * cols + col] ?? 0
      out[row * cols + col] = (zeros ? code + INT4_ZERO - (zeros[at] ?? 0) : code) * scale
    }
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}
