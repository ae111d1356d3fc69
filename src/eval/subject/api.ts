/** Requests to a server with OpenAI's API. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { passes, pause, pauseBefore, retriesFor, secondsAsked, type Retries } from '../../retry.js'
import { reasonOf } from '../../system-error.js'
import { waitingFetch } from './waiting-fetch.js'

/** Where a model is served. */
export interface ServedModel {
  /** Of the API: `http://127.0.0.1:8080`, with or without `/v1`. */
  readonly url: string
  /** By the server's name; its first one by default. */
  readonly model?: string | undefined
  readonly apiKey?: string | undefined
}

const RETRIES: Retries = { tries: 6, firstPauseMs: 250, longestPauseMs: 30_000 }

/** What came of one request. */
type Outcome =
  | { readonly answer: JsonObject }
  | { readonly error: UserError; readonly passes: boolean; readonly asked?: number | undefined }

/** Asks a server, again where that helps. */
export class ServerApi {
  readonly base: string
  private fetch: Promise<typeof fetch> | undefined
  private wasReached = false

  /** @throws UserError for what is no address */
  constructor(private readonly served: ServedModel) {
    this.base = served.url.replace(/\/+$/, '').replace(/\/v1$/, '')
    if (!URL.canParse(this.base) || !/^https?:/.test(this.base))
      throw new UserError(`${served.url}: expected an address such as http://127.0.0.1:8080`, 'invalid_argument')
  }

  /** The model that was named, or the server's first. @throws UserError when nobody answers there, or has no model */
  async model(): Promise<string> {
    if (this.served.model !== undefined) return this.served.model
    const { data } = await this.ask('/v1/models', { method: 'GET' })
    const first: unknown = Array.isArray(data) ? data[0] : undefined
    if (isJsonObject(first) && typeof first['id'] === 'string') return first['id']
    throw new UserError(`${this.base}/v1/models: expected a list of models. Name the model.`, 'model_not_found')
  }

  post(path: string, body: object, signal?: AbortSignal): Promise<JsonObject> {
    return this.ask(path, { method: 'POST', body: JSON.stringify(body), ...(signal && { signal }) })
  }

  /** What passes by itself (429, 5xx, no connection) is asked again, after as long as the server says or ever longer. */
  private async ask(path: string, init: RequestInit): Promise<JsonObject> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.askOnce(path, init)
      if ('answer' in outcome) return outcome.answer
      const retries = retriesFor(RETRIES, this.wasReached)
      const wait = outcome.passes ? pauseBefore(attempt, retries, outcome.asked) : undefined
      if (wait === undefined) throw outcome.error
      await pause(wait, init.signal ?? undefined)
    }
  }

  private async askOnce(path: string, init: RequestInit): Promise<Outcome> {
    const { apiKey } = this.served
    const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    const address = this.base + path
    try {
      this.fetch ??= waitingFetch()
      const response = await (await this.fetch)(address, { ...init, headers })
      this.wasReached = true
      const body = await response.text()
      if (response.ok) return { answer: objectIn(body, address) }
      const error = new RefusedRequest(address, response.status, body)
      return { error, passes: passes(response.status), asked: secondsAsked((name) => response.headers.get(name)) }
    } catch (cause) {
      init.signal?.throwIfAborted()
      if (cause instanceof UserError) throw cause
      const advice = 'Check the address, and whether the server runs.'
      const error = new UserError(`${address}: no answer (${reasonOf(cause)}). ${advice}`, 'network', { cause })
      return { error, passes: true }
    }
  }
}

/** What a server does not do. */
export class RefusedRequest extends UserError {
  constructor(
    address: string,
    readonly status: number,
    body: string,
  ) {
    super(`${address} answered ${status}: ${body.slice(0, 300)}`, 'network')
  }
}

function objectIn(text: string, address: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch {
    // Said below.
  }
  throw new UserError(`${address}: expected a JSON object, found ${text.slice(0, 80)}`, 'network')
}

export function firstChoice({ choices }: JsonObject): JsonObject {
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
  if (isJsonObject(choice)) return choice
  throw new UserError('the server: expected choices in the answer, found none', 'network')
}
