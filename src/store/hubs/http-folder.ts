/** A folder or a GGUF file of any web server (nginx, S3, a presigned address). It has no list: files are asked for by name. */
import { UserError } from '../../errors.js'
import { percentDecoded } from '../../percent.js'
import { isJsonObject } from '../../json.js'
import type { FileAddress, FileHash, ListedFile, Listing } from '../listing.js'
import { askFollowing, type Network } from '../network/ask.js'
import { isWebPage, plainAddress, serverRefusal } from '../network/refusals.js'
import { wholeBody, type Answer } from '../network/transport.js'
import type { ModelReference } from '../reference-types.js'
import type { Hub, HubOptions } from '../store.js'
import { listDigest } from './answers.js'
import { authorization } from './token.js'

const INDEX = 'model.safetensors.index.json'
const LARGEST_INDEX = 64 << 20
const WEIGHTS = ['model.safetensors', 'consolidated.safetensors']
const COMPANIONS = [
  ...['config.json', 'params.json', 'generation_config.json', 'LICENSE'],
  ...['tokenizer.json', 'tokenizer_config.json', 'tokenizer.model', 'special_tokens_map.json', 'added_tokens.json'],
  ...['chat_template.jinja', 'chat_template.json', 'vocab.json', 'merges.txt', 'tekken.json'],
]
const PART = /-(\d{5})-of-(\d{5})\.gguf$/

export class HttpFolderHub implements Hub {
  constructor(private readonly network: (options: HubOptions) => Network) {}

  /** @throws UserError when there is no model at the address */
  async list(reference: ModelReference, options: HubOptions): Promise<Listing> {
    const folder = new HttpFolder(this.network(options), reference.id, options.token)
    const files = await folder.files()
    if (files.length > 0) return { reference, commit: await listDigest(files), files }
    throw new UserError(
      `${plainAddress(reference.id)}: expected a .gguf file or a folder with config.json and model.safetensors, found neither. Check the address.`,
      'model_not_found',
    )
  }
}

class HttpFolder {
  private readonly url: URL
  private readonly folder: URL
  /** The file that the address names. */
  private readonly main: string | undefined

  constructor(
    private readonly network: Network,
    address: string,
    private readonly token: string | undefined,
  ) {
    this.url = new URL(address)
    const isFile = /\.(gguf|safetensors)$/i.test(this.url.pathname)
    if (!isFile && !this.url.pathname.endsWith('/')) this.url.pathname += '/'
    this.folder = new URL('.', this.url)
    this.main = isFile ? percentDecoded(this.url.pathname.slice(this.folder.pathname.length)) : undefined
  }

  async files(): Promise<ListedFile[]> {
    const hashes = await this.hashes()
    const names = this.main === undefined ? [...(await this.weights()), ...COMPANIONS] : partsOf(this.main)
    const found = await Promise.all(names.map((name) => this.probe(name, hashes.get(name))))
    const files = found.filter((file) => file !== undefined)
    const missing = names.find((name, i) => found[i] === undefined && this.isNeeded(name))
    if (missing !== undefined && files.length > 0)
      throw new UserError(
        `${plainAddress(this.url.href)}: there is no ${missing}, which the model needs. Check the folder.`,
        'model_not_found',
      )
    return files.some(({ path }) => /\.(gguf|safetensors)$/i.test(path)) ? files : []
  }

  private isNeeded(name: string): boolean {
    return this.main !== undefined || (/\.safetensors$/.test(name) && !WEIGHTS.includes(name))
  }

  /** By the index, or by the names that whole files have. */
  private async weights(): Promise<string[]> {
    const index = await this.text(INDEX)
    if (index === undefined) return WEIGHTS
    const shards = shardsOf(index)
    if (shards) return (await this.isLeftOver(shards)) ? WEIGHTS : [INDEX, ...shards]
    throw new UserError(`${this.addressOf(INDEX)}: expected JSON with a weight_map. Check the file.`, 'invalid_file')
  }

  /** An index next to one file that it does not name, from before the shards were merged: the file is what is read. */
  private async isLeftOver(shards: readonly string[]): Promise<boolean> {
    const [whole = ''] = WEIGHTS
    return !shards.includes(whole) && (await this.probe(whole, undefined)) !== undefined
  }

