/** Hugging Face's hub and its mirrors, by the API of huggingface_hub (hf_api.py, file_download.py). */
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import { isCommit } from '../commit.js'
import type { FileAddress, FoundModel, ListedFile, Listing } from '../listing.js'
import { ask, askFollowing, redirectOf, type Network } from '../network/ask.js'
import { hubRefusal, serverRefusal, type Asked } from '../network/refusals.js'
import type { Answer } from '../network/transport.js'
import type { ModelReference } from '../reference-types.js'
import type { Hub, HubOptions, SearchOptions } from '../store.js'
import { nameOf } from '../wording.js'
import { MOST_FILES, gitSha1Of, jsonAnswer, objectsIn, sha256Of, sizeOf, unexpected } from './answers.js'
import { foundModels } from './found.js'
import { authorization } from './token.js'

export interface HuggingFaceOptions {
  /** The hub or its mirror, then others that have the same. */
  readonly endpoints: readonly string[]
  readonly network: (options: HubOptions) => Network
  /** The token for an endpoint where none is given for a pull. */
  readonly tokenFor: (endpoint: string) => Promise<string | undefined>
}

const ORIGIN = 'https://huggingface.co'
/** Where there is another endpoint, one that does not answer is not waited for. */
const FEW_TRIES = 2

export class HuggingFaceHub implements Hub {
  constructor(private readonly options: HuggingFaceOptions) {}

  /** @throws UserError in words */
  async list(reference: ModelReference, options: HubOptions): Promise<Listing> {
    return this.first((endpoint, isLast) => this.repository(endpoint, isLast, reference, options).then((r) => r.list()))
  }

  async search(text: string, options: SearchOptions): Promise<FoundModel[]> {
    return this.first(async (endpoint, isLast) => {
      const url = new URL(`${endpoint}/api/models`)
      const asked = { search: text, pipeline_tag: 'text-generation', sort: 'downloads', direction: '-1' }
      for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value)
      url.searchParams.set('limit', String(2 * (options.limit ?? 20)))
      for (const field of ['safetensors', 'gguf', 'downloads', 'likes', 'lastModified', 'gated', 'config'])
        url.searchParams.append('expand', field)
      const headers = authorization(options.token ?? (await this.options.tokenFor(endpoint)), endpoint)
      const answer = await ask(this.network(options, isLast), url.href, headers)
      if (answer.status !== 200) throw serverRefusal(endpoint, answer)
      return foundModels(await jsonAnswer(endpoint, answer), 'hugging-face').slice(0, options.limit ?? 20)
    })
  }

  /** The work at the first endpoint that can be reached. */
  private async first<T>(work: (endpoint: string, isLast: boolean) => Promise<T>): Promise<T> {
    const { endpoints } = this.options
    for (const [i, endpoint] of endpoints.entries()) {
      const isLast = i === endpoints.length - 1
      try {
        return await work(endpoint, isLast)
      } catch (error) {
        if (isLast || !(error instanceof UserError) || error.code !== 'network') throw error
      }
    }
    throw new UserError('expected the address of a hub, found none', 'invalid_argument')
  }

  private network(options: HubOptions, isLast: boolean): Network {
    const network = this.options.network(options)
    if (isLast || !network.patience) return network
    return { ...network, patience: { ...network.patience, tries: Math.min(FEW_TRIES, network.patience.tries) } }
  }

  private async repository(
    endpoint: string,
    isLast: boolean,
    reference: ModelReference,
    options: HubOptions,
  ): Promise<Repository> {
    const token = options.token ?? (await this.options.tokenFor(endpoint))
    const address = (file: Pinned, signal?: AbortSignal, failed?: FileAddress) =>
      this.address(reference, options, file, signal, failed)
    return new Repository(endpoint, reference, token, this.network(options, isLast), address)
  }

  /** Where a large file is, at the first endpoint that says it; after a failure, at the next one. */
  private async address(
    reference: ModelReference,
    options: HubOptions,
    { path, isSmall }: Pinned,
    signal: AbortSignal | undefined,
    failed: FileAddress | undefined,
  ): Promise<FileAddress> {
    const own = { ...options, signal: signal ?? options.signal }
    const tried = this.failures(path, failed)
    const count = this.options.endpoints.length
    return this.first(async (endpoint, isLast) => {
      const turned = this.options.endpoints[(this.options.endpoints.indexOf(endpoint) + tried) % count]!
      const repository = await this.repository(turned, isLast, reference, own)
      const found = isSmall ? repository.direct(path) : await repository.resolve(path)
      this.given.set(found.url, path)
      return found
    })
  }

  /** How often the addresses of a file brought nothing. */
  private failures(path: string, failed: FileAddress | undefined): number {
    const before = this.failed.get(path) ?? 0
    if (!failed || this.given.get(failed.url) !== path) return before
    this.given.delete(failed.url)
    this.failed.set(path, before + 1)
    return before + 1
  }

  private readonly failed = new Map<string, number>()
  private readonly given = new Map<string, string>()
}

/** A file with its commit, `COMMIT/PATH`. */
interface Pinned {
  readonly path: string
  /** Held by git itself. */
  readonly isSmall: boolean
}

/** A repository at one endpoint. */
class Repository {
  private readonly headers: Record<string, string>
  private readonly asked: Asked

