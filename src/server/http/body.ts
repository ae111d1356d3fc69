import type { z } from 'zod'
import { ApiError } from './api-error.js'
import { decodedBody } from './decoded.js'
import { refusalOf } from './issues.js'
import { checkLimits } from './limits.js'
import { withoutNulls } from './nulls.js'

/** Nested deeper than any request means; JSON of this depth is safe to walk. */
const MAX_DEPTH = 100
/** Objects and lists of one body: what they take to read, to check and to send on is bounded by their number. */
const MAX_PARTS = 50_000
/** Of what all bodies may take together, the part that one client may take. */
const CLIENTS_PART = 1 / 4
/** Bodies of one client that are on their way at once; of more, the one that began first is given up: others come in moments. */
const MAX_ARRIVING = 128
/** A body that is not here by then does not come. */
const PATIENCE_MS = 60_000

/** What one client holds. */
interface Held {
  bytes: number
  readonly arriving: Set<Arrival>
}

/** Bytes of request bodies that are in memory at once, over all requests, and of each client's. */
export class BodyBudget {
  private held = 0
  private readonly clients = new Map<string, Held>()

  constructor(
    /** Of one body. */
    readonly limit: number,
    /** Of all together. */
    private readonly total: number,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /**
   * A body; its bytes count until `release`.
   * @param client whose share they are of
   * @throws ApiError 413 above the limit, 429 when too much is held already, 408 when it does not come
   */
  async read(request: Request, client: string): Promise<{ bytes: Uint8Array; release: () => void }> {
    const announced = Number(request.headers.get('content-length') ?? 0)
    if (announced > this.limit) throw this.tooLarge()
    const own = this.of(client)
    if (own.arriving.size >= MAX_ARRIVING) giveUpFirst(own)
    const chunks: Uint8Array[] = []
    let size = 0
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      this.count(client, own, -size)
    }
    const arrival = new Arrival(decodedBody(request), this.patienceMs)
    own.arriving.add(arrival)
    try {
      // By hand: what comes without a length, in chunks, is cut off as soon as it is too long.
      for (let chunk = await arrival.next(); chunk; chunk = await arrival.next()) {
        size += chunk.length
        this.count(client, own, chunk.length)
        if (size > this.limit) throw this.tooLarge()
        if (this.held > this.total) throw tooMany('the server holds too many large requests')
        if (own.bytes > Math.max(this.limit, this.total * CLIENTS_PART)) giveUpFirst(own)
        chunks.push(chunk)
      }
      return { bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), release }
    } catch (error) {
      release()
      if (error instanceof ApiError) throw error
      throw new ApiError(499, 'the request was cancelled', { code: 'cancelled' }, { cause: error })
    } finally {
      arrival.end()
      own.arriving.delete(arrival)
      this.count(client, own, 0)
    }
  }

  private of(client: string): Held {
    let own = this.clients.get(client)
    if (!own) this.clients.set(client, (own = { bytes: 0, arriving: new Set() }))
    return own
  }

  private count(client: string, own: Held, bytes: number): void {
    this.held += bytes
    own.bytes += bytes
    if (own.bytes === 0 && own.arriving.size === 0) this.clients.delete(client)
  }

  private tooLarge(): ApiError {
    return new ApiError(413, `the body is larger than ${this.limit} bytes, the server's limit`, {
      code: 'request_too_large',
    })
  }
}

/** Of the bodies of a client that has too many: the one that has been on its way for longest. */
function giveUpFirst({ arriving }: Held): void {
  const [first] = arriving
  if (!first) return
  arriving.delete(first)
  first.fail(tooMany('too many large requests of yours are here, and this one was slow to come'))
}

function tooMany(fault: string): ApiError {
  return new ApiError(429, `${fault}; try again later`, { code: 'too_many_bytes', retryAfter: 2 })
}

/** The chunks of a body, which come within a time or not at all. */
class Arrival {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  private readonly late: Promise<never>
  private timer: ReturnType<typeof setTimeout> | undefined
  private failure: ApiError | undefined
  private reject!: (error: ApiError) => void

  constructor(body: ReadableStream<Uint8Array> | null, patienceMs: number) {
    this.reader = body?.getReader()
    this.late = new Promise((_, reject) => (this.reject = reject))
    this.late.catch(() => undefined)
    const message = `the body did not arrive within ${patienceMs / 1000} s`
    this.timer = setTimeout(() => this.fail(new ApiError(408, message, { code: 'request_timeout' })), patienceMs)
  }

  /** It is not waited for any more. */
  fail(error: ApiError): void {
    this.failure = error
    this.reject(error)
  }

  /** @throws ApiError 408 */
  async next(): Promise<Uint8Array | undefined> {
    const { reader, late } = this
    const read = reader && (await Promise.race([reader.read(), late]))
    if (this.failure) throw this.failure
    return read?.value
  }

  /** What is still to come is not waited for. */
  end(): void {
    clearTimeout(this.timer)
    this.reader?.cancel().catch(() => undefined)
  }
}

/** A body of JSON as `schema` describes it. @throws ApiError 400 that says what is wrong. */
export function readBody(bytes: Uint8Array, schema: z.ZodType): unknown {
  const value = parseJson(textOf(bytes))
  checkLimits(value)
  return checkBody(schema, value)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ApiError(400, 'the body is not UTF-8', { code: 'invalid_json' }, { cause })
  }
}

/** @throws ApiError 400 for what is not JSON, is nested too deeply or has too many parts. */
export function parseJson(text: string): unknown {
  const { depth, parts } = shapeOf(text)
  if (depth > MAX_DEPTH) {
    throw new ApiError(400, `the body is nested more than ${MAX_DEPTH} levels deep`, { code: 'invalid_json' })
  }
  if (parts > MAX_PARTS) {
    const message = `the body has ${parts} objects and lists, more than the ${MAX_PARTS} that are read; send less`
    throw new ApiError(400, message, { code: 'request_too_complex' })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = text.trim() === '' ? 'it is empty' : (cause as Error).message
    throw new ApiError(400, `expected a body of JSON, but ${reason}`, { code: 'invalid_json' }, { cause })
  }
}

/** Brackets outside of strings: how many, and most of them open at once. What is not JSON gets some numbers. */
function shapeOf(text: string): { depth: number; parts: number } {
  let depth = 0
  let deepest = 0
  let parts = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = endOfString(text, i)
    } else if (c === 0x5b || c === 0x7b) {
      parts++
      if (++depth > deepest) deepest = depth
    } else if (c === 0x5d || c === 0x7d) depth--
  }
  return { depth: deepest, parts }
}

/** Index of the quote that closes the string whose opening quote is at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}

/** Refuses other types: a page of another site can send them without asking, JSON it cannot. */
export function checkJsonType(request: Request): void {
  const type = request.headers.get('content-type') ?? 'nothing'
  if (/^application\/([\w.-]+\+)?json\b/i.test(type)) return
  const hint = "send the header 'content-type: application/json'"
  throw new ApiError(415, `expected content-type application/json, found ${type}; ${hint}`, {
    code: 'unsupported_media_type',
  })
}

/** A body as its schema describes it; null is what is not set. @throws ApiError 400 that names the parameter. */
export function checkBody<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const value = withoutNulls(given)
  const checked = schema.safeParse(value, { reportInput: false })
  if (checked.success) return checked.data
  throw refusalOf(checked.error.issues, value)
}
