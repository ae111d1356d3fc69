import { UserError } from '../../errors.js'
import { listFolder } from './http-listing.js'
import { memorySource } from './memory.js'
import { rangeCache } from './range-cache.js'
import { percentDecoded } from '../../percent.js'
import { isPlainFileName } from './range.js'
import type { ByteSource, FileSet } from './source.js'
import { reasonOf } from '../../system-error.js'
import { passes, pause, pauseBefore, secondsAsked, type Retries } from '../../retry.js'

/** The first request brings this much, so that small files need no second one. */
const FIRST_BYTES = 1 << 16
/** What a server without ranges may send as a whole. */
const LARGEST_WHOLE = 64 << 20
const RETRIES: Retries = { tries: 2, firstPauseMs: 250, longestPauseMs: 1000, longestAskedSeconds: 60 }

/** Files that nearly every model has. Others are asked for where a list has them, or where there is no list. */
const USUAL = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']

/** Browsers write a red line into the console for each file that is not there, whatever comes of it. */
const SHOWS_MISSING = !('process' in globalThis)

export interface HttpOptions {
  /** The names of all files of the folder. */
  readonly names?: readonly string[] | undefined
  /** Look for a list of the folder before something is asked for that may not be there. */
  readonly lists?: boolean | undefined
}

/**
 * A model over HTTP: the address of a folder, or of one file (model.gguf). Bytes are fetched by range when they are
 * needed. Most servers list no folder: its files are found by the names that models have.
 * @throws UserError when `address` is none.
 */
export function httpFiles(address: string, { names, lists = SHOWS_MISSING }: HttpOptions = {}): FileSet {
  const url = addressOf(address)
  const isFile = /\.(gguf|safetensors)$/.test(url.pathname)
  if (!isFile && !url.pathname.endsWith('/')) url.pathname += '/'
  const main = isFile ? percentDecoded(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)) : undefined
  const folder = new URL('.', url)
  // A file that is asked for twice is the same file, and one request.
  const opened = new Map<string, Promise<ByteSource | undefined>>()
  const open = (file: string): Promise<ByteSource | undefined> => {
    const source = opened.get(file) ?? openNamed(file)
    opened.set(file, source)
    return source
  }
  let listing: Promise<ReadonlySet<string> | undefined> | undefined = names && Promise.resolve(new Set(names))
  const openNamed = async (file: string): Promise<ByteSource | undefined> => {
    // The file that somebody named may have any name; all others come from files.
    if (file !== main && !isPlainFileName(file)) return undefined
    if (lists && main === undefined && !USUAL.includes(file)) listing ??= listFolder(folder)
    const listed = await listing
    if (listed && !listed.has(file)) return undefined
    // Signed addresses carry their signature after the question mark; it is good for one file.
    return openHttp(file === main ? url.href : within(folder, file))
  }
  return {
    name: folder.href.slice(0, -1),
    ...(main !== undefined && { main }),
    async list() {
      if (names) return [...names]
      const known = ['config.json', 'model.safetensors']
      const found = await Promise.all(known.map(open))
      return known.filter((_, i) => found[i])
    },
    open,
  }
}

/** @throws UserError for what is none */
export function addressOf(address: string): URL {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  const url = URL.canParse(address, base) ? new URL(address, base) : undefined
  if (url && /^(https?|blob|data):$/.test(url.protocol)) return url
  throw new UserError(
    `${address}: expected the address of a model folder or a .gguf file, such as https://example.org/model/`,
    'invalid_argument',
  )
}

function within(folder: URL, file: string): string {
  return new URL(file.split('/').map(encodeURIComponent).join('/'), folder).href
}

async function openHttp(url: string): Promise<ByteSource | undefined> {
  const name = nameOf(url)
  const response = await request(url, 0, FIRST_BYTES)
  const type = response.headers.get('content-type') ?? ''
  // Development servers answer every unknown path with their page.
  const isPage = type.startsWith('text/html')
  if (response.status === 404 || response.status === 410 || (response.ok && isPage)) {
    await response.body?.cancel()
    return undefined
  }
  if (response.status === 416) return memorySource(name, new Uint8Array(0))
  if (!response.ok) throw refused(name, response)
  if (response.status !== 206) return memorySource(name, await wholeBody(name, response))
  const start = new Uint8Array(await bodyOf(name, response))
  const size = totalOf(response) ?? (await sizeByHead(url, name))
  if (start.length >= size) return memorySource(name, start.subarray(0, size))
  const file = new RangedFile(url, name, size, response)
  return rangeCache(name, size, (offset, length) => file.fetch(offset, length))
}

/**
 * A file that is fetched by range. A hub answers its name with a redirect to a signed address, and counts how often it is
 * asked: all ranges go to that address, and the name is asked for again once the address has ended.
 */
class RangedFile {
  private address: string
  private renewing: Promise<void> | undefined
  private readonly etag: string | null

  constructor(
    private readonly url: string,
    private readonly name: string,
    private readonly size: number,
    first: Response,
  ) {
    this.address = first.url || url
    this.etag = first.headers.get('etag')
  }

