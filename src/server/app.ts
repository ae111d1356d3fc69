import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono, type Context } from 'hono'
import { cors } from 'hono/cors'
import { getPath } from 'hono/utils/url'
import { ApiError, anthropicError, apiErrorOf, ollamaError, openaiError } from './http/api-error.js'
import { checkJsonType, type BodyBudget } from './http/body.js'
import type { BodyReader } from './http/body-reader.js'
import { docsPage } from './apis/docs/page.js'
import { frame } from './http/events.js'
import type { Hosts } from './http/hosts.js'
import type { Keys } from './http/keys.js'
import type { Log } from './http/log.js'
import { PathMethods, canonicalPath, honoPath } from './http/paths.js'
import { ignoredIn } from './apis/ignored.js'
import { openApi } from './apis/docs/openapi.js'
import { RequestScope, requestId, type ServerState } from './admission/request.js'
import { allRoutes } from './apis/all.js'
import type { Route } from './apis/route.js'
import { methodNotAllowed, notFound } from './apis/probes/probes.js'
import { rootRoute } from './apis/docs/root.js'
import { chatPage } from './page/chat-page.js'

export interface AppOptions {
  readonly state: ServerState
  readonly keys: Keys
  /** Names under which the server answers; undefined: any. */
  readonly hosts?: Hosts | undefined
  readonly bodies: BodyBudget
  readonly reader: BodyReader
  readonly log: Log
  readonly logPrompts: boolean
  /** Whether the clients of all keys share what the cache holds. */
  readonly shareCache: boolean
  /** Origins whose pages may call; none by default. */
  readonly cors: readonly string[]
  readonly version: string
}

/** The page has a style and nothing else: no script, no frame around it, nowhere to send to. */
const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Headers that a page's script may read. */
const EXPOSED = ['x-request-id', 'request-id', 'retry-after', 'x-kaiyuan-ignored']

/** The HTTP side: who may ask, what a request must look like, and what becomes of errors. Routes do the rest. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono({ getPath: (request) => canonicalPath(getPath(request)) })
  const routes = [...allRoutes(), rootRoute(options.version)]
  app.use(async (context, next) => {
    options.hosts?.check(context.req.header('host'))
    await next()
    // Answers echo what was sent; none of them is to be taken for a page or a script.
    context.res.headers.set('x-content-type-options', 'nosniff')
  })
  if (options.cors.length > 0) {
    const origin = options.cors.includes('*') ? '*' : [...options.cors]
    app.use(cors({ origin, exposeHeaders: EXPOSED, maxAge: 600 }))
  }
  chatPage(app)
  for (const route of routes) {
    app.on(route.method, honoPath(route.path), (context) => new Exchange(options, route, context).run())
  }
  // Made when they are first asked for: schemas of every route take 50 ms.
  let api: ReturnType<typeof openApi> | undefined
  let page: string | undefined
  const described = (): ReturnType<typeof openApi> => (api ??= openApi(routes, options.version))
  app.get('/openapi.json', () => Response.json(described()))
  app.get('/docs', (context) => {
    context.header('content-security-policy', PAGE_POLICY)
    return context.html((page ??= docsPage(described())))
  })
  const methods = new PathMethods([
    ...routes,
    ...['/openapi.json', '/docs'].map((path) => ({ method: 'GET' as const, path })),
  ])
  app.notFound((context) => {
    const { method, path, url } = context.req
    const allow = methods.allowed(path)
    if (allow !== undefined && method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    const asked = new URL(url).pathname.slice(0, 200)
    if (allow === undefined) return unrouted(notFound(method, asked), path)
    const response = unrouted(methodNotAllowed(method, asked, allow), path)
    response.headers.set('allow', allow)
    return response
  })
  app.onError((error, context) => {
    const failure = apiErrorOf(error)
    if (failure.status === 500) options.log({ event: 'error', message: error.stack ?? error.message })
    return unrouted(failure, context.req.path)
  })
  return app
}

/** One request and its answer. */
class Exchange {
  private readonly scope: RequestScope
  private readonly known: number | undefined
  private status = 200
  private body: string | undefined

  constructor(
    private readonly options: AppOptions,
    private readonly route: Route,
    private readonly context: Context,
  ) {
    const found = keysOf(context.req.raw.headers).map((key) => options.keys.find(key))
    this.known = found.find((number) => number !== undefined)
    const client = this.known === undefined ? addressOf(context) : `key-${this.known}`
    // Without keys all are one.
    const salt = this.known === undefined || options.shareCache ? '' : client
    this.scope = new RequestScope(options.state, client, salt, context.req.raw.signal, streamErrorOf(route))
    this.scope.onEnd(() => this.report())
  }

