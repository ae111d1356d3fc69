/** The store of a page: the same pulls, into the page's private file system. It runs in a worker. */
import type { FileSet } from '../../checkpoint/files/source.js'
import { UserError } from '../../errors.js'
import { checkPaths } from '../cache/paths.js'
import { bytesOf, chooseFiles, ggufSets } from '../choose.js'
import { isCommit } from '../commit.js'
import { listDigest } from '../hubs/answers.js'
import { HttpFolderHub } from '../hubs/http-folder.js'
import { HuggingFaceHub } from '../hubs/hugging-face.js'
import { ModelScopeHub } from '../hubs/modelscope.js'
import type { FoundModel, ListedFile, Listing } from '../listing.js'
import type { Network } from '../network/ask.js'
import { PATIENCE } from '../network/patience.js'
import { fetchTransport } from '../network/transport.js'
import type { ModelReference } from '../reference-types.js'
import { remoteFiles } from '../remote.js'
import type { Hub, HubOptions, PullOptions, Removed, SearchOptions, StoreOptions, StoredModel } from '../store.js'
import { distinct, fetchFiles, type Wanted } from '../transfer/lanes.js'
import { Meter } from '../transfer/meter.js'
import { nameOf } from '../wording.js'
import { ModelRecords, type ModelRecord } from './records.js'
import { OpfsDisk, fileIn } from './opfs-disk.js'
import { opfsFiles } from './opfs-files.js'
import { checkRoom } from './room.js'

const DEFAULT_LANES = 4
const HUB = 'https://huggingface.co'
const MODELSCOPE = 'https://modelscope.cn'

export type BrowserStoreOptions = Pick<StoreOptions, 'endpoint' | 'patience'>
/** Patterns choose among files of a disk; a page takes what a model needs. */
export type BrowserPullOptions = Omit<PullOptions, 'include' | 'exclude' | 'force' | 'to'>

/** What the browser gives this page. */
export interface StorageState {
  readonly usedBytes: number | undefined
  /** As the browser says it; some say less than they give. */
  readonly quotaBytes: number | undefined
  /** Whether the browser keeps the files when it needs space. */
  readonly isPersistent: boolean
}

export class BrowserStore {
  private readonly hubs: Partial<Record<ModelReference['source'], Hub>>
  private readonly records = new ModelRecords()
  private readonly transport = fetchTransport((url, init) => fetch(url, init), false)

  constructor(private readonly options: BrowserStoreOptions = {}) {
    const network = (asked: HubOptions): Network => this.network(asked)
    const tokenFor = (): Promise<undefined> => Promise.resolve(undefined)
    this.hubs = {
      'hugging-face': new HuggingFaceHub({ endpoints: [options.endpoint ?? HUB], network, tokenFor }),
      modelscope: new ModelScopeHub({ endpoint: options.endpoint ?? MODELSCOPE, network }),
      http: new HttpFolderHub(network),
    }
  }

  /** @throws UserError as in Node; disk_full where the browser gives no more space */
  async pull(reference: ModelReference, options: BrowserPullOptions = {}): Promise<StoredModel> {
    const stored = await this.find(reference)
    if (stored && (options.offline === true || isCommit(reference.revision))) return stored
    if (options.offline === true)
      throw new UserError(
        `${nameOf(reference)}: not complete in this browser's storage, and no server may be asked.`,
        'model_not_found',
      )
    const meter = new Meter(options.onProgress)
    meter.say('listing')
    const listing = await this.listing(reference, options)
    const chosen = this.chosen(listing, reference.tag)
    checkPaths(nameOf(reference), chosen)
    const wanted = await Promise.all(chosen.map(async (file) => ({ file, blob: await blobOf(file) })))
    meter.expect(wanted.length, bytesOf(chosen))
    const disk = await OpfsDisk.open()
    await checkRoom(disk, distinct(wanted))
    // What is unfinished is known by name, so that it can be listed and removed.
    const record = recordOf(listing, reference, wanted)
    await this.records.write({ ...record, isComplete: false })
    const network = { ...this.network(options), onNote: (note: string) => meter.tell(note) }
    await fetchFiles(distinct(wanted), options.lanes ?? DEFAULT_LANES, { disk, network, meter })
    await this.records.write({ ...record, isComplete: true })
    meter.say('done')
    return storedModel({ ...record, isComplete: true })
  }

  /** Asks no server. */
  async find(reference: ModelReference): Promise<StoredModel | undefined> {
    const record = await this.records.find(reference)
    return record?.isComplete ? storedModel(record) : undefined
  }

