import type { z } from 'zod'
import { ApiError } from './api-error.js'

/** Nested deeper than any request means; JSON of this depth is safe to walk. */
const MAX_DEPTH = 100

/** Bytes of request bodies that are in memory at once, over all requests. */
export class BodyBudget {
  private held = 0

  constructor(
    /** Of one body. */
    readonly limit: number,
    /** Of all together. */
    private readonly total: number,
  ) {}

  /**
   * Text of a body; its bytes count until `release`.
   * @throws ApiError 413 above the limit, 429 when too much is held already
   */
  async read(request: Request): Promise<{ text: string; release: () => void }> {
    const announced = Number(request.headers.get('content-length') ?? 0)
    if (announced > this.limit) throw this.tooLarge()
    const chunks: Uint8Array[] = []
    let size = 0
    let released = false
    const release = (): void => {
      if (!released) this.held -= size
      released = true
    }
    try {
      // By hand: what comes without a length, in chunks, is cut off as soon as it is too long.
      for await (const chunk of request.body ?? []) {
        size += chunk.length
        this.held += chunk.length
        if (size > this.limit) throw this.tooLarge()
        if (this.held > this.total) {
          const message = 'the server holds too many large requests; try again later'
          throw new ApiError(429, message, { code: 'too_many_bytes', retryAfter: 2 })
        }
        chunks.push(chunk)
      }
      const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
      return { text, release }
    } catch (error) {
      release()
      if (error instanceof ApiError) throw error
      if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
        throw new ApiError(400, 'the body is not UTF-8', { code: 'invalid_json' })
      }
      throw new ApiError(499, 'the request was cancelled', { code: 'cancelled' }, { cause: error })
    }
  }

  private tooLarge(): ApiError {
    return new ApiError(413, `the body is larger than ${this.limit} bytes, the server's limit`, {
      code: 'request_too_large',
    })
  }
}

/** @throws ApiError 400 for what is not JSON or is nested too deeply. */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) {
    throw new ApiError(400, `the body is nested more than ${MAX_DEPTH} levels deep`, { code: 'invalid_json' })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = text.trim() === '' ? 'it is empty' : (cause as Error).message
    throw new ApiError(400, `expected a body of JSON, but ${reason}`, { code: 'invalid_json' }, { cause })
  }
}

/** Most brackets open at once outside of strings. What is not JSON gets some number. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      i = endOfString(text, i)
    } else if (c === 0x5b || c === 0x7b) {
      if (++depth > deepest) deepest = depth
    } else if (c === 0x5d || c === 0x7d) depth--
  }
  return deepest
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

/** A body as its schema describes it. @throws ApiError 400 that names the parameter. */
export function checkBody<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const checked = schema.safeParse(value, { reportInput: false })
  if (checked.success) return checked.data
  throw issueError(deepest(checked.error.issues), value)
}

type Issue = z.core.$ZodIssue

/** Of the alternatives of a union, the one that got furthest says best what is wrong. */
function deepest(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): Issue {
  let best: Issue | undefined
  for (const issue of issues) {
    const path = [...prefix, ...issue.path]
    const inner = issue.code === 'invalid_union' ? sameType(issue.errors).flat() : []
    const found = inner.length > 0 ? deepest(inner, path) : ({ ...issue, path } as Issue)
    const candidate = found.path.length > path.length || inner.length === 0 ? found : ({ ...issue, path } as Issue)
    if (!best || candidate.path.length > best.path.length) best = candidate
  }
  return best!
}

/** The alternatives whose type or role is the one that was given, if there are such. */
function sameType<I extends Issue>(alternatives: readonly (readonly I[])[]): readonly (readonly I[])[] {
  const isTag = ({ path }: I): boolean =>
    path.length === 0 || (path.length === 1 && /^(type|role)$/.test(String(path[0])))
  const fitting = alternatives.filter((issues) => !issues.some(isTag))
  return fitting.length > 0 ? fitting : alternatives
}

function issueError(issue: Issue, body: unknown): ApiError {
  if (issue.code === 'unrecognized_keys') {
    const param = pathText([...issue.path, issue.keys[0]!])
    return new ApiError(400, `unknown parameter: ${param}`, { code: 'unknown_parameter', param })
  }
  const param = pathText(issue.path)
  const value = valueAt(body, issue.path)
  if (param === '') return new ApiError(400, `expected a JSON object: ${issue.message}`, { code: 'invalid_type' })
  if (value === undefined) {
    return new ApiError(400, `missing parameter: ${param}`, { code: 'missing_required_parameter', param })
  }
  const code = issue.code === 'invalid_type' || issue.code === 'invalid_union' ? 'invalid_type' : 'invalid_value'
  return new ApiError(400, `${param}: ${issue.message}`, { code, param })
}

/** `messages[0].content` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
}
