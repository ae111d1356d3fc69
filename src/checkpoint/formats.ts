/** The one table of weight formats: how a row of each is stored. */

/** Formats as stored in checkpoints. */
export type FormatName = 'f32' | 'f16' | 'bf16' | 'fp8_e4m3' | 'int4_packed' | 'fp4' | 'q8_0' | 'q4_0'

export interface Format {
  readonly name: FormatName
  /** Columns in one block; cols must be a multiple. */
  readonly blockCols: number
  /** Bytes of one block. */
  readonly blockBytes: number
  /** True where scales live in a tensor of their own (see ScaleGrid). */
  readonly scaleGrid: boolean
}

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  f32: { name: 'f32', blockCols: 1, blockBytes: 4, scaleGrid: false },
  f16: { name: 'f16', blockCols: 1, blockBytes: 2, scaleGrid: false },
  bf16: { name: 'bf16', blockCols: 1, blockBytes: 2, scaleGrid: false },
  // e4m3fn: bias 7, no infinities, S.1111.111 is NaN, largest 448.  OCP 8-bit floating point specification, 1.0.
  fp8_e4m3: { name: 'fp8_e4m3', blockCols: 1, blockBytes: 1, scaleGrid: true },
  // compressed-tensors pack-quantized: nibble j of an i32 word is column 8c + j, value (code - 8) * scale.
  int4_packed: { name: 'int4_packed', blockCols: 8, blockBytes: 4, scaleGrid: true },
  // e2m1, two in a byte, the low nibble first; value table[code] * scale.
  fp4: { name: 'fp4', blockCols: 2, blockBytes: 1, scaleGrid: true },
  // ggml: f16 scale, 32 i8.
  q8_0: { name: 'q8_0', blockCols: 32, blockBytes: 34, scaleGrid: false },
  // ggml: f16 scale, 16 bytes; low nibbles are columns 0-15, high nibbles 16-31; value (code - 8) * scale.
  q4_0: { name: 'q4_0', blockCols: 32, blockBytes: 18, scaleGrid: false },
}

/** Bytes of one row of `cols` columns. */
export function rowBytes(format: FormatName, cols: number): number {
  const { blockCols, blockBytes } = FORMATS[format]
  return (cols / blockCols) * blockBytes
}
