import { request } from 'node:http'
import { afterAll, describe, expect, it } from 'vitest'
import { BodyBudget } from '../../src/server/http/body.js'
import { scriptedEngine, serveEngine, type TestServer } from './scripted.js'

const MAX_BODY = 2000
/** All bodies together may take 32 times the largest; so many of nearly that size would be refused if one in two were kept. */
const REQUESTS = 80

const servers: TestServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.stop())))

async function serve(): Promise<TestServer> {
  const server = await serveEngine(
    scriptedEngine(() => 'hi'),
    { maxBody: MAX_BODY },
  )
  servers.push(server)
  return server
}

const padding = 'x'.repeat(MAX_BODY - 300)
const messages = [{ role: 'user', content: `hello ${padding}` }]
const chat = (more: object = {}): string => JSON.stringify({ model: 'scripted', messages, ...more })

async function statusOf(server: TestServer, body: string, path = '/v1/chat/completions'): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(server.url + path, { method: 'POST', headers, body })
  await response.text()
  return response.status
}

describe('bodies that are too large', () => {
  const request = (body: string, announced?: number): Request =>
    new Request('http://any.host', {
      method: 'POST',
      body,
      ...(announced !== undefined && { headers: { 'content-length': String(announced) } }),
    })

  it('are refused: one by its length or by what comes, all together by what is held', async () => {
    const budget = new BodyBudget(10, 15)
    const large = { status: 413, message: "the body is larger than 10 bytes, the server's limit" }
    await expect(budget.read(request('{}', 11), 'a')).rejects.toMatchObject(large)
    await expect(budget.read(request('12345678901'), 'a')).rejects.toMatchObject(large)
    const first = await budget.read(request('1234567890'), 'a')
    await expect(budget.read(request('123456'), 'a')).rejects.toMatchObject({
      status: 429,
      message: 'the server holds too many large requests; try again later',
      detail: { code: 'too_many_bytes', retryAfter: 2 },
    })
    first.release()
    expect((await budget.read(request('123456'), 'a')).bytes).toHaveLength(6)
  })
})

describe('bodies of one client', () => {
  const body = (bytes: number): Request => new Request('http://any.host', { method: 'POST', body: 'x'.repeat(bytes) })
  const silent = (): Request => {
    const stream = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
    return new Request('http://any.host', { method: 'POST', body: stream, duplex: 'half' } as RequestInit)
  }

  it('leave room for those of others', async () => {
    const budget = new BodyBudget(10, 80)
    const held = [await budget.read(body(10), 'a'), await budget.read(body(10), 'a')]
    await expect(budget.read(body(1), 'a')).rejects.toMatchObject({ status: 429 })
    expect((await budget.read(body(10), 'b')).bytes).toHaveLength(10)
    held[0]!.release()
    expect((await budget.read(body(1), 'a')).bytes).toHaveLength(1)
  })

  it('that do not come are refused after a while, and of very many the first before that', async () => {
    const budget = new BodyBudget(10, 80, 200)
    const waiting = Array.from({ length: 130 }, () => budget.read(silent(), 'a').catch((error: unknown) => error))
    // Those that come are not kept waiting by them.
    expect((await budget.read(body(10), 'a')).bytes).toHaveLength(10)
    const refusals = (await Promise.all(waiting)) as { status: number; message: string }[]
    expect(refusals.map(({ status }) => status)).toEqual([429, 429, 429, ...Array<number>(127).fill(408)])
    expect(refusals.at(-1)!.message).toBe('the body did not arrive within 0.2 s')
    expect((await budget.read(body(10), 'a')).bytes).toHaveLength(10)
  })
})

describe('the bytes of a body are given back', () => {
  it.each([
    ['after an answer', '/v1/chat/completions', chat(), 200],
    ['after a stream', '/v1/chat/completions', chat({ stream: true }), 200],
    [
      'after a refusal',
      '/v1/chat/completions',
      chat({ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }),
      400,
    ],
    ['of what is no JSON', '/v1/chat/completions', `{${padding}`, 400],
    ['of a wrong parameter', '/v1/chat/completions', chat({ temperature: 'warm' }), 400],
    ['of what is too large', '/v1/chat/completions', chat({ user: padding }), 413],
    ['of a message', '/v1/messages', chat({ max_tokens: 5 }), 200],
    ['of a completion', '/v1/completions', JSON.stringify({ model: 'scripted', prompt: padding, max_tokens: 1 }), 200],
  ])('%s', async (_, path, body, status) => {
    const server = await serve()
    const found = new Set<number>()
    for (let i = 0; i < REQUESTS; i++) found.add(await statusOf(server, body, path))
    expect([...found]).toEqual([status])
    expect(await statusOf(server, chat())).toBe(200)
  })

  it('of a client that goes away', async () => {
    const server = await serve()
    for (let i = 0; i < REQUESTS; i++) {
      await new Promise<void>((resolve) => {
        const headers = { 'content-type': 'application/json', 'content-length': MAX_BODY }
        const sent = request(`${server.url}/v1/chat/completions`, { method: 'POST', headers })
        sent.on('error', () => resolve())
        sent.write(padding, () => setImmediate(() => sent.destroy(new Error('gone'))))
      })
    }
    // The last may still be on its way.
    let status = 0
    for (let i = 0; i < 50 && status !== 200; i++) status = await statusOf(server, chat())
    expect(status).toBe(200)
  })
})