  async run(): Promise<Response> {
    const { scope } = this
    let response: Response
    try {
      this.admit()
      const body = await this.read()
      const { searchParams: query } = new URL(this.context.req.url)
      response = await this.route.handle({ body, scope, params: this.context.req.param(), query })
    } catch (error) {
      const failure = scope.errorOf(error)
      if (failure.status === 500) this.logBug(failure.cause)
      response = errorResponse(failure, this.route.path, scope.id)
    }
    this.status = response.status
    if (!scope.streaming) scope.end()
    identify(response, scope.id)
    if (scope.ignored.size > 0) response.headers.set('x-kaiyuan-ignored', [...scope.ignored].join(', '))
    return response
  }

  /** @throws ApiError for who may not ask, and while the server ends. */
  private admit(): void {
    const { keys, state } = this.options
    if (this.route.open) return
    if (keys.required && this.known === undefined) {
      const given = keysOf(this.context.req.raw.headers).length === 0 ? 'none was given' : 'the one given is not known'
      const message = `expected an API key in 'Authorization: Bearer KEY' or 'x-api-key: KEY'; ${given}`
      throw new ApiError(401, message, { code: 'invalid_api_key' })
    }
    if (state.draining) throw new ApiError(503, 'the server is shutting down', { code: 'draining', retryAfter: 5 })
  }

  private async read(): Promise<unknown> {
    const { route, context, options, scope } = this
    if (!route.body) return undefined
    // Browsers name the page's origin; whoever names none could send any type anyway.
    if (!route.anyType || context.req.raw.headers.has('origin')) checkJsonType(context.req.raw)
    const { bytes, release } = await options.bodies.read(context.req.raw, scope.client)
    scope.onEnd(release)
    if (options.logPrompts) this.body = new TextDecoder().decode(bytes)
    const body = await options.reader.read(bytes, route.body, `${route.method} ${route.path}`, scope.client)
    for (const name of route.api ? ignoredIn(route.api, body) : []) scope.ignore(name)
    return body
  }

  private report(): void {
    const { scope, route, options, status } = this
    const milliseconds = performance.now() - scope.started
    options.state.metrics.request(`${route.method} ${route.path}`, status, milliseconds)
    // Probes every few seconds would drown the rest.
    if (route.open || route.path === '/metrics') return
    options.log({
      event: 'request',
      id: scope.id,
      method: route.method,
      path: route.path,
      status,
      ms: Math.round(milliseconds),
      client: scope.client,
      ...scope.notes,
      ...(scope.signal.aborted && { cancelled: true }),
      ...(this.body !== undefined && { body: this.body }),
    })
  }

  private logBug(cause: unknown): void {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    this.options.log({ event: 'error', message: text, id: this.scope.id })
  }
}

/** Requests that come without a socket have none. */
function addressOf(context: Context): string {
  const hasSocket = typeof context.env === 'object' && context.env !== null && 'incoming' in context.env
  return (hasSocket ? getConnInfo(context).remote.address : undefined) ?? 'unknown'
}

/** The keys of the headers of both APIs; clients may send both. */
function keysOf(headers: Headers): string[] {
  const bearer = /^Bearer\s+(\S.*)$/i.exec(headers.get('authorization') ?? '')?.[1]
  return [bearer, headers.get('x-api-key')].filter((key) => typeof key === 'string')
}

/** The answer to a request that reached no route. */
function unrouted(error: ApiError, path: string): Response {
  const id = requestId()
  return identify(errorResponse(error, path, id), id)
}

/** OpenAI's clients look for the first, Anthropic's for the second. */
function identify(response: Response, id: string): Response {
  response.headers.set('x-request-id', id)
  response.headers.set('request-id', id)
  return response
}

function errorResponse(error: ApiError, path: string, requestId: string): Response {
  const body = errorBody(error, path, requestId)
  const { retryAfter } = error.detail
  return Response.json(body, {
    status: error.status,
    headers: {
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
    },
  })
}

/** In the form of the API that was asked. */
function errorBody(error: ApiError, path: string, requestId: string): Record<string, unknown> {
  if (canonicalPath(path).startsWith('/messages')) return anthropicError(error, requestId)
  return path.startsWith('/api/') ? ollamaError(error) : openaiError(error)
}

function streamErrorOf({ tag }: Route): (error: ApiError, requestId: string) => string {
  if (tag === 'Ollama') return (error) => `${JSON.stringify(ollamaError(error))}\n`
  return tag === 'Anthropic' ? anthropicFrame : openaiFrame
}

function openaiFrame(error: ApiError): string {
  return frame(openaiError(error))
}

function anthropicFrame(error: ApiError, requestId: string): string {
  return frame(anthropicError(error, requestId), 'error')
}
