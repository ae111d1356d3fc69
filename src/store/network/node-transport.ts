import type * as Undici from 'undici'
import type { Environment } from '../store.js'
import { DirectRequests } from './direct.js'
import type { Answer, Request, Transport } from './transport.js'
import { loadUndici } from './undici.js'

/** Nothing is said for this long before a server answers. */
const ANSWER_MS = 60_000
const SMALL_BODY = 64 << 10
/** Taken from a connection before it is paused: with the usual 64 KiB, each chunk would stop it. */
const READ_AHEAD = 1 << 20

/**
 * Node's requests by undici: proxies as the environment names them, on every version of Node. Over HTTP/1.1: the windows of
 * HTTP/2 in undici are 256 KiB, 3.5 MB/s at 75 ms. How long a body takes is the store's to judge.
 */
export async function nodeTransport(environment: Environment): Promise<Transport> {
  const { EnvHttpProxyAgent, request } = await loadUndici()
  const either = (key: string): string | undefined => environment[key.toLowerCase()] || environment[key]
  const [httpProxy, httpsProxy] = [either('HTTP_PROXY'), either('HTTPS_PROXY') ?? either('ALL_PROXY')]
  const agent = new EnvHttpProxyAgent({
    allowH2: false,
    bodyTimeout: 0,
    headersTimeout: ANSWER_MS,
    connectTimeout: ANSWER_MS / 2,
    // Empty where it is not set: undici would look into the process's own environment.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? httpProxy ?? '',
    noProxy: either('NO_PROXY') ?? '',
  })
  const direct = httpProxy === undefined && httpsProxy === undefined ? new DirectRequests() : undefined
  const asEver = async (url: string, { headers, signal }: Request): Promise<Answer> => {
    const how = { method: 'GET', dispatcher: agent, highWaterMark: READ_AHEAD } as const
    return answerOf(url, await request(url, { ...how, headers: { ...headers }, signal: signal ?? null }))
  }
  return {
    showsRedirects: true,
    reached: new Set(),
    async get(url, asked) {
      const answer = asked.isLarge === true ? await direct?.get(url, asked) : undefined
      return answer ?? asEver(url, asked)
    },
    async close() {
      direct?.close()
      await agent.close()
    },
  }
}

function answerOf(url: string, { statusCode, headers, body }: Undici.Dispatcher.ResponseData): Answer {
  // A body that nobody reads any more may still fail.
  body.on('error', () => undefined)
  return {
    status: statusCode,
    url,
    header(name) {
      const value = headers[name.toLowerCase()]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: body as AsyncIterable<Uint8Array>,
    async discard() {
      // A small body is read, which keeps the connection.
      if (Number(headers['content-length'] ?? Infinity) <= SMALL_BODY) await body.dump().catch(() => undefined)
      else body.destroy()
    },
  }
}
