/** Requests to a scripted server, by the official client and without one. */
import OpenAI from 'openai'
import { afterAll } from 'vitest'
import { serveEngine, type TestServer } from './scripted.js'

const servers: TestServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

/** A server that ends with the tests of the file. */
export async function serve(...args: Parameters<typeof serveEngine>): Promise<TestServer> {
  const server = await serveEngine(...args)
  servers.push(server)
  return server
}

export const clientOf = (server: TestServer, apiKey = 'none'): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 })

export const hello = { model: 'scripted', messages: [{ role: 'user' as const, content: 'hello' }] }

export interface Refusal {
  readonly status: number
  readonly error: { message: string; type: string; param: string | null; code: string }
  readonly headers: Headers
}

/** What a request that is refused gets. */
export async function post(
  server: TestServer,
  body: BodyInit,
  path = '/v1/chat/completions',
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Refusal> {
  const response = await fetch(server.url + path, { method: 'POST', headers, body })
  const { error } = (await response.json()) as Pick<Refusal, 'error'>
  return { status: response.status, error, headers: response.headers }
}

/** Events of a response with neighbouring deltas as one, which may be cut anywhere, and without their numbers. */
export function summed(events: readonly OpenAI.Responses.ResponseStreamEvent[]): unknown[] {
  return events.reduce<unknown[]>((sum, { sequence_number: _, ...event }) => {
    const last = sum.at(-1) as { type: string; delta?: string } | undefined
    if ('delta' in event && last?.type === event.type) last.delta! += event.delta
    else sum.push({ ...event })
    return sum
  }, [])
}
