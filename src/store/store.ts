import type { FileSet } from '../checkpoint/files/source.js'
import type { FoundModel, ListedFile, Listing } from './listing.js'
import type { Patience } from './network/patience.js'
import type { ModelReference } from './reference-types.js'

/** A model on this machine. */
export interface StoredModel {
  /** By which {@link Store.find} and {@link Store.remove} know it. */
  readonly reference: ModelReference
  /** As people write it: `Qwen/Qwen3-0.6B`, `Qwen/Qwen3-0.6B-GGUF:Q4_K_M`. */
  readonly name: string
  readonly commit: string
  /** The folder of {@link files}. */
  readonly folder: string
  /** What to open: the folder, or the first file of a GGUF. */
  readonly open: string
  /** Relative to {@link folder}. */
  readonly files: readonly string[]
  /** Of the files; of a model that is not complete, the bytes that are there. */
  readonly bytes: number
  /** Whether nothing is missing. A model that is not complete is never opened; pulling it resumes. */
  readonly complete: boolean
  readonly lastUsed?: Date | undefined
  /** Who put it there: this store, into its cache, which is Hugging Face's, or a folder; or another program, whose files are read only. */
  readonly origin: 'cache' | 'folder' | 'ollama' | 'lm-studio' | 'llama.cpp' | 'package'
}

/** A file that is on its way. */
export interface FileProgress {
  readonly path: string
  readonly doneBytes: number
  readonly totalBytes: number
}

/** How far a pull is. */
export interface PullProgress {
  /** `waiting`: another process fetches the same file; `checking`: what an earlier run left is read again. */
  readonly phase: 'listing' | 'checking' | 'waiting' | 'transfer' | 'done'
  /** Of all files, with what was there before. */
  readonly doneBytes: number
  readonly totalBytes: number
  /** Of {@link doneBytes}, what earlier runs had fetched. */
  readonly keptBytes: number
  readonly filesDone: number
  readonly files: number
  /** Those on their way. */
  readonly current: readonly FileProgress[]
  /** Over the last ten seconds. */
  readonly bytesPerSecond: number
  readonly secondsLeft?: number | undefined
  /** Something that a person should know: `503 from the hub; next try in 4 s`. */
  readonly note?: string | undefined
}

/** How a hub is asked. */
export interface HubOptions {
  readonly signal?: AbortSignal | undefined
  /** In place of that of the environment or of the hub's token file. It is sent to the hub's own host only. */
  readonly token?: string | undefined
}

export interface PullOptions extends HubOptions {
  readonly onProgress?: ((progress: PullProgress) => void) | undefined
  /** Requests at once over all files, from 1 to 16. Default 4. */
  readonly lanes?: number | undefined
  /** Patterns (`*.json`, `Q8_0/**`) of the files to take in place of those that a model needs. */
  readonly include?: readonly string[] | undefined
  /** Patterns of files to leave out. */
  readonly exclude?: readonly string[] | undefined
  /** Asks no server: the model is in the cache, or it is an error. */
  readonly offline?: boolean | undefined
  /**
   * A plain folder for the files, in place of the cache, without links. What it holds already is not fetched again; other files
   * of these names are an error, unless forced. Not in pages.
   */
  readonly to?: string | undefined
  /** Begins although the disk seems to be too small. */
  readonly force?: boolean | undefined
}

/** What happened to the bytes of a stored file. */
export interface CheckedFile {
  /** Of the model that it belongs to. */
  readonly model: string
  readonly path: string
  readonly bytes: number
  /** `unknown`: its source has named no hash. */
  readonly state: 'right' | 'wrong' | 'missing' | 'unknown'
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  /** After each file. */
  readonly onFile?: ((file: CheckedFile) => void) | undefined
  /** Takes wrong files out of the cache, so that the next pull fetches them again. */
  readonly repair?: boolean | undefined
}

/** What was deleted. */
export interface Removed {
  readonly bytes: number
  /** Paths on this machine. */
  readonly paths: readonly string[]
}

export interface PruneOptions {
  /** Says what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean | undefined
  /** Unfinished downloads too, which a pull would resume. Default true. */
  readonly parts?: boolean | undefined
}

export interface SearchOptions extends HubOptions {
  /** Default 20. */
  readonly limit?: number | undefined
  readonly source?: 'hugging-face' | 'modelscope' | undefined
}

/** The models of this machine, and the hubs that they come from. */
export interface Store {
  /** The cache, in Hugging Face's layout: what Python's tools fetched is found, and the other way round. */
  readonly folder: string
  /**
   * Fetches what is missing of a model, checks every byte, and only then gives it its name in the cache. A pull that was
   * ended continues where it was, in another process too.
   * @throws UserError in words: no such model, not allowed, no network, a full disk, a file that changed
   */
  pull(reference: ModelReference, options?: PullOptions): Promise<StoredModel>
  /** The model, if it is complete on this machine. Asks no server. */
  find(reference: ModelReference): Promise<StoredModel | undefined>
  /** All models of this machine, those of other programs and unfinished ones too. */
  list(): Promise<StoredModel[]>
  /**
   * Deletes a model of the cache: files that another model or revision shares stay.
   * @throws UserError when there is none, or when it belongs to another program
   */
  remove(reference: ModelReference): Promise<Removed>
  /** Reads the files of a model, or of all, and compares them with the hashes that their hub named. */
  verify(reference?: ModelReference, options?: VerifyOptions): Promise<CheckedFile[]>
  /** Deletes what no model needs: unfinished downloads, files without a name, locks of processes that are gone. */
  prune(options?: PruneOptions): Promise<Removed>
  /** Models of a hub by words in their names, those that are published in a form that runs here. */
  search(text: string, options?: SearchOptions): Promise<FoundModel[]>
  /**
   * The files of a model as its hub has them now.
   * @throws UserError as {@link pull}
   */
  listing(reference: ModelReference, options?: HubOptions): Promise<Listing>
  /**
   * Those files of a listing that a model needs: one form of the weights, one quantisation, no pickles.
   * @throws UserError when nothing fits the tag, with what there is; when the repository holds nothing that can be run
   */
  chosen(listing: Listing, tag?: string): ListedFile[]
  /** Files of a listing, read from their hub by range: for a config or the headers, before anything is fetched. */
  remote(listing: Listing, files?: readonly ListedFile[], options?: HubOptions): FileSet
}

/** A source of models: asked for a listing, it says which files there are and where their bytes are. */
export interface Hub {
  list(reference: ModelReference, options: HubOptions): Promise<Listing>
  search?(text: string, options: SearchOptions): Promise<FoundModel[]>
}

/** Environment variables, or what stands for them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** As the global one. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>

export interface StoreOptions {
  /** The cache. Default: `KAIYUAN_CACHE`, `HF_HUB_CACHE`, `HF_HOME/hub`, `~/.cache/huggingface/hub`. */
  readonly folder?: string | undefined
  /** In place of the process's. */
  readonly environment?: Environment | undefined
  /** In place of `HF_ENDPOINT`. */
  readonly endpoint?: string | undefined
  /** How long a request is tried. */
  readonly patience?: Partial<Patience> | undefined
  /** In place of one that knows the proxies of the environment. It must show redirects (`redirect: 'manual'`). */
  readonly fetch?: Fetch | undefined
  /** Sources by their names, more than the hubs that are built in or in place of them. */
  readonly hubs?: Partial<Record<ModelReference['source'], Hub>> | undefined
}
