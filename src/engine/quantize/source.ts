/** What a quantised file is made of, wherever it comes from. */
import type { FormatName } from '../../checkpoint/formats/formats.js'

/** A tensor of the file that is going to be written, in the order of its rows there. */
export interface SourceTensor {
  /** Its name in GGUF. */
  readonly name: string
  /** Its shape there: the last dimension is contiguous. */
  readonly shape: readonly number[]
  readonly rows: number
  readonly cols: number
  /** For messages: where it is read from, and the format that it has there. */
  readonly file: string
  readonly stored: string
  readonly byteLength: number
  /** Whether its values are those that were published, not rounded before. */
  readonly whole: boolean
  /** Rows that are read in multiples of so many. */
  readonly together: number
  /** Rows [row, row + count) as floats. */
  readonly values: (row: number, count: number) => Promise<Float32Array>
  /** The same for a tensor that is not rounded, as the file keeps it. */
  readonly kept: { readonly format: FormatName; readonly bytes: (row: number, count: number) => Promise<Uint8Array> }
}

export interface QuantizeSource {
  /** Metadata, each key as a file has it. */
  readonly keys: ReadonlyMap<string, Uint8Array>
  readonly tensors: readonly SourceTensor[]
  readonly layers: number
  readonly alignment: number
  readonly close: () => Promise<void>
}
