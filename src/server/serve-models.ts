import { UserError } from '../errors.js'
import type { EngineLike } from '../remote/engine-like.js'
import { workerThreadLine } from '../remote/node.js'
import type { SentLoadOptions, SentModel } from '../remote/protocol.js'
import { EngineSupervisor, loadedSource, type EngineSource } from '../remote/supervisor.js'
import type { Log } from './http/log.js'
import type { AllowedServer } from './mcp/allowed.js'
import { assemble, listen, type ServerOptions } from './server.js'
import { VERSION } from './version.js'

export interface HandlerOptions {
  /**
   * By the names that requests give. A path or an address is loaded into a worker thread of its own, which is started again when
   * it is lost. An engine is used as it is, and stays open when the server ends.
   */
  readonly models: Readonly<Record<string, SentModel | EngineLike>>
  /** How models that are paths or addresses are loaded. */
  readonly load?: SentLoadOptions | undefined
  /** Keys of which clients must give one; none by default. */
  readonly apiKeys?: readonly string[] | undefined
  /** Answers in flight at once, per model: 16. */
  readonly maxConcurrency?: number | undefined
  /** Requests that may wait, per model: 256. More get 429. */
  readonly maxQueue?: number | undefined
  /** Bytes of the largest request: 4,000,000. */
  readonly maxBody?: number | undefined
  /** Origins whose pages may call, or `*`; none by default. */
  readonly cors?: readonly string[] | undefined
  /** Gets every request and every event of the engines; by default nothing is logged. */
  readonly log?: Log | undefined
  /**
   * Let the clients of all keys share what the cache holds of prompts; false by default, since counts of cached tokens and the time to
   * the first token would tell one client what another has sent.
   */
  readonly shareCache?: boolean | undefined
  /**
   * Refuse also what cannot change an answer, and names of models that are not here; by default such fields are accepted and named in
   * the header x-kaiyuan-ignored, and the only model answers to any name.
   */
  readonly strict?: boolean | undefined
  /**
   * MCP servers whose tools requests to /v1/responses may use, by the labels that requests give; none by default. They are clients of
   * whoever connected them, and stay open when the server ends.
   */
  readonly mcp?: Readonly<Record<string, AllowedServer>> | undefined
  /** Log the bodies of requests too. */
  readonly logPrompts?: boolean | undefined
}

export interface ServeOptions extends HandlerOptions {
  /** 127.0.0.1 by default; an address that other machines reach needs a key. */
  readonly host?: string | undefined
  /** 8080 by default; 0 takes a free one. */
  readonly port?: number | undefined
  /**
   * Names of this server that requests may give as Host, without ports, besides `localhost`, the addresses of this machine alone and
   * `host`. Others are refused with 403 where there are no keys, since a page of any site could have its name lead here.
   */
  readonly allowHosts?: readonly string[] | undefined
}

/** A handler of requests without a socket of its own. */
export interface ModelHandler {
  /** Answers a request to any of the endpoints. Give it to any server that speaks Request and Response. */
  readonly handle: (request: Request) => Promise<Response>
  /** Resolves when every model is loaded. Rejects with UserError when one cannot be. */
  readonly loaded: Promise<void>
  /** Ends the engines that it started. */
  readonly close: () => Promise<void>
}

/** A server that listens. */
export interface ModelServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Resolves when every model is loaded; until then its requests get 503. Rejects with UserError when one cannot be. */
  readonly loaded: Promise<void>
  /**
   * Takes no further requests, waits at most `patienceMs` milliseconds for those that run (30,000 by default), and ends the
   * engines that it started. Resolves with the number of answers that were cut off.
   */
  readonly close: (patienceMs?: number) => Promise<number>
}

