/** Requests to a server with OpenAI's API. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'

/** Where a model is served. */
export interface ServedModel {
  /** Of the API: `http://127.0.0.1:8080`, with or without `/v1`. */
  readonly url: string
  /** By the server's name; its first one by default. */
  readonly model?: string | undefined
  readonly apiKey?: string | undefined
}

const TRIES = 6

/** Asks a server, again where that helps. */
export class ServerApi {
  readonly base: string

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
    const { apiKey } = this.served
    const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.base + path, { ...init, headers }).catch((cause: unknown) => {
        init.signal?.throwIfAborted()
        if (attempt < TRIES) return undefined
        throw new UserError(`${this.base}: no answer. Check the address, and whether the server runs.`, 'network', {
          cause,
        })
      })
      if (response?.ok) return objectIn(await response.text(), this.base + path)
      const passes =
        response === undefined || response.status === 429 || (response.status >= 500 && response.status !== 501)
      if (!passes || attempt === TRIES) throw await refused(this.base + path, response)
      const asked = Number(response?.headers.get('retry-after') ?? NaN)
      await pause(Number.isFinite(asked) ? asked * 1000 : 250 * 2 ** attempt, init.signal ?? undefined)
    }
  }
}

/** What a server does not do. */
export class RefusedRequest extends UserError {
  constructor(
    address: string,
    readonly status: number | undefined,
    body: string,
  ) {
    super(`${address} answered ${status ?? 'nothing'}: ${body.slice(0, 300)}`, 'network')
  }
}

async function refused(address: string, response: Response | undefined): Promise<RefusedRequest> {
  const body = (await response?.text().catch(() => '')) ?? ''
  return new RefusedRequest(address, response?.status, body)
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
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
