/** Bytes at rest: a file, an HTTP resource, a Blob. Reads may run side by side; nothing is read until it is asked for. */
export interface ByteSource {
  /** For messages: the path or address. */
  readonly name: string
  /** Total bytes. */
  readonly size: number
  /**
   * Exactly `length` bytes from `offset`; the result may be kept. With `into` (at least `length` bytes) they may be put
   * there instead, which saves garbage in long loads.
   * @throws UserError when the range is outside of the source (a truncated file).
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** A folder of files: a model in Hugging Face layout, or one GGUF file with its siblings. */
export interface FileSet {
  /** For messages: the folder. */
  readonly name: string
  /** The file to open when the user pointed at one file (model.gguf), else undefined. */
  readonly main?: string
  list(): Promise<string[]>
  /** Undefined when there is no such file. */
  open(file: string): Promise<ByteSource | undefined>
}
