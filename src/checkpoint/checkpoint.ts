import type { ByteSource } from './source.js'
import type { FormatName } from './formats.js'

/** Scales kept beside the codes, one f32 per block of blockRows x blockCols (FP8: 128x128, INT4: 1x32). */
export interface ScaleGrid {
  readonly blockRows: number
  readonly blockCols: number
  /** [ceil(N / blockRows), ceil(K / blockCols)] */
  readonly shape: readonly [number, number]
  /** Row-major f32; checked to be finite. */
  read(): Promise<Float32Array>
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

/** JSON as found in config.json; for GGUF, the same keys made from the metadata. */
export type JsonObject = { readonly [key: string]: unknown }

/** A model at rest: named tensors under the names that the labs publish, the config, and the tokenizer's files. */
export interface Checkpoint {
  /** For messages: the folder or file. */
  readonly name: string
  readonly kind: 'safetensors' | 'gguf'
  readonly config: JsonObject
  /** GGUF metadata, which holds the tokenizer and the chat template there. */
  readonly metadata?: ReadonlyMap<string, unknown>
  /** Published names of all tensors (safetensors companions such as weight_scale_inv are not listed). */
  names(): Iterable<string>
  has(name: string): boolean
  /** @throws UserError when the tensor is missing or has another shape: names tensor, file, expected and found. */
  tensor(name: string, shape: readonly number[]): StoredTensor
  /** A file beside the weights (tokenizer.json, generation_config.json); undefined when absent. */
  file(name: string): Promise<ByteSource | undefined>
  close(): Promise<void>
}
