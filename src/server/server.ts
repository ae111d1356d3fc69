import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { UserError } from '../errors.js'
import { reasonOf } from '../system-error.js'
import { createApp } from './app.js'
import { BodyBudget } from './http/body.js'
import { BodyReader } from './http/body-reader.js'
import { Hosts } from './http/hosts.js'
import { Keys, isLoopback } from './http/keys.js'
import type { Log } from './http/log.js'
import { Metrics } from './admission/metrics.js'
import type { AllowedServer } from './mcp/allowed.js'
import { ModelSet } from './admission/models.js'
import type { ServerState } from './admission/request.js'
import type { EngineSource } from '../remote/supervisor.js'

export interface ServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly apiKeys: readonly string[]
  /** Without keys, the names under which the server answers besides this machine's own; undefined: any. */
  readonly hosts?: readonly string[] | undefined
  /** Answers in flight, per model. */
  readonly maxConcurrency: number
  /** Requests that wait, per model. */
  readonly maxQueue: number
  /** Bytes of one request's body. */
  readonly maxBody: number
  readonly cors: readonly string[]
  readonly logPrompts: boolean
  /** Whether clients of several keys share what the cache holds; false by default. */
  readonly shareCache?: boolean | undefined
  /** Refuse what cannot change an answer too, and names of models that are not here. */
  readonly strict?: boolean
  /** MCP servers whose tools requests may use, by their labels. */
  readonly mcp?: Readonly<Record<string, AllowedServer>> | undefined
  readonly version: string
}

/** The host of requests of HTTP/1.0, which need not name one: old probes do not. */
const DEFAULT_HOST = 'localhost'

/** All bodies in memory together, in bodies of the largest size. */
const BODIES = 32

/** Within which the head of a request arrives, and all of it. */
const HEADERS_MS = 30_000
const REQUEST_MS = 70_000
/** How long an idle connection is kept: longer than clients and proxies keep theirs, or a request could meet its end. nginx: 60 s. */
const KEEP_ALIVE_MS = 75_000

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  readonly state: ServerState
  /**
   * Takes no further requests, waits for those that run, at most this many milliseconds, and ends.
   * @returns how many had to be cut off
   */
  drain(patienceMs: number): Promise<number>
}

/** Everything of a server but its socket. */
export interface Assembled {
  readonly sources: readonly EngineSource[]
  readonly state: ServerState
  readonly app: Hono
  /** Ends what was started for it. */
  readonly close: () => Promise<void>
}

export function assemble(
  sources: readonly EngineSource[],
  options: Omit<ServerOptions, 'host' | 'port'>,
  log: Log,
): Assembled {
  const strict = options.strict ?? false
  const { maxConcurrency: running, maxQueue: waiting, apiKeys } = options
  // With several keys none of them can take all places.
  const guaranteed = apiKeys.length > 1 ? Math.max(1, Math.floor(running / apiKeys.length)) : 0
  const models = new ModelSet(sources, { running, waiting, guaranteed }, strict)
  const onIgnored = ignoredOnce(log)
  const mcp = new Map(Object.entries(options.mcp ?? {}))
  const state: ServerState = { models, metrics: new Metrics(models.all), draining: false, strict, mcp, onIgnored }
  const reader = new BodyReader()
  const app = createApp({
    state,
    reader,
    keys: new Keys(options.apiKeys),
    ...(options.hosts && options.apiKeys.length === 0 && { hosts: new Hosts(options.hosts) }),
    bodies: new BodyBudget(options.maxBody, BODIES * options.maxBody),
    log,
    logPrompts: options.logPrompts,
    shareCache: options.shareCache ?? false,
    cors: options.cors,
    version: options.version,
  })
  const close = async (): Promise<void> => {
    await Promise.all([reader.close(), ...sources.map((source) => source.close())])
  }
  return { sources, state, app, close }
}

/** Names that the log has told about; clients choose some of them. */
const MOST_TOLD = 500

/** Tells the log of each name once. */
function ignoredOnce(log: Log): ServerState['onIgnored'] {
  const told = new Set<string>()
  return (name, { id }) => {
    if (told.has(name) || told.size >= MOST_TOLD) return
    told.add(name)
    log({ event: 'server', message: `${name} is accepted and changes nothing (told once)`, id })
  }
}

/**
 * Serves the engines over HTTP. Requests for a model that is being loaded are answered with 503.
 * @throws UserError for an address that others reach without a key, or that cannot be had
 */
export function startServer(
  sources: readonly EngineSource[],
  options: ServerOptions,
  log: Log,
): Promise<RunningServer> {
  return listen(assemble(sources, options, log), options)
}

/** Puts a server on an address. @throws UserError as {@link startServer} does */
export async function listen(
  { state, app, close }: Assembled,
  options: Pick<ServerOptions, 'host' | 'port' | 'apiKeys'>,
): Promise<RunningServer> {
  checkExposure(options)
  checkPort(options.port)
  // What trickles in is ended by Node too, where our own limits have not heard of it yet.
  const serverOptions = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS }
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    hostname: DEFAULT_HOST,
    serverOptions,
  })
  await bind(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    url: `http://${host}:${port}`,
    state,
    async drain(patienceMs) {
      state.draining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const active = (): number => state.models.all.reduce((sum, { admission }) => sum + admission.active, 0)
      const end = performance.now() + patienceMs
      const closing = closed.then(() => true)
      // Connections that are kept alive do not end by themselves.
      while (!(await Promise.race([closing, pause(100).then(() => false)])) && performance.now() < end) {
        if ('closeIdleConnections' in server) server.closeIdleConnections()
      }
      const cut = active()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
      await close()
      return cut
    },
  }
}

function checkExposure({ host, apiKeys }: Pick<ServerOptions, 'host' | 'apiKeys'>): void {
  if (isLoopback(host) || apiKeys.length > 0) return
  throw new UserError(': the address can be reached from other machines, and there is no key', 'invalid_argument', {
    at: { option: 'host', value: host },
    remedies: [{ option: 'apiKeys' }, { option: 'host', value: '127.0.0.1' }],
  })
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return
  throw new UserError(`must be a whole number from 0 to 65535; found ${port}`, 'invalid_argument', {
    at: { option: 'port' },
  })
}

function bind(
  server: ReturnType<typeof createAdaptorServer>,
  { host, port }: Pick<ServerOptions, 'host' | 'port'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      reject(
        new UserError(
          `${host}:${port}: ${taken ? 'another program has this port' : reasonOf(cause)}`,
          'invalid_argument',
          {
            cause,
            ...(taken && { remedies: [{ option: 'port', value: 0 }] }),
          },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
