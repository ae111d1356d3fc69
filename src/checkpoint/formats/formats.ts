/** The one table of weight formats: how a row of each is stored. */

/** Formats as stored in checkpoints. */
export type FormatName = keyof typeof TABLE

export interface Format {
  readonly name: FormatName
  /** Columns in one block; cols must be a multiple. */
  readonly blockCols: number
  /** Bytes of one block. */
  readonly blockBytes: number
  /** True where scales live in a tensor of their own (see ScaleGrid). */
  readonly scaleGrid: boolean
}

const TABLE = {
  f32: [1, 4],
  f16: [1, 2],
  bf16: [1, 2],
  // Tables of ids, not weights.
  i32: [1, 4],
  i64: [1, 8],
  // e4m3fn: bias 7, no infinities, S.1111.111 is NaN, largest 448.  OCP 8-bit floating point specification, 1.0.
  fp8_e4m3: [1, 1, 'scale grid'],
  // compressed-tensors pack-quantized: nibble j of an i32 word is column 8c + j, value (code - 8) * scale.
  int4_packed: [8, 4, 'scale grid'],
  // e2m1, two in a byte, the low nibble first; value table[code] * scale.
  fp4: [2, 1, 'scale grid'],
  // ggml's blocks, which ggml-blocks.ts takes apart: the first ones of 32 columns, the others of 256.
  q4_0: [32, 18],
  q4_1: [32, 20],
  q5_0: [32, 22],
  q5_1: [32, 24],
  q8_0: [32, 34],
  iq4_nl: [32, 18],
  mxfp4: [32, 17],
  q2_k: [256, 84],
  q3_k: [256, 110],
  q4_k: [256, 144],
  q5_k: [256, 176],
  q6_k: [256, 210],
  q8_k: [256, 292],
  iq1_s: [256, 50],
  iq1_m: [256, 56],
  iq2_xxs: [256, 66],
  iq2_xs: [256, 74],
  iq2_s: [256, 82],
  iq3_xxs: [256, 98],
  iq3_s: [256, 110],
  iq4_xs: [256, 136],
  tq1_0: [256, 54],
  tq2_0: [256, 66],
} as const satisfies Record<string, readonly [blockCols: number, blockBytes: number, scales?: 'scale grid']>

export const FORMATS = Object.fromEntries(
  Object.entries(TABLE).map(([name, [blockCols, blockBytes, scales]]) => [
    name,
    { name, blockCols, blockBytes, scaleGrid: scales !== undefined },
  ]),
) as Readonly<Record<FormatName, Format>>

/** Bytes of one row of `cols` columns. */
export function rowBytes(format: FormatName, cols: number): number {
  const { blockCols, blockBytes } = FORMATS[format]
  return (cols / blockCols) * blockBytes
}
