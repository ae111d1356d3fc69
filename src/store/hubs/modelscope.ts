/** ModelScope, by the API of modelscope_hub (_legacy_api.py, _download.py). It names the sha256 of every file. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import type { FoundModel, ListedFile, Listing } from '../listing.js'
import { ask, askFollowing, type Network } from '../network/ask.js'
import { hubRefusal, serverRefusal, type Asked } from '../network/refusals.js'
import type { ModelReference } from '../reference-types.js'
import type { Hub, HubOptions, SearchOptions } from '../store.js'
import { jsonAnswer, listDigest, numberOf, objectsIn, sha256Of, sizeOf, textOf, unexpected } from './answers.js'
import { authorization } from './token.js'

export interface ModelScopeOptions {
  readonly endpoint: string
  readonly network: (options: HubOptions) => Network
  readonly token?: string | undefined
}

const BRANCH = 'master'

export class ModelScopeHub implements Hub {
  constructor(private readonly options: ModelScopeOptions) {}

  /** @throws UserError in words */
  async list(reference: ModelReference, options: HubOptions): Promise<Listing> {
    const { endpoint } = this.options
    const headers = this.headers(options)
    const revision = reference.revision ?? BRANCH
    const query = new URLSearchParams({ Revision: revision, Recursive: 'True' })
    const url = `${endpoint}/api/v1/models/${reference.id}/repo/files?${query}`
    const { answer } = await askFollowing(this.options.network(options), url, headers)
    const asked = this.asked(reference, headers)
    if (answer.status !== 200) {
      await answer.discard()
      throw hubRefusal(asked, answer)
    }
    const content = await jsonAnswer(asked.name, answer)
    const data = isJsonObject(content) && isJsonObject(content['Data']) ? content['Data'] : undefined
    if (!data) throw refusedIn(content, asked)
    const files = objectsIn(data['Files']).flatMap((entry) => this.file(entry, reference, revision, headers) ?? [])
    return { reference, commit: await listDigest(files), files }
  }

  async search(text: string, options: SearchOptions): Promise<FoundModel[]> {
    const { endpoint } = this.options
    const limit = options.limit ?? 20
    const query = new URLSearchParams({ search: text, page_number: '1', page_size: String(limit) })
    const answer = await ask(
      this.options.network(options),
      `${endpoint}/openapi/v1/models?${query}`,
      this.headers(options),
    )
    if (answer.status !== 200) throw serverRefusal(endpoint, answer)
    const content = await jsonAnswer(endpoint, answer)
    const data = isJsonObject(content) ? (content['data'] ?? content['Data']) : undefined
    const models = isJsonObject(data) ? (data['models'] ?? data['Models']) : data
    return objectsIn(models).flatMap((entry) => found(entry) ?? [])
  }

  private headers(options: HubOptions): Record<string, string> {
    return authorization(options.token ?? this.options.token, this.options.endpoint)
  }

  private asked(reference: ModelReference, headers: Record<string, string>): Asked {
    const { endpoint } = this.options
    return {
      name: `modelscope://${reference.id}`,
      revision: reference.revision,
      page: `${endpoint}/models/${reference.id}`,
      tokenVariable: 'MODELSCOPE_API_TOKEN',
      hasToken: 'authorization' in headers,
    }
  }

  private file(
    entry: JsonObject,
    { id }: ModelReference,
    revision: string,
    headers: Record<string, string>,
  ): ListedFile | undefined {
    const path = textOf(entry['Path'])
    const size = sizeOf(entry['Size'])
    if (path === undefined || size === undefined || entry['Type'] === 'tree') return undefined
    const hash = sha256Of(entry['Sha256'])
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    const url = `${this.options.endpoint}/models/${id}/resolve/${encodeURIComponent(revision)}/${encoded}`
    return { path, size, ...(hash && { hash }), address: () => Promise.resolve({ url, headers }) }
  }
}

/** Refusals come with status 200 too, and a code inside. */
function refusedIn(content: unknown, { name, page, tokenVariable }: Asked): UserError {
  const code = isJsonObject(content) ? numberOf(content['Code']) : undefined
  if (code === undefined) return unexpected(name, 'a list of files', content)
  const words = isJsonObject(content) ? (textOf(content['Message']) ?? '') : ''
  return new UserError(
    `${name}: ModelScope refuses (code ${code}${words ? `, ${words.slice(0, 120)}` : ''}). The name has a typo, or the model is private: ` +
      `then set ${tokenVariable}. See ${page}.`,
    code === 10010205001 || code === 404 ? 'model_not_found' : 'access_denied',
  )
}

function found(entry: JsonObject): FoundModel | undefined {
  const id = textOf(entry['id']) ?? textOf(entry['model_id']) ?? pathOf(entry)
  if (id === undefined || !/^[\w.-]+\/[\w.-]+$/.test(id)) return undefined
  return {
    reference: { source: 'modelscope', id },
    name: id,
    format: /gguf/i.test(id) ? 'gguf' : 'safetensors',
    downloads: numberOf(entry['downloads']),
    likes: numberOf(entry['likes']),
    parameters: numberOf(entry['params']),
  }
}

function pathOf(entry: JsonObject): string | undefined {
  const [owner, name] = [textOf(entry['Path']), textOf(entry['Name'])]
  return owner !== undefined && name !== undefined ? `${owner}/${name}` : undefined
}