  /** All models of this page, unfinished ones too. */
  async list(): Promise<StoredModel[]> {
    return (await this.records.all()).map(storedModel)
  }

  /** @throws UserError when there is no such model */
  async remove(reference: ModelReference): Promise<Removed> {
    const found = (await this.records.all()).filter((record) => isMeant(record.reference, reference))
    if (found.length === 0)
      throw new UserError(`${nameOf(reference)}: no such model in this browser's storage.`, 'model_not_found')
    for (const record of found) await this.records.remove(record)
    return this.prune()
  }

  /** Deletes the files that no model names. */
  async prune(): Promise<Removed> {
    const named = new Set((await this.records.all()).flatMap(({ files }) => files.map(({ blob }) => blob)))
    const disk = await OpfsDisk.open()
    const paths: string[] = []
    let bytes = 0
    for (const blob of await disk.blobs()) {
      if (named.has(blob)) continue
      bytes += await disk.remove(blob)
      paths.push(blob)
    }
    return { bytes, paths }
  }

  listing(reference: ModelReference, options: HubOptions = {}): Promise<Listing> {
    return this.hub(reference).list(reference, options)
  }

  async search(text: string, options: SearchOptions = {}): Promise<FoundModel[]> {
    return (await this.hub({ source: options.source ?? 'hugging-face', id: '' }).search?.(text, options)) ?? []
  }

  chosen(listing: Listing, tag?: string): ListedFile[] {
    return chooseFiles(nameOf({ ...listing.reference, tag: undefined }), listing.files, tag)
  }

  remote(listing: Listing, files?: readonly ListedFile[], options: HubOptions = {}): FileSet {
    return remoteFiles(this.network(options), listing, files ?? this.chosen(listing, listing.reference.tag))
  }

  /**
   * The files of a model that is complete, for `loadEngine`.
   * @throws UserError when there is none
   */
  async files(reference: ModelReference): Promise<FileSet> {
    const record = await this.records.find(reference)
    if (!record?.isComplete)
      throw new UserError(
        `${nameOf(reference)}: not complete in this browser's storage. Pull it first.`,
        'model_not_found',
      )
    const { folder } = await OpfsDisk.open()
    const files = await Promise.all(
      record.files.map(async ({ path, blob }) => {
        const handle = await fileIn(folder, blob)
        return handle ? [{ path, handle }] : []
      }),
    )
    await this.records.write({ ...record, used: Date.now() })
    return opfsFiles(record.name, files.flat(), record.main)
  }

  async storage(): Promise<StorageState> {
    const [{ usage, quota }, isPersistent] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ])
    return { usedBytes: usage, quotaBytes: quota, isPersistent }
  }

  private hub({ source }: ModelReference): Hub {
    const hub = this.hubs[source]
    if (hub) return hub
    throw new UserError(
      `${source}: models of this source are not fetched in a browser. Name one of a hub.`,
      'invalid_argument',
    )
  }

  private network({ signal }: HubOptions): Network {
    const patience = { ...PATIENCE, ...this.options.patience }
    return { transport: this.transport, patience, ...(signal && { signal }) }
  }
}

/** By its hash, or by all that is known of it. */
async function blobOf(file: ListedFile): Promise<string> {
  if (file.hash) return Object.values(file.hash)[0]!
  return `etag-${await listDigest([file])}`
}

function isMeant(own: ModelReference, { source, id, tag, revision }: ModelReference): boolean {
  if (own.source !== source || own.id !== id) return false
  const isTag = tag === undefined || own.tag?.toLowerCase() === tag.toLowerCase()
  return isTag && (revision === undefined || own.revision === revision)
}

function recordOf(
  listing: Listing,
  reference: ModelReference,
  wanted: readonly Wanted[],
): Omit<ModelRecord, 'isComplete'> {
  const [set] = ggufSets(wanted.map(({ file }) => file))
  const tag = set?.label
  return {
    reference: { ...reference, tag },
    name: nameOf({ ...reference, tag }),
    isDefault: reference.tag === undefined,
    commit: listing.commit,
    main: set?.files[0]?.path,
    files: wanted.map(({ file, blob }) => ({ path: file.path, size: file.size, blob })),
    used: Date.now(),
  }
}

function storedModel({ reference, name, commit, files, main, used, isComplete }: ModelRecord): StoredModel {
  const folder = `opfs:kaiyuan/${name}`
  return {
    reference,
    name,
    commit,
    folder,
    open: main === undefined ? folder : `${folder}/${main}`,
    files: files.map(({ path }) => path),
    bytes: bytesOf(files),
    complete: isComplete,
    lastUsed: new Date(used),
    origin: 'cache',
  }
}