/**
 * Serves models over HTTP, in the APIs of OpenAI, Anthropic and Ollama, as `kaiyuan serve` does.
 * @throws UserError for an address that others reach without a key, or that cannot be had
 *
 * @example
 * import { serveModels } from 'kaiyuan/server'
 *
 * const server = await serveModels({ models: { small: 'mini' }, load: { threads: 1 }, port: 0 })
 * await server.loaded
 * const models = (await (await fetch(new URL('/v1/models', server.url))).json()) as { data: { id: string }[] }
 * console.log(models.data[0]?.id) // small
 * await server.close()
 */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  const log = options.log ?? (() => undefined)
  const { port = 8080, allowHosts = [] } = options
  // IPv6 as addresses have it.
  const host = (options.host ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  const settings = { ...settingsOf(options), hosts: [host, ...allowHosts] }
  const { sources, loaded } = sourcesOf(options, settings, log)
  try {
    const server = await listen(assemble(sources, settings, log), { host, port, apiKeys: settings.apiKeys })
    return { url: server.url, loaded, close: (patienceMs = 30_000) => server.drain(patienceMs) }
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()))
    throw error
  }
}

/**
 * The same endpoints as a function from Request to Response, for a server that is there already. Without a socket, clients that
 * give no key count as one.
 *
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { modelHandler } from 'kaiyuan/server'
 *
 * const engine = await loadEngine('mini')
 * const { handle, close } = modelHandler({ models: { small: engine } })
 * const body = JSON.stringify({ model: 'small', tokens: [72, 105] })
 * const headers = { 'content-type': 'application/json' }
 * const response = await handle(new Request('http:localhost/detokenize', { method: 'POST', headers, body }))
 * console.log(response.status) // 200
 * await close()
 * await engine.close()
 */
export function modelHandler(options: HandlerOptions): ModelHandler {
  const log = options.log ?? (() => undefined)
  const settings = settingsOf(options)
  const { sources, loaded } = sourcesOf(options, settings, log)
  const { app, close } = assemble(sources, settings, log)
  return {
    handle: async (request) => app.fetch(request),
    loaded,
    close,
  }
}

type Settings = Omit<ServerOptions, 'host' | 'port'>

function settingsOf(options: HandlerOptions): Settings {
  const { apiKeys = [], logPrompts = false, strict = false, shareCache, mcp } = options
  const { maxConcurrency = 16, maxQueue = 256, maxBody = 4_000_000 } = options
  const cors = (options.cors ?? []).map(originOf)
  atLeast('maxConcurrency', maxConcurrency, 1)
  atLeast('maxQueue', maxQueue, 0)
  atLeast('maxBody', maxBody, 1)
  if (apiKeys.includes('')) throw new UserError('apiKeys: expected keys, found an empty one', 'invalid_argument')
  if (Object.keys(options.models).length === 0)
    throw new UserError('models: expected at least one model, found none', 'invalid_argument')
  return { apiKeys, cors, logPrompts, shareCache, strict, mcp, maxConcurrency, maxQueue, maxBody, version: VERSION }
}

/** As browsers send it: without a path, not even a slash, and the host in small letters. @throws UserError for anything else */
function originOf(text: string): string {
  if (text === '*' || text === 'null') return text
  const [, origin] = /^([a-z][a-z\d+.-]*:\/\/[^/?#\s]+)\/?$/i.exec(text) ?? []
  if (origin !== undefined) return origin.toLowerCase()
  throw new UserError(': expected an origin such as https://app.example, or *', 'invalid_argument', {
    at: { option: 'cors', value: text },
  })
}

function atLeast(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new UserError(`${name} must be a whole number of at least ${least}; found ${value}`, 'invalid_argument')
}

function sourcesOf(
  { models, load }: HandlerOptions,
  { maxConcurrency }: Settings,
  log: Log,
): { sources: EngineSource[]; loaded: Promise<void> } {
  const report = (message: string): void => log({ event: 'engine', message })
  const sources = Object.entries(models).map(([name, model]) => {
    if (isEngine(model)) return loadedSource(name, model)
    const options = { maxConcurrency, prepareGrammars: true, ...load }
    return new EngineSupervisor(name, { connect: () => workerThreadLine(), model, options, report })
  })
  const loaded = Promise.all(sources.map((source) => source.loaded)).then(() => undefined)
  // Whoever does not wait for it hears of it in the log.
  loaded.catch(() => undefined)
  return { sources, loaded }
}

function isEngine(model: SentModel | EngineLike): model is EngineLike {
  return typeof model === 'object' && 'info' in model
}
