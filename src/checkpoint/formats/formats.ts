/** The one table of weight formats: how a row of each is stored, and what containers call it. */

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
  /** Id of the type in GGUF, whose name is this format's in capitals. */
  readonly ggml?: number
  /** Dtype in safetensors whose values are these, without scales. */
  readonly dtype?: string
  /** True for whole numbers, which are tables of ids and no weights. */
  readonly ids: boolean
}

/** What a row says in addition to the size of a block. */
interface Stored {
  readonly ggml?: number
  readonly dtype?: string
  readonly scaleGrid?: true
  readonly ids?: true
  /** How safetensors come in it, for the list of what can be read; by default the dtype. */
  readonly published?: string
}

const TABLE = {
  f32: [1, 4, { ggml: 0, dtype: 'F32' }],
  f16: [1, 2, { ggml: 1, dtype: 'F16' }],
  bf16: [1, 2, { ggml: 30, dtype: 'BF16' }],
  i32: [1, 4, { ggml: 26, dtype: 'I32', ids: true }],
  i64: [1, 8, { ggml: 27, dtype: 'I64', ids: true }],
  // e4m3fn: bias 7, no infinities, S.1111.111 is NaN, largest 448.  OCP 8-bit floating point specification, 1.0.
  fp8_e4m3: [1, 1, { scaleGrid: true, published: 'F8_E4M3 with scales by block, row or tensor, MXFP8' }],
  // e2m1, two in a byte, the low nibble first; value table[code] * scale.
  fp4: [2, 1, { scaleGrid: true, published: 'MXFP4, NVFP4 (ModelOpt)' }],
  // compressed-tensors pack-quantized: nibble j of an i32 word is column 8c + j, value (code - 8) * scale.
  int4_packed: [8, 4, { scaleGrid: true, published: 'INT4 of compressed-tensors, AWQ or GPTQ' }],
  // ggml's blocks, which ggml-blocks.ts takes apart: the first ones of 32 columns, the others of 256.
  q4_0: [32, 18, { ggml: 2 }],
  q4_1: [32, 20, { ggml: 3 }],
  q5_0: [32, 22, { ggml: 6 }],
  q5_1: [32, 24, { ggml: 7 }],
  q8_0: [32, 34, { ggml: 8 }],
  iq4_nl: [32, 18, { ggml: 20 }],
  mxfp4: [32, 17, { ggml: 39 }],
  q2_k: [256, 84, { ggml: 10 }],
  q3_k: [256, 110, { ggml: 11 }],
  q4_k: [256, 144, { ggml: 12 }],
  q5_k: [256, 176, { ggml: 13 }],
  q6_k: [256, 210, { ggml: 14 }],
  q8_k: [256, 292, { ggml: 15 }],
  iq1_s: [256, 50, { ggml: 19 }],
  iq1_m: [256, 56, { ggml: 29 }],
  iq2_xxs: [256, 66, { ggml: 16 }],
  iq2_xs: [256, 74, { ggml: 17 }],
  iq2_s: [256, 82, { ggml: 22 }],
  iq3_xxs: [256, 98, { ggml: 18 }],
  iq3_s: [256, 110, { ggml: 21 }],
  iq4_xs: [256, 136, { ggml: 23 }],
  tq1_0: [256, 54, { ggml: 34 }],
  tq2_0: [256, 66, { ggml: 35 }],
} as const satisfies Record<string, readonly [blockCols: number, blockBytes: number, stored: Stored]>

const ROWS = Object.entries(TABLE) as [FormatName, readonly [number, number, Stored]][]

export const FORMATS = Object.fromEntries(
  ROWS.map(([name, [blockCols, blockBytes, { ggml, dtype, scaleGrid = false, ids = false }]]): [FormatName, Format] => [
    name,
    { name, blockCols, blockBytes, scaleGrid, ids, ...(ggml !== undefined && { ggml }), ...(dtype && { dtype }) },
  ]),
) as Readonly<Record<FormatName, Format>>

/** What safetensors may come in, in words. */
export const PUBLISHED_FORMATS = ROWS.filter(([, [, , { ids }]]) => !ids)
  .map(([, [, , { published, dtype }]]) => published ?? dtype)
  .filter((words) => words !== undefined)
  .join(', ')

/** Bytes of one row of `cols` columns. */
export function rowBytes(format: FormatName, cols: number): number {
  const { blockCols, blockBytes } = FORMATS[format]
  return (cols / blockCols) * blockBytes
}
