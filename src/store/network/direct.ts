import { nodeNet, nodeTls, type Socket } from '../platform.js'
import type { Answer, Request } from './transport.js'

/** A socket writes into blocks of this size, which are used again: a body of gigabytes makes no garbage. */
const BLOCK = 128 << 10
/** Blocks that are read ahead before a socket is paused. */
const READ_AHEAD = 4
const LONGEST_HEAD = 64 << 10
const SMALL_BODY = 64 << 10
/** Servers close what is idle for longer. */
const IDLE_MS = 4000

interface Head {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
}

/**
 * GET requests for large bodies, over sockets of our own. It knows what servers of files say: a body with a length. For
 * every other body the caller asks again in another way.
 */
export class DirectRequests {
  private readonly idle = new Map<string, Connection[]>()

  /** Undefined for a body without a length. */
  async get(url: string, { headers = {}, signal }: Request): Promise<Answer | undefined> {
    signal?.throwIfAborted()
    const at = new URL(url)
    const lines = Object.entries({ host: at.host, connection: 'keep-alive', ...headers })
    if (lines.some((line) => /[\r\n]/.test(line.join('')))) throw new Error('a header with a line break')
    const text = `GET ${at.pathname}${at.search} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    const kept = this.idle.get(at.origin)?.pop()
    const first = await kept?.ask(text, signal).catch(() => undefined)
    signal?.throwIfAborted()
    // The server may have closed the one that was idle.
    const connection = kept && first ? kept : new Connection(at)
    const head = first ?? (await connection.ask(text, signal))
    const length = lengthOf(head)
    if (length === undefined) connection.end()
    return length === undefined ? undefined : this.answer(at, connection, head, length)
  }

  private answer(at: URL, connection: Connection, { status, headers }: Head, length: number): Answer {
    const body = connection.body(length, () => {
      if (/close/i.test(headers.get('connection') ?? '')) connection.end()
      else this.keep(at.origin, connection)
    })
    return {
      status,
      url: at.href,
      header: (name) => headers.get(name.toLowerCase()),
      body,
      async discard() {
        if (length > SMALL_BODY) return connection.end()
        while ((await body.next()).done !== true);
      },
    }
  }

  private keep(origin: string, connection: Connection): void {
    const others = this.idle.get(origin) ?? []
    this.idle.set(origin, [...others, connection])
    connection.rest(() => {
      const left = this.idle.get(origin)?.filter((other) => other !== connection) ?? []
      this.idle.set(origin, left)
    })
  }

  close(): void {
    for (const connection of [...this.idle.values()].flat()) connection.end()
    this.idle.clear()
  }
}

/** Of a body; undefined where only its end says it. */
function lengthOf({ status, headers }: Head): number | undefined {
  if (status === 204 || status === 304) return 0
  const length = headers.get('content-length')
  if (headers.has('transfer-encoding') || length === undefined || !/^\d+$/.test(length)) return undefined
  return Number(length)
}

/** One socket, one request at a time. */
class Connection {
  private readonly socket: Socket
  private readonly free: Uint8Array[] = []
  private readonly filled: Uint8Array[] = []
  /** With whoever reads. */
  private lent: Uint8Array | undefined
  private isPaused = false
  private ended: Error | undefined
  private wake = (): void => undefined
  private release = (): void => undefined

  constructor({ protocol, hostname, port }: URL) {
    const host = hostname.replace(/^\[|\]$/g, '')
    const isSecure = protocol === 'https:'
    const onread = {
      buffer: () => this.free.pop() ?? new Uint8Array(BLOCK),
      callback: (count: number, block: Uint8Array) => this.fill(block.subarray(0, count)),
    }
    const where = { host, port: Number(port) || (isSecure ? 443 : 80), onread }
    const named = { ...where, servername: nodeNet().isIP(host) === 0 ? host : '', ALPNProtocols: ['http/1.1'] }
    this.socket = isSecure ? nodeTls().connect(named) : nodeNet().connect(where)
    this.socket.on('error', (error) => this.finish(error))
    this.socket.on('close', () => this.finish(new Error('the server closed the connection')))
    this.socket.on('timeout', () => this.end())
  }

  private fill(bytes: Uint8Array): boolean {
    this.filled.push(bytes)
    this.wake()
    // What TLS has decrypted still comes afterwards.
    this.isPaused = this.filled.length >= READ_AHEAD
    return !this.isPaused
  }

  private finish(error: Error): void {
    this.ended ??= error
    this.release()
    this.wake()
  }

  /** What comes next. What came before may be overwritten. @throws what ended the connection */
  private async next(): Promise<Uint8Array> {
    if (this.lent) this.free.push(new Uint8Array(this.lent.buffer))
    this.lent = undefined
    for (;;) {
      this.lent = this.filled.shift()
      if (this.lent) return this.lent
      if (this.ended) throw this.ended
      if (this.isPaused) this.socket.resume()
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** @throws when no answer comes, or when the signal fires */
  async ask(text: string, signal: AbortSignal | undefined): Promise<Head> {
    const stop = (): void => this.end()
    signal?.addEventListener('abort', stop, { once: true })
    this.release = () => signal?.removeEventListener('abort', stop)
    this.socket.setTimeout(0).ref()
    this.socket.write(text)
    try {
      if (this.filled.length > 0) throw new Error('more came than was asked for')
      return await this.head()
    } catch (error) {
      this.end()
      throw error
    }
  }

  private async head(): Promise<Head> {
    for (let text = ''; ;) {
      const bytes = await this.next()
      const before = text.length
      text += Buffer.from(bytes).toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0 && text.length > LONGEST_HEAD) throw new Error('expected an answer of HTTP')
      if (end < 0) continue
      this.unread(bytes.subarray(end + 4 - before))
      const head = parsed(text.slice(0, end))
      if (head.status >= 200) return head
      text = ''
    }
  }

  /** Gives back the end of what was lent. */
  private unread(bytes: Uint8Array): void {
    this.lent = undefined
    if (bytes.length > 0) this.filled.unshift(bytes)
  }

  async *body(length: number, done: () => void): AsyncGenerator<Uint8Array> {
    let left = length
    try {
      while (left > 0) {
        const bytes = await this.next()
        if (bytes.length > left) throw new Error('more came than the server announced')
        left -= bytes.length
        yield bytes
      }
    } finally {
      this.release()
      if (left > 0) this.end()
      else done()
    }
  }

  /** Until it is asked again. */
  rest(closed: () => void): void {
    this.socket.setTimeout(IDLE_MS).unref()
    this.release = closed
  }

  end(): void {
    this.socket.destroy()
    this.finish(new Error('ended'))
  }
}

/** @throws for what is not HTTP */
function parsed(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(first)?.[1]
  if (status === undefined) throw new Error('expected an answer of HTTP')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  return { status: Number(status), headers }
}
