import type { z } from 'zod'
import type { RequestScope } from '../admission/request.js'
import type { Api } from './ignored.js'

/** A request whose body was checked. */
export interface Call<B> {
  readonly body: B
  readonly scope: RequestScope
  /** Variables of the path. */
  readonly params: Readonly<Record<string, string>>
  /** What stands after the path's question mark. */
  readonly query?: URLSearchParams
}

/** One endpoint: the server, its checks and its description are made from this. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With variables as in /v1/models/{id}; the last may hold slashes. */
  readonly path: string
  readonly summary: string
  readonly tag: 'OpenAI' | 'Anthropic' | 'Ollama' | 'Tokens' | 'Server'
  readonly body?: z.ZodType
  /** Takes a body whose type does not say that it is JSON, unless a page of a browser sends it. */
  readonly anyType?: boolean
  /** Whose rows of the table of ignored fields are about its body. */
  readonly api?: Api
  /** Answered without a key. */
  readonly open?: boolean
  handle(call: Call<unknown>): Response | Promise<Response>
}

/** A route whose handler gets what its schema describes. */
export function post<T extends z.ZodType>(
  route: Pick<Route, 'path' | 'summary' | 'tag' | 'api'> & {
    body: T
    handle(call: Call<z.output<T>>): Response | Promise<Response>
  },
): Route {
  // The server checks the body with this very schema before it calls.
  return { ...route, method: 'POST', handle: (call) => route.handle(call as Call<z.output<T>>) }
}