  /** `SHA256SUMS`, as sha256sum writes it, where there is one. */
  private async hashes(): Promise<Map<string, FileHash>> {
    const lines = (await this.text('SHA256SUMS'))?.split('\n') ?? []
    const rows = lines.flatMap((line) => {
      const [, sha256, path] = /^([0-9a-f]{64})\s+[*]?(?:\.\/)?(.+?)\s*$/i.exec(line) ?? []
      return sha256 !== undefined && path !== undefined ? [[path, { sha256: sha256.toLowerCase() }] as const] : []
    })
    return new Map(rows)
  }

  private addressOf(name: string): string {
    // A signature after the question mark is good for the one file that it was made for.
    if (name === this.main) return this.url.href
    return new URL(name.split('/').map(encodeURIComponent).join('/'), this.folder).href
  }

  private headers(url: string): Record<string, string> {
    return authorization(this.token, url)
  }

  /** All of a small file; undefined where there is none. */
  private async text(name: string): Promise<string | undefined> {
    const url = this.addressOf(name)
    const { answer } = await askFollowing(this.network, url, this.headers(url))
    if (answer.status !== 200 || isWebPage(answer)) {
      await answer.discard()
      return undefined
    }
    const bytes = await wholeBody(answer, LARGEST_INDEX)
    return bytes && new TextDecoder().decode(bytes)
  }

  /** That of the probe; it may be signed, so that it is asked for again when it ends. */
  private addresses(url: string, first: FileAddress): ListedFile['address'] {
    let known: FileAddress | undefined = { url: first.url, headers: first.headers }
    return async () => {
      const given = known
      known = undefined
      if (given) return given
      const again = await askFollowing(this.network, url, this.headers(url), { range: 'bytes=0-0' })
      await again.answer.discard()
      return { url: again.url, headers: again.headers }
    }
  }

  private async probe(name: string, hash: FileHash | undefined): Promise<ListedFile | undefined> {
    const url = this.addressOf(name)
    const found = await askFollowing(this.network, url, this.headers(url), { range: 'bytes=0-0' })
    const { answer } = found
    await answer.discard()
    if (answer.status === 404 || answer.status === 410 || isWebPage(answer)) return undefined
    // S3 answers so where a list is not allowed.
    if (answer.status === 403 && name !== this.main) return undefined
    if (![200, 206, 416].includes(answer.status)) throw serverRefusal(plainAddress(url), answer)
    const size = totalOf(answer)
    if (size === undefined)
      throw new UserError(
        `${plainAddress(url)}: the server does not say how large the file is. Let it send Content-Length and Content-Range.`,
        'invalid_file',
      )
    const etag = answer.header('etag') ?? answer.header('last-modified')
    return { path: name, size, ...(hash && { hash }), ...(etag && { etag }), address: this.addresses(url, found) }
  }
}

/** The files that an index names; undefined for what is no index. */
function shardsOf(index: string): string[] | undefined {
  try {
    const content: unknown = JSON.parse(index)
    const map = isJsonObject(content) ? content['weight_map'] : undefined
    return isJsonObject(map) ? [...new Set(Object.values(map).filter((file) => typeof file === 'string'))] : undefined
  } catch {
    return undefined
  }
}

function partsOf(main: string): string[] {
  const [, , total] = PART.exec(main) ?? []
  if (total === undefined) return [main]
  const number = (i: number): string => String(i + 1).padStart(5, '0')
  return Array.from({ length: Number(total) }, (_, i) => main.replace(PART, `-${number(i)}-of-${total}.gguf`))
}

/** `Content-Range: bytes 0-0/SIZE`, or the length of all. */
export function totalOf(answer: Answer): number | undefined {
  const [, digits] = /\/(\d+)$/.exec(answer.header('content-range') ?? '') ?? []
  const text = digits ?? (answer.status === 200 ? answer.header('content-length') : undefined)
  const size = Number(text ?? NaN)
  return Number.isSafeInteger(size) ? size : undefined
}