  async fetch(offset: number, length: number): Promise<Uint8Array> {
    const response = await this.answer(offset, length)
    if (response.status !== 206) {
      await response.body?.cancel()
      throw refused(this.name, response)
    }
    const bytes = new Uint8Array(await bodyOf(this.name, response))
    const total = totalOf(response) ?? this.size
    if (!beginsAt(response, offset))
      throw new UserError(
        `${this.name}: expected bytes from ${offset} on, found ${response.headers.get('content-range')}. ` +
          'The server or a proxy before it answers with other parts than it is asked for: use another one, or download the file.',
        'invalid_file',
      )
    if (bytes.length === length && total === this.size && this.isSameVersion(response)) return bytes
    throw new UserError(
      `${this.name}: expected ${length} bytes at offset ${offset} of ${this.size}, found ${bytes.length} of ${total}. ` +
        'The file on the server has changed: load the model again.',
      'invalid_file',
    )
  }

  private async answer(offset: number, length: number, isAgain = false): Promise<Response> {
    const { address } = this
    const response = await request(address, offset, length)
    const hasEnded = address !== this.url && [401, 403, 404, 410].includes(response.status)
    if (isAgain || !hasEnded) return response
    await response.body?.cancel()
    // Two ranges may be on their way: one of them asks.
    if (this.address === address) await (this.renewing ??= this.renew())
    return this.answer(offset, length, true)
  }

  private async renew(): Promise<void> {
    try {
      const found = await request(this.url, 0, 1)
      await found.body?.cancel()
      this.address = found.url || this.url
    } finally {
      this.renewing = undefined
    }
  }

  /** Bytes of two versions must not meet. */
  private isSameVersion(response: Response): boolean {
    const etag = response.headers.get('etag')
    return etag === null || this.etag === null || etag === this.etag
  }
}

/** A GET of a range; what may pass by itself (no connection, 429, 5xx) is tried again. */
async function request(url: string, offset: number, length: number): Promise<Response> {
  const headers = { range: `bytes=${offset}-${offset + length - 1}`, ...hubToken(url) }
  for (let attempt = 1; ; attempt++) {
    const outcome = await fetch(url, { headers }).catch((cause: unknown) => unreachable(nameOf(url), cause))
    if ('status' in outcome && !passes(outcome.status)) return outcome
    const asked = 'status' in outcome ? askedBy(outcome) : undefined
    const wait = pauseBefore(attempt, RETRIES, asked)
    if (wait === undefined) {
      if ('status' in outcome) return outcome
      throw outcome
    }
    if ('status' in outcome) await outcome.body?.cancel()
    await pause(wait)
  }
}

function askedBy({ headers }: Response): number | undefined {
  return secondsAsked((name) => headers.get(name))
}

/** For gated models at the hub's own address, in Node; fetch itself drops it on the way to another origin. */
function hubToken(url: string): Record<string, string> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  const token = process?.env?.['HF_TOKEN']?.trim()
  const isHub = token !== undefined && token !== '' && new URL(url).origin === 'https://huggingface.co'
  return isHub ? { authorization: `Bearer ${token}` } : {}
}

/** `Content-Range: bytes 0-65535/SIZE`; other origins may hide it. */
function totalOf(response: Response): number | undefined {
  const [, digits] = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** Whether the part is the one that was asked for, where the server says which it is. */
function beginsAt(response: Response, offset: number): boolean {
  const [, from] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
  return from === undefined || Number(from) === offset
}

async function sizeByHead(url: string, name: string): Promise<number> {
  const response = await fetch(url, { method: 'HEAD' }).catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
  const size = Number(response.headers.get('content-length') ?? NaN)
  if (response.ok && Number.isSafeInteger(size)) return size
  throw new UserError(
    `${name}: the server does not say how large the file is. Let it send Access-Control-Expose-Headers: Content-Range.`,
    'invalid_file',
  )
}

async function wholeBody(name: string, response: Response): Promise<Uint8Array> {
  const length = Number(response.headers.get('content-length') ?? 0)
  const tooLarge = (): UserError =>
    new UserError(
      `${name}: expected a server that sends parts of a file (HTTP range requests), found one that sends all of it. ` +
        'Use another server, or choose the file from the disk.',
      'invalid_file',
    )
  if (length > LARGEST_WHOLE) {
    await response.body?.cancel()
    throw tooLarge()
  }
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of response.body ?? []) {
      parts.push(part)
      size += part.length
      if (size > LARGEST_WHOLE) throw tooLarge()
    }
  } catch (cause) {
    throw cause instanceof UserError ? cause : unreachable(name, cause)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function bodyOf(name: string, response: Response): Promise<ArrayBuffer> {
  return response.arrayBuffer().catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
}

/** Without what may be secret. */
function nameOf(url: string): string {
  return url.replace(/[?#].*$/, '')
}

function refused(name: string, response: Response): UserError {
  const status = `${response.status} ${response.statusText}`.trim()
  const seconds = askedBy(response) ?? 0
  const advice = seconds > 0 ? `Try again in ${seconds} seconds.` : 'Check the address and who may read it.'
  return new UserError(`${name}: expected a part of the file, found ${status}. ${advice}`, 'invalid_file')
}

function unreachable(name: string, cause: unknown): UserError {
  // A page is not told more than that; elsewhere no server has to allow anything.
  const cors = 'document' in globalThis || 'WorkerGlobalScope' in globalThis
  return new UserError(
    `${name}: cannot be fetched (${reasonOf(cause)}). Check the address and the network` +
      `${cors ? '; a server of another origin must allow it (CORS)' : ''}.`,
    'invalid_file',
    { cause },
  )
}
