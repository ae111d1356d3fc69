// What a served model's requests do when something fails on the way, and when an answer takes long.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { ServerApi } from '../../src/eval/subject/api.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

type Answer = (response: ServerResponse, request: IncomingMessage) => void
const right: Answer = (response) => void response.end('{"right":true}')
const status =
  (code: number, headers = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end('{"error":"so it is"}')

/** A server that gives these answers, one after the other, and then the right one. */
async function serve(...answers: Answer[]): Promise<{ api: ServerApi; asked: () => number }> {
  let asked = 0
  const server = createServer((request, response) => (answers[asked++] ?? right)(response, request))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { api: new ServerApi({ url: `http://127.0.0.1:${port}/v1/` }), asked: () => asked }
}

it.each<[string, Answer]>([
  ['429', status(429, { 'retry-after': '0' })],
  ['503', status(503)],
  ['529, as a crowded server says', status(529)],
  ['a connection that breaks', (response) => void response.destroy()],
  ['an answer that breaks off', (response) => void (response.write('{"ri'), setTimeout(() => response.destroy(), 20))],
])('%s is asked again', async (_, failure) => {
  const { api, asked } = await serve(failure)
  expect(await api.post('/v1/completions', {})).toEqual({ right: true })
  expect(asked()).toBe(2)
})

it.each([400, 401, 404, 422, 501])('%i is not', async (code) => {
  const { api, asked } = await serve(status(code))
  await expect(api.post('/v1/completions', {})).rejects.toThrow(new RegExp(`answered ${code}: .*so it is`))
  expect(asked()).toBe(1)
})

it('nor is who asks for an hour', async () => {
  const { api, asked } = await serve(status(429, { 'retry-after': '3600' }))
  await expect(api.post('/v1/completions', {})).rejects.toThrow(/answered 429/)
  expect(asked()).toBe(1)
})

it('says where nobody listens', async () => {
  const { api } = await serve()
  await new Promise((resolve) => servers.pop()!.close(resolve))
  await expect(api.model()).rejects.toThrow(/127\.0\.0\.1:\d+\/v1\/models: no answer \(nothing listens there\)/)
})

it('ends a pause with the reason of its signal', async () => {
  const { api } = await serve(status(429, { 'retry-after': '60' }))
  const controller = new AbortController()
  const asking = api.post('/v1/completions', {}, controller.signal)
  setTimeout(() => controller.abort(new Error('no longer')), 50)
  await expect(asking).rejects.toThrow('no longer')
})

it('waits for an answer longer than fetch itself does', async () => {
  const late: Answer = (response, request) => void setTimeout(() => right(response, request), 2500)
  const { api } = await serve(late, late)
  // Node gives up after 300 seconds; here it does after half of one.
  const before = getGlobalDispatcher()
  setGlobalDispatcher(new Agent({ headersTimeout: 500 }))
  try {
    await expect(fetch(`${api.base}/v1/models`)).rejects.toThrow('fetch failed')
    expect(await api.post('/v1/completions', {})).toEqual({ right: true })
  } finally {
    setGlobalDispatcher(before)
  }
})
