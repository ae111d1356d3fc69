import type { JsonObject } from '../json.js'
import type { ByteSource } from './files/source.js'
import type { FormatName } from './formats/formats.js'

/** Scales in a tensor of their own, one per block of blockRows x blockCols (FP8: 128x128, INT4: 1x32). */
export interface ScaleGrid {
  readonly blockRows: number
  readonly blockCols: number
  /** [ceil(N / blockRows), ceil(K / blockCols)] */
  readonly shape: readonly [number, number]
  /** How they are stored: as powers of two (e8m0), as FP8 (e4m3), or as wider floats. */
  readonly kind: 'float' | 'e8m0' | 'e4m3'
  /** True where every block has a zero point of its own, instead of the format's. */
  readonly zeroPoints?: true
  read(): Promise<Scales>
}

export interface Scales {
  /** Row-major; checked to be finite. A block's scale is its value times `multiplier`, rounded to f32. */
  readonly values: Float32Array
  /** Of the whole tensor; 1 for all formats but NVFP4. */
  readonly multiplier: number
  /** What is taken from a code, per block, where the grid says so. */
  readonly zeros?: Uint8Array
}

/** One tensor as it is stored, read lazily by rows. A vector [N] is one row of N columns. */
export interface StoredTensor {
  readonly name: string
  readonly file: string
  readonly format: FormatName
  /** Logical shape: [N, K] or [N]. */
  readonly shape: readonly number[]
  readonly rows: number
  readonly cols: number
  /** Stored bytes without scales. */
  readonly byteLength: number
  readonly scales?: ScaleGrid
  /** The stored bytes of rows [start, start + count), row-major, rowBytes(format, cols) each; in `into` if that is given and handy. */
  readRows(start: number, count: number, into?: Uint8Array): Promise<Uint8Array>
}

/**
 * Which part of a larger published tensor a weight is: an expert of a stack, the query rows of a fused projection, every
 * other row where two matrices lie interleaved, or a matrix that is stored as x W instead of W x.
 */
export interface TensorPart {
  /** Published name of the larger tensor; for codes and scales in tensors of their own, the name without their endings. */
  readonly tensor: string
  /** Its published shape: [N, K], [N], or with a leading dimension [X, ...] of which `index` takes one. */
  readonly shape: readonly number[]
  /** Along the leading dimension; absent where the published tensor is not stacked. */
  readonly index?: number
  /** Row 0 of the weight; of a transposed tensor, the column. Default 0. */
  readonly firstRow?: number
  /** Rows that lie together. Default 1. Row i is published row firstRow + floor(i / rowRun) * rowStep + i mod rowRun. */
  readonly rowRun?: number
  /** From one run to the next. Default rowRun: all rows follow each other. */
  readonly rowStep?: number
  /** The published matrix is [K, N]: its columns are the weight's rows. */
  readonly transposed?: boolean
}

/** A tokenizer inside of a container that is one file. */
export interface EmbeddedTokenizer {
  /** The vocabulary's lists, ids and flags as GGUF has them below `tokenizer.ggml.`: model, tokens, merges, bos_token_id, ... Unchecked. */
  readonly vocabulary: ReadonlyMap<string, unknown>
  readonly chatTemplate?: string
  /** For conversations with tools, where it is another one. */
  readonly toolTemplate?: string
}

/** A model at rest: named tensors under the names that the labs publish, the config, and the tokenizer's files. */
export interface Checkpoint {
  /** For messages: the folder or file. */
  readonly name: string
  /** config.json; for other forms, the same keys made from what they have. */
  readonly config: JsonObject
  /** Instead of the tokenizer's files. */
  readonly embedded?: EmbeddedTokenizer
  /** Published names of all tensors (safetensors companions such as weight_scale_inv are not listed). */
  names(): Iterable<string>
  has(name: string): boolean
  /**
   * The tensor `name`; where there is none of that name and `part` is given, that part of a larger one.
   * @throws UserError when the tensor is missing or has another shape: names tensor, file, expected and found.
   */
  tensor(name: string, shape: readonly number[], part?: TensorPart): StoredTensor
  /** A file next to the weights (tokenizer.json, chat_template.jinja); undefined when absent. */
  file(name: string): Promise<ByteSource | undefined>
  /**
   * A config next to the weights (tokenizer_config.json, generation_config.json), which is read and parsed once; undefined
   * when absent. @throws UserError when it is not a JSON object.
   */
  json(name: string): Promise<JsonObject | undefined>
  /**
   * Frees `embedded` and all else that only a tokenizer and a chat template are made of, which may be tens of megabytes: to be called when
   * both are made.
   */
  freeTokenizer?(): void
  close(): Promise<void>
}
