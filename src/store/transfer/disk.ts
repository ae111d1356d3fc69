/** Where the bytes of a pull go, whatever keeps them: Node's files, or a page's private file system. */

/** The sha256 of a file, computed while it is downloaded. */
export interface Trail {
  /** All bytes before `to` are there. */
  advance(to: number): void
  /** Of the whole file, in hex, once all bytes are there. */
  digest(): Promise<string>
}

/** A file that is not finished, with its journal: a word for each piece, 0 where it is missing. */
export interface PartFile {
  /** As an earlier run left it. */
  readonly journal: Uint32Array
  /** Exactly the bytes from `at`. */
  read(at: number, into: Uint8Array): Promise<void>
  /** The piece; its word gets into the journal afterwards. The bytes may be used again. */
  write(piece: number, at: number, bytes: Uint8Array): Promise<void>
  /** Forgets a piece. */
  clear(piece: number): Promise<void>
  trail(): Trail
  /** Gives the file its name. Nothing of it is left unwritten. */
  finish(): Promise<void>
  /** Forgets all of it. */
  discard(): Promise<void>
  close(): Promise<void>
}

export interface Disk {
  /** For messages. */
  readonly name: string
  /** The bytes of a finished file. */
  sizeOf(blob: string): Promise<number | undefined>
  /** Undefined while somebody else fetches the file. */
  lock(blob: string): Promise<{ release(): Promise<void> } | undefined>
  open(blob: string, size: number): Promise<PartFile>
  /** A small file as a whole. */
  put(blob: string, bytes: Uint8Array): Promise<void>
  crc32(bytes: Uint8Array): number
  /** In hex. */
  hash(algorithm: 'sha1' | 'sha256', parts: readonly Uint8Array[]): Promise<string>
}
