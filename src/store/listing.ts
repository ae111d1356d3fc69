import type { ModelReference } from './reference-types.js'

/** What the bytes of a file must give: sha256 of large files, and of small ones git's sha1 over `blob SIZE\0` and the bytes. */
export type FileHash = { readonly sha256: string } | { readonly gitSha1: string }

/** Where the bytes of a file are right now. A signed address holds for a while only. */
export interface FileAddress {
  readonly url: string
  /** To be sent with each request to this address, and to no other: a token, for instance. */
  readonly headers: Readonly<Record<string, string>>
}

/** A file as a hub lists it. */
export interface ListedFile {
  /** Inside of the repository, with `/` between folders. */
  readonly path: string
  readonly size: number
  readonly hash?: FileHash | undefined
  /** The version that a server without hashes names: with the address and the size it says which file it is. */
  readonly etag?: string | undefined
  /**
   * Asks the hub where the bytes are.
   * @param failed an address that brings no bytes: a hub with mirrors takes the next one
   * @throws UserError when the hub refuses the file, in words
   */
  address(signal?: AbortSignal, failed?: FileAddress): Promise<FileAddress>
  /** All bytes in order, of a source that knows no ranges, such as a package. It takes the place of {@link address}. */
  stream?(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** The files of a model at one commit. */
export interface Listing {
  readonly reference: ModelReference
  /** 40 hex digits; of sources without commits, a digest of what is listed. */
  readonly commit: string
  readonly files: readonly ListedFile[]
  /** Set where the terms of the model must be accepted on the hub's page. */
  readonly gated?: boolean | undefined
}

/** A model that a search found. */
export interface FoundModel {
  readonly reference: ModelReference
  /** `ORG/NAME`. */
  readonly name: string
  readonly downloads?: number | undefined
  readonly likes?: number | undefined
  readonly updated?: string | undefined
  readonly gated?: boolean | undefined
  /** Numbers in all tensors. */
  readonly parameters?: number | undefined
  /** The `model_type` or the architecture of a GGUF, where the hub says it. */
  readonly family?: string | undefined
  readonly format: 'safetensors' | 'gguf'
}
