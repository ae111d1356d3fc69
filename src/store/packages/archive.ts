/** A file inside of a package. */
export interface ArchiveEntry {
  readonly path: string
  readonly size: number
  /** As the package itself says it, hexadecimal. */
  readonly sha256?: string | undefined
  /** Its bytes in order; nothing is kept in memory. */
  stream(signal?: AbortSignal): AsyncIterable<Uint8Array>
}