  constructor(
    private readonly endpoint: string,
    private readonly reference: ModelReference,
    token: string | undefined,
    private readonly network: Network,
    private readonly addressOf: (file: Pinned, signal?: AbortSignal, failed?: FileAddress) => Promise<FileAddress>,
  ) {
    this.headers = authorization(token, endpoint)
    this.asked = {
      name: nameOf({ ...reference, tag: undefined, revision: undefined }),
      revision: reference.revision,
      page: `${ORIGIN}/${reference.id}`,
      tokenVariable: 'HF_TOKEN',
      hasToken: 'authorization' in this.headers,
    }
  }

  async list(): Promise<Listing> {
    const { commit, gated } = await this.commit()
    const files: ListedFile[] = []
    const tree = `${this.api}/tree/${commit}?recursive=true`
    const seen = new Set<string>()
    for (let url: string | undefined = tree; url !== undefined;) {
      if (seen.has(url)) throw unexpected(this.asked.name, 'the next page of its files', 'one that came already')
      seen.add(url)
      const answer = await this.askApi(url)
      const page = await jsonAnswer(this.asked.name, answer)
      files.push(...objectsIn(page).flatMap((entry) => this.file(entry, commit) ?? []))
      if (files.length > MOST_FILES)
        throw unexpected(this.asked.name, `at most ${MOST_FILES} files`, `${files.length} and more`)
      url = this.nextPage(answer)
    }
    return { reference: this.reference, commit, files, ...(gated && { gated }) }
  }

  /** The commit is asked for once and used from then on: the branch may move while files are fetched. */
  private async commit(): Promise<{ commit: string; gated: boolean }> {
    const revision = this.reference.revision ?? 'main'
    if (isCommit(revision)) return { commit: revision, gated: false }
    const answer = await this.askApi(`${this.api}/revision/${encodeURIComponent(revision)}`)
    const content = await jsonAnswer(this.asked.name, answer)
    const commit = isJsonObject(content) ? content['sha'] : undefined
    if (typeof commit !== 'string' || !isCommit(commit)) throw unexpected(this.asked.name, 'a commit', content)
    const gated = isJsonObject(content) ? content['gated'] : undefined
    return { commit, gated: gated !== undefined && gated !== false }
  }

  private get api(): string {
    return `${this.endpoint}/api/models/${encodedPath(this.reference.id)}`
  }

  private async askApi(url: string): Promise<Answer> {
    // A list may lead to somebody else, who gets no token.
    const isOwn = new URL(url).origin === new URL(this.endpoint).origin
    const { answer } = await askFollowing(this.network, url, isOwn ? this.headers : {})
    if (answer.status === 200) return answer
    await answer.discard()
    throw hubRefusal(this.asked, answer)
  }

  private nextPage(answer: Answer): string | undefined {
    const [, next] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.header('link') ?? '') ?? []
    if (next === undefined) return undefined
    if (!URL.canParse(next, answer.url)) throw unexpected(this.asked.name, 'the address of a page', next)
    return this.ownAddress(new URL(next, answer.url).href)
  }

  /** A mirror's lists may lead to the hub itself, which cannot be reached from where mirrors are used. */
  private ownAddress(url: string): string {
    return url.startsWith(`${ORIGIN}/`) ? this.endpoint + url.slice(ORIGIN.length) : url
  }

  private file(entry: Readonly<Record<string, unknown>>, commit: string): ListedFile | undefined {
    const { type, path, oid, lfs } = entry
    if (type !== 'file' || typeof path !== 'string') return undefined
    const large = isJsonObject(lfs) ? lfs : undefined
    const size = sizeOf(large ? large['size'] : entry['size'])
    if (size === undefined) return undefined
    const hash = large ? sha256Of(large['oid']) : gitSha1Of(oid)
    // What git itself holds is answered by the hub, so nothing needs to be asked before.
    const isSmall = hash !== undefined && 'gitSha1' in hash
    const pinned = (signal?: AbortSignal, failed?: FileAddress) =>
      this.addressOf({ path: `${commit}/${path}`, isSmall }, signal, failed).catch((error: unknown) => {
        throw this.withPath(error, path)
      })
    return { path, size, ...(hash && { hash }), address: pinned }
  }

  private withPath(error: unknown, path: string): unknown {
    if (!(error instanceof UserError) || error.message.includes(path)) return error
    return new UserError(`${path}: ${error.fault}`, error.code, { cause: error })
  }

  /** @param path with its commit */
  direct(path: string): FileAddress {
    return {
      url: `${this.endpoint}/${encodedPath(this.reference.id)}/resolve/${encodedPath(path)}`,
      headers: this.headers,
    }
  }

  /**
   * One request a file: the redirect's address takes all ranges of it. A small file is answered by the hub itself.
   * @param path with its commit
   */
  async resolve(path: string): Promise<FileAddress> {
    const first = { range: 'bytes=0-0' }
    const { url, headers } = this.direct(path)
    let at = url
    for (let hop = 0; hop < 5; hop++) {
      const answer = await ask(this.network, at, { ...headers, ...first })
      const location = redirectOf(answer, at)
      await answer.discard()
      if (location === undefined) {
        if (answer.status >= 400 && answer.status !== 416)
          throw hubRefusal({ ...this.asked, path: path.slice(path.indexOf('/') + 1) }, answer)
        // A browser has followed the redirect by itself.
        return answer.url === at ? { url: at, headers } : { url: answer.url, headers: {} }
      }
      const next = this.ownAddress(location)
      if (new URL(next).origin !== new URL(at).origin) return { url: next, headers: {} }
      at = next
    }
    throw unexpected(this.asked.name, 'the address of a file', 'only redirects')
  }
}

/** With its slashes. */
function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
