/**
 * Stored weights into the kernels' integer blocks: groups of 8 rows, blocks of 32 columns, f16 scales beside.
 * int4: byte 32j + 4r + i of a block = row r, columns 4j + i (low nibble) and 16 + 4j + i (high nibble), offset 8.
 * int8: byte 32j + 4r + i = row r, column 4j + i, offset 128.
 */

/** Rows that lie interleaved. */
export const GROUP_ROWS = 8

const halfBits = new Float32Array(1)
const halfWord = new Uint32Array(halfBits.buffer)

/** f32 to f16 bits, to nearest even; overflow gives infinity. IEEE 754-2019. */
export function toHalf(value: number): number {
  halfBits[0] = value
  const bits = halfWord[0]!
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // subnormal: the value in units of 2^-24
    const units = Math.abs(value) * 16777216
    const floor = Math.floor(units)
    const rest = units - floor
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0))
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return rounded >= 0x47800000 ? sign | 0x7c00 : sign | ((rounded - 0x38000000) >>> 13)
}

export function fromHalf(half: number): number {
  const exponent = (half >>> 10) & 31
  const fraction = half & 1023
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return half & 0x8000 ? -magnitude : magnitude
}

/** Where a run of rows goes: the codes and scales of a matrix in a bank. Rows start at a multiple of 8. */
export interface PackTarget {
  /** From the first group's first block. */
  readonly codes: Uint8Array
  readonly scales: Uint16Array
  /** Blocks of 32 columns in a row. */
  readonly blocks: number
}

/** ggml q4_0 or q8_0 rows, bit for bit: only the order changes. False if a scale is not finite. */
export function packGgml(
  source: Uint8Array,
  format: 'q4_0' | 'q8_0',
  rows: number,
  target: PackTarget,
  row: number,
): boolean {
  const words = format === 'q4_0' ? 4 : 8
  const blockBytes = 2 + words * 4
  const offset = format === 'q4_0' ? 0 : 0x80808080 // signed bytes to offset 128
  const { blocks, scales } = target
  const codes = new Uint32Array(target.codes.buffer, target.codes.byteOffset, target.codes.byteLength / 4)
  for (let r = 0, from = 0; r < rows; r++) {
    const group = Math.floor((row + r) / GROUP_ROWS)
    const lane = (row + r) % GROUP_ROWS
    let at = group * blocks * words * GROUP_ROWS + lane
    for (let b = 0; b < blocks; b++, from += blockBytes) {
      const scale = source[from]! | (source[from + 1]! << 8)
      if ((scale & 0x7c00) === 0x7c00) return false
      scales[(group * blocks + b) * GROUP_ROWS + lane] = scale
      for (let j = 0, p = from + 2; j < words; j++, p += 4, at += GROUP_ROWS)
        codes[at] = (source[p]! | (source[p + 1]! << 8) | (source[p + 2]! << 16) | (source[p + 3]! << 24)) ^ offset
    }
  }
  return true
}

/** Symmetric requantisation of f32 rows to int8 (127 steps) or int4 (8 steps), scales stored times `scaleFactor`. */
export function packFloats(
  values: Float32Array,
  cols: number,
  bits: 4 | 8,
  scaleFactor: number,
  target: PackTarget,
  row: number,
): void {
  const rows = values.length / cols
  const codes = new Float64Array(32)
  for (let r = 0; r < rows; r++)
    for (let b = 0; b < target.blocks; b++) {
      const from = r * cols + b * 32
      const width = Math.min(32, cols - b * 32)
      let extreme = 0
      for (let i = 0; i < width; i++) if (Math.abs(values[from + i]!) > Math.abs(extreme)) extreme = values[from + i]!
      // int4 as ggml does it: the extreme value becomes code -8, which wastes no code
      const half = toHalf((bits === 8 ? Math.abs(extreme) / 127 : extreme / -8) * scaleFactor)
      const scale = fromHalf(half) / scaleFactor
      const inverse = scale === 0 ? 0 : 1 / scale
      const limit = bits === 8 ? 127 : 7
      for (let i = 0; i < 32; i++) {
        const code = i < width ? Math.round(values[from + i]! * inverse) : 0
        codes[i] = Math.max(bits === 8 ? -127 : -8, Math.min(limit, code))
      }
      storeBlock(codes, half, bits, target, row + r, b)
    }
}

/** Codes of compressed-tensors words (nibble j of a word is column 8c + j) with their scales; false if f16 cannot hold a scale. */
export function packInt4Words(
  source: Uint8Array,
  scales: Float32Array,
  scaleFactor: number,
  rows: number,
  target: PackTarget,
  row: number,
): boolean {
  const codes = new Float64Array(32)
  for (let r = 0; r < rows; r++)
    for (let b = 0; b < target.blocks; b++) {
      const from = (r * target.blocks + b) * 16
      for (let i = 0; i < 32; i++) codes[i] = ((source[from + (i >> 1)]! >> ((i & 1) * 4)) & 15) - 8
      const scale = scales[r * target.blocks + b]! * scaleFactor
      const half = toHalf(scale)
      if (fromHalf(half) !== scale) return false
      storeBlock(codes, half, 4, target, row + r, b)
    }
  return true
}

function storeBlock(
  codes: Float64Array,
  half: number,
  bits: 4 | 8,
  target: PackTarget,
  row: number,
  block: number,
): void {
  const at = Math.floor(row / GROUP_ROWS) * target.blocks + block
  const lane = row % GROUP_ROWS
  target.scales[at * GROUP_ROWS + lane] = half
  if (bits === 8) {
    for (let c = 0; c < 32; c++) target.codes[at * 256 + (c >> 2) * 32 + lane * 4 + (c & 3)] = codes[c]! + 128
    return
  }
  for (let c = 0; c < 16; c++)
    target.codes[at * 128 + (c >> 2) * 32 + lane * 4 + (c & 3)] = (codes[c]! + 8) | ((codes[c + 16]! + 8) << 4)
}
