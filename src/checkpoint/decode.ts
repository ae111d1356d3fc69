import { invariant, UserError } from '../errors.js'
import type { StoredTensor } from './checkpoint.js'
import { FORMATS, rowBytes, type FormatName } from './formats.js'

/** The part of a scale grid that decodeBytes needs. */
export interface DecodeGrid {
  /** Row-major [any, gridCols]. */
  readonly values: Float32Array
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
  checkBlockScales(tensor, bytes, start)
  if (!scales) return decodeBytes(format, bytes, count, cols)
  const { blockRows, blockCols, shape } = scales
  const grid = { values: await scales.read(), blockRows, blockCols, gridCols: shape[1], firstRow: start }
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
  decoders[format](bytes, out)
  if (grid) applyGrid(out, rows, cols, grid)
  return out
}

/**
 * Checks the f16 scales inside of Q8_0 and Q4_0 blocks; other formats pass. `bytes` are rows from `firstRow` on.
 * @throws UserError when one is NaN or infinite: names tensor, file, row and column.
 */
export function checkBlockScales(tensor: StoredTensor, bytes: Uint8Array, firstRow: number): void {
  if (tensor.format !== 'q8_0' && tensor.format !== 'q4_0') return
  const { blockBytes, blockCols } = FORMATS[tensor.format]
  for (let at = 1, block = 0; at < bytes.length; at += blockBytes, block++) {
    // All five exponent bits of the little-endian f16 set: NaN or infinity.
    if (((bytes[at] ?? 0) & 0x7c) !== 0x7c) continue
    const blocks = tensor.cols / blockCols
    const row = firstRow + Math.floor(block / blocks)
    const col = (block % blocks) * blockCols
    throw new UserError(
      `${tensor.file}: tensor ${tensor.name}: expected finite scales, found NaN or infinity at row ${row}, ` +
        `column ${col}. The file is damaged: download it again.`,
      'invalid_file',
    )
  }
}

type Decoder = (bytes: Uint8Array, out: Float32Array) => void

const decoders: Readonly<Record<FormatName, Decoder>> = {
  f32: (bytes, out) => new Uint8Array(out.buffer).set(bytes),
  f16: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = f16At(bytes, 2 * i)
  },
  bf16: (bytes, out) => {
    // bf16 is the upper half of an f32.
    const bits = new Uint32Array(out.buffer)
    for (let i = 0; i < bits.length; i++) bits[i] = (byteAt(bytes, 2 * i) << 16) | (byteAt(bytes, 2 * i + 1) << 24)
  },
  fp8_e4m3: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = E4M3[byteAt(bytes, i)] ?? 0
  },
  int4_packed: (bytes, out) => {
    // Nibble j of a little-endian word: byte j / 2, low nibble first.
    for (let i = 0; i < out.length; i++) out[i] = ((byteAt(bytes, i >> 1) >> (4 * (i & 1))) & 15) - 8
  },
  fp4: (bytes, out) => {
    for (let i = 0; i < out.length; i++) out[i] = E2M1[(byteAt(bytes, i >> 1) >> (4 * (i & 1))) & 15] ?? 0
  },
  q8_0: (bytes, out) => {
    for (let i = 0; i < out.length; i++) {
      const at = (i >> 5) * 34
      out[i] = f16At(bytes, at) * ((byteAt(bytes, at + 2 + (i & 31)) << 24) >> 24)
    }
  },
  q4_0: (bytes, out) => {
    for (let i = 0; i < out.length; i++) {
      const at = (i >> 5) * 18
      const code = (byteAt(bytes, at + 2 + (i & 15)) >> (i & 16 ? 4 : 0)) & 15
      out[i] = f16At(bytes, at) * (code - 8)
    }
  },
}

function applyGrid(out: Float32Array, rows: number, cols: number, grid: DecodeGrid): void {
  for (let row = 0; row < rows; row++) {
    const gridRow = Math.floor((grid.firstRow + row) / grid.blockRows) * grid.gridCols
    for (let col = 0; col < cols; col++) {
      const scale = grid.values[gridRow + Math.floor(col / grid.blockCols)] ?? NaN
      out[row * cols + col] = (out[row * cols + col] ?? 0) * scale
    }
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

/** e4m3fn -> number: bias 7, subnormals in steps of 2^-9, S.1111.111 is NaN. */
const E4M3 = Float32Array.from({ length: 256 }, (_, code) => {
  const exponent = (code >> 3) & 15
  const mantissa = code & 7
  if (exponent === 15 && mantissa === 7) return NaN
  const size = exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7)
  return code & 128 ? -size : size
})

/** e2m1 -> number: bias 1, subnormal 0.5. OCP Microscaling formats, 1.0. */
const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6)

/** Scale byte -> 2^(byte - 127), subnormal for 0; 255 is NaN. */
export const E8M0 = Float32Array.from({ length: 256 }, (_, byte) => (byte === 255 ? NaN : 2 ** (byte - 127)))

/** IEEE 754 binary16 -> number, exactly. */
const F16 = Float32Array.from({ length: 65536 }, (_, code) => {
  const exponent = (code >> 10) & 31
  const mantissa = code & 1023
  const sign = code & 0x8000 ? -1 : 1
  if (exponent === 31) return mantissa ? NaN : sign * Infinity
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15))
})

function f16At(bytes: Uint8Array, at: number): number {
  return F16[byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)] ?? 0
}
