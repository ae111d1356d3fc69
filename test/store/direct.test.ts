// Requests over sockets of the store's own: what servers say, cut into packets anywhere, and what no server should say.
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { DirectRequests } from '../../src/store/network/direct.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that says what it is told to, whatever it is asked. */
async function serverOf(answer: (socket: Socket, request: string) => unknown) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => void answer(socket, data.toString()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const requests = new DirectRequests()
  closing.push(() => {
    requests.close()
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b`, sockets, requests }
}

async function bytesOf(requests: DirectRequests, url: string, signal?: AbortSignal): Promise<Buffer> {
  const answer = await requests.get(url, { signal })
  const parts: Buffer[] = []
  // Copies: a chunk is gone when the next one comes.
  for await (const chunk of answer!.body) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

const LARGE = Buffer.from(Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 2_654_435_761) >>> 13))

describe('a request over a socket of our own', () => {
  it('gets its bytes, over one connection again and again', async () => {
    const { url, sockets, requests } = await serverOf((socket, request) => {
      expect(request).toMatch(/^GET \/a\?b HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/)
      socket.write(`HTTP/1.1 206 Partial Content\r\nETag: "x"\r\ncontent-length: ${LARGE.length}\r\n\r\n`)
      socket.write(LARGE)
    })
    for (let i = 0; i < 3; i++) expect((await bytesOf(requests, url)).equals(LARGE)).toBe(true)
    expect(sockets).toHaveLength(1)
    const answer = await requests.get(url, {})
    expect(answer).toMatchObject({ status: 206, url })
    expect(answer!.header('etag')).toBe('"x"')
    await answer!.discard()
  })

  it('whose answer comes byte by byte, after a notice', async () => {
    const { url, requests } = await serverOf(async (socket) => {
      socket.setNoDelay(true)
      const text = 'HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
      for (const letter of text) {
        socket.write(letter)
        await pause(0)
      }
    })
    expect((await bytesOf(requests, url)).toString()).toBe('abc')
  })

  it('continues where the server has closed the connection that was kept', async () => {
    const { url, sockets, requests } = await serverOf((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    )
    for (let i = 0; i < 3; i++) expect((await bytesOf(requests, url)).toString()).toBe('ok')
    expect(sockets.length).toBeGreaterThan(1)
  })

  it('is no answer of its kind where the body has no length', async () => {
    for (const head of [
      'transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      'etag: "x"\r\n\r\nabc',
      'content-length: -1\r\n\r\n',
    ]) {
      const { url, requests } = await serverOf((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}`))
      expect(await requests.get(url, {})).toBeUndefined()
    }
  })

  it.each([
    ['ends early', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'],
    ['is longer than it said', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc'],
    ['is of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['has no end of its head', 'HTTP/1.1 200 OK\r\n'.padEnd(200_000, 'x')],
    ['is nothing', ''],
  ])('fails where the answer %s', async (_, text) => {
    const { url, requests } = await serverOf((socket) => socket.end(text))
    await expect(bytesOf(requests, url)).rejects.toThrow(/./)
  })

  it('ends when it is cancelled, before and after the answer began', async () => {
    for (const text of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc']) {
      const controller = new AbortController()
      const { url, sockets, requests } = await serverOf((socket) => {
        socket.write(text)
        setImmediate(() => controller.abort())
      })
      await expect(bytesOf(requests, url, controller.signal)).rejects.toThrow(/./)
      await new Promise((resolve) => sockets[0]!.once('close', resolve))
    }
    const { url, requests } = await serverOf(() => undefined)
    await expect(requests.get(url, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
  })

  it('holds no line break that somebody put into a header', async () => {
    const { url, requests } = await serverOf(() => undefined)
    await expect(requests.get(url, { headers: { range: 'x\r\ny: z' } })).rejects.toThrow('line break')
  })
})
