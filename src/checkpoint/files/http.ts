import { UserError } from '../../errors.js'
import { memorySource } from './memory.js'
import { rangeCache } from './range-cache.js'
import { isPlainFileName } from './range.js'
import type { ByteSource, FileSet } from './source.js'

/** The first request brings this much, so that small files need no second one. */
const FIRST_BYTES = 1 << 16
/** What a server without ranges may send as a whole. */
const LARGEST_WHOLE = 64 << 20
const ATTEMPTS = 3
const FIRST_PAUSE_MS = 250
/** The longest pause that a server may ask for; who wants a longer one is not waited for. */
const LONGEST_PAUSE_S = 60

/**
 * A model over HTTP: the address of a folder, or of one file (model.gguf). Bytes are fetched by range when they are
 * needed. A folder cannot be listed there: its files are found by the names that models have.
 * @throws UserError when `address` is none.
 */
export function httpFiles(address: string): FileSet {
  const url = addressOf(address)
  const isFile = /\.(gguf|safetensors)$/.test(url.pathname)
  if (!isFile && !url.pathname.endsWith('/')) url.pathname += '/'
  const main = isFile ? decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1)) : undefined
  const folder = new URL('.', url)
  // A file that is asked for twice is the same file, and one request.
  const opened = new Map<string, Promise<ByteSource | undefined>>()
  const open = (file: string): Promise<ByteSource | undefined> => {
    let source = opened.get(file)
    if (!source) {
      // Signed addresses carry their signature after the question mark; it is good for one file.
      source = isPlainFileName(file)
        ? openHttp(file === main ? url.href : within(folder, file))
        : Promise.resolve(undefined)
      opened.set(file, source)
    }
    return source
  }
  return {
    name: folder.href.slice(0, -1),
    ...(main !== undefined && { main }),
    async list() {
      const known = ['config.json', 'model.safetensors']
      const found = await Promise.all(known.map(open))
      return known.filter((_, i) => found[i])
    },
    open,
  }
}

function addressOf(address: string): URL {
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
  return rangeCache(name, size, (offset, length) => fetchRange(url, name, size, offset, length))
}

async function fetchRange(
  url: string,
  name: string,
  size: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const response = await request(url, offset, length)
  if (response.status !== 206) {
    await response.body?.cancel()
    throw refused(name, response)
  }
  const bytes = new Uint8Array(await bodyOf(name, response))
  const total = totalOf(response) ?? size
  if (bytes.length === length && total === size) return bytes
  throw new UserError(
    `${name}: expected ${length} bytes at offset ${offset} of ${size}, found ${bytes.length} of ${total}. ` +
      'The file on the server has changed: load the model again.',
    'invalid_file',
  )
}

/** A GET of a range; what may pass by itself (no connection, 429, 5xx) is tried again. */
async function request(url: string, offset: number, length: number): Promise<Response> {
  const headers = { range: `bytes=${offset}-${offset + length - 1}` }
  for (let attempt = 1; ; attempt++) {
    const last = attempt === ATTEMPTS
    let seconds = 0
    try {
      const response = await fetch(url, { headers })
      if (last || (response.status !== 429 && response.status < 500)) return response
      seconds = secondsAsked(response)
      if (seconds > LONGEST_PAUSE_S) return response
      await response.body?.cancel()
    } catch (cause) {
      if (last) throw unreachable(nameOf(url), cause)
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(1000 * seconds, FIRST_PAUSE_MS * 2 ** attempt)))
  }
}

/** `Retry-After: 5` or a date; 0 where the server does not say. RFC 9110, section 10.2.3. */
function secondsAsked(response: Response): number {
  const value = response.headers.get('retry-after') ?? ''
  if (/^\d+$/.test(value)) return Number(value)
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : Math.max(0, Math.ceil((date - Date.now()) / 1000))
}

/** `Content-Range: bytes 0-65535/SIZE`; other origins may hide it. */
function totalOf(response: Response): number | undefined {
  const [, digits] = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
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
  const seconds = secondsAsked(response)
  const advice = seconds > 0 ? `Try again in ${seconds} seconds.` : 'Check the address and who may read it.'
  return new UserError(`${name}: expected a part of the file, found ${status}. ${advice}`, 'invalid_file')
}

function unreachable(name: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UserError(
    `${name}: cannot be fetched (${reason}). Check the address and the network; a server of another origin must allow it (CORS).`,
    'invalid_file',
    { cause },
  )
}
