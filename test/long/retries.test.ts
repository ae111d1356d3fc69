import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { filesOf } from '../../src/checkpoint/files/files.js'
import type { ByteSource } from '../../src/checkpoint/files/source.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)

/** A server that answers the first requests by `first`, then ranges of {@link bytes}; and how many were asked. */
async function serve(...first: ((response: ServerResponse) => void)[]) {
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    const answer = first.shift()
    if (answer) return answer(response)
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range!)!.map(Number) as [number, number, number]
    const part = bytes.subarray(from, to + 1)
    response.writeHead(206, { 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` }).end(part)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const files = await filesOf(`http://127.0.0.1:${(server.address() as { port: number }).port}/m.gguf`)
  return {
    open: (): Promise<ByteSource | undefined> => files.open('m.gguf'),
    asked: () => asked,
    fail: (answer: (response: ServerResponse) => void) => void first.push(answer),
  }
}

const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end()

describe('what passes by itself is asked for again', () => {
  it.each([
    ['429, as hubs answer who asks too often', status(429, { 'retry-after': '1' })],
    ['503 while a server starts', status(503, { 'retry-after': '1' })],
    ['500', status(500)],
    ['a connection that breaks', (response: ServerResponse) => void response.destroy()],
  ])('%s', async (_, failure) => {
    const { open, asked } = await serve(failure)
    const source = (await open())!
    expect(source.size).toBe(bytes.length)
    expect(asked()).toBe(2)
    expect(await source.read(90_000, 5)).toEqual(bytes.slice(90_000, 90_005))
  })

  it('also in the middle of a file', async () => {
    const { open, asked, fail } = await serve()
    const source = (await open())!
    fail(status(429))
    expect(await source.read(0, 100_000)).toEqual(bytes)
    expect(asked()).toBe(3)
  })

  it('not where the server asks for a long pause: the message says how long', async () => {
    const { open, asked } = await serve(status(429, { 'retry-after': '3600' }))
    await expect(open()).rejects.toThrow(/found 429 Too Many Requests\. Try again in 3600 seconds/)
    expect(asked()).toBe(1)
  })

  it('three times in all', async () => {
    const failing = await serve(...[1, 2, 3, 4].map(() => status(429)))
    const broken = await serve(...[1, 2, 3, 4].map(() => (response: ServerResponse) => void response.destroy()))
    const unreachable = expect(broken.open()).rejects.toThrow(/m\.gguf: cannot be fetched \(.+\)\. Check the address/)
    await expect(failing.open()).rejects.toThrow(/found 429 Too Many Requests/)
    await unreachable
    expect([failing.asked(), broken.asked()]).toEqual([3, 3])
  })
})

describe('what stays is asked for once', () => {
  it.each([
    [400, /found 400/],
    [401, /found 401/],
    [403, /found 403/],
  ])('%i', async (code, message) => {
    const { open, asked } = await serve(status(code))
    await expect(open()).rejects.toThrow(message)
    expect(asked()).toBe(1)
  })

  it.each([404, 410])('%i, which means that there is no such file', async (code) => {
    const { open, asked } = await serve(status(code))
    expect(await open()).toBeUndefined()
    expect(asked()).toBe(1)
  })

  it('a page instead of a file', async () => {
    const { open, asked } = await serve(
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(),
    )
    expect(await open()).toBeUndefined()
    expect(asked()).toBe(1)
  })
})
