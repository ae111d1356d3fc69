import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import type { StdioServer } from './config.js'

/** A message of a server that is longer ends the connection. */
const MOST_MESSAGE_BYTES = 64 << 20
/** Of what a server says on its standard error, the end is kept. */
const KEPT_STDERR = 64 << 10
/** How long a server may take to end by itself, and after SIGTERM. */
const GRACE_MS = 2_000
/** Of this process' environment; all else is what the configuration says. */
const PASSED_ON = [
  'HOME',
  'PATH',
  'SHELL',
  'TERM',
  'USER',
  'LOGNAME',
  'LANG',
  'TMPDIR',
  'SystemRoot',
  'APPDATA',
  'TEMP',
]

const isWindows = process.platform === 'win32'
/** Groups of servers that run; a process that ends takes them along. */
const running = new Set<StdioTransport>()
let watches = false

/**
 * The line to a server that is a process of its own: a JSON message a line. Its group is ended with it, since what `npx` and the
 * like start would live on.
 */
export class StdioTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  private child: ChildProcess | undefined
  private ended: Promise<void> = Promise.resolve()
  private chunks: Buffer[] = []
  private size = 0
  private said = ''
  private readonly lines: string[] = []
  private taking = false

  constructor(private readonly server: StdioServer) {}

  /** The end of what the server wrote to its standard error. */
  get stderr(): string {
    return this.said.trim()
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  async start(): Promise<void> {
    const { command, args, env, cwd } = this.server
    const own = Object.fromEntries(
      PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    )
    const child = spawn(command, [...args], {
      env: { ...own, ...env },
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: !isWindows,
      windowsHide: true,
    })
    this.child = child
    this.ended = new Promise((resolve) => child.once('close', () => resolve()))
    endWithProcess()
    running.add(this)
    child.stdout.on('data', (chunk: Buffer) => this.read(chunk))
    child.stderr.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-KEPT_STDERR)))
    child.stdin.on('error', (error) => this.onerror?.(error))
    child.once('close', () => {
      running.delete(this)
      this.onclose?.()
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null || !child.stdin?.writable)
      throw new Error('the server has ended')
    await new Promise<void>((resolve, reject) =>
      child.stdin!.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve())),
    )
  }

  /** Asks the server to end, and ends it with all that it started. */
  async close(): Promise<void> {
    this.child?.stdin?.end()
    await this.within(GRACE_MS)
    this.kill('SIGTERM')
    await this.within(GRACE_MS)
    this.kill('SIGKILL')
  }

  /** Signals the whole group, also where its first process is gone. */
  kill(signal: NodeJS.Signals): void {
    const pid = this.child?.pid
    if (pid === undefined) return
    try {
      if (isWindows) spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'])
      else process.kill(-pid, signal)
    } catch {
      // Nothing of it is left.
    }
  }

  private async within(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)))
    await Promise.race([this.ended, late])
    clearTimeout(timer)
  }

  private read(chunk: Buffer): void {
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.chunks, rest.subarray(0, end)]).toString()
      this.chunks = []
      this.size = 0
      rest = rest.subarray(end + 1)
      this.lines.push(line)
    }
    void this.takeAll()
    this.size += rest.length
    this.chunks.push(rest)
    if (this.size <= MOST_MESSAGE_BYTES) return
    this.chunks = []
    this.size = 0
    this.onerror?.(new Error(`the server sent a message of more than ${MOST_MESSAGE_BYTES >> 20} MiB`))
    this.kill('SIGKILL')
  }

  /** One after the other: what a client is told about a call's progress with its result, it would drop. */
  private async takeAll(): Promise<void> {
    if (this.taking) return
    this.taking = true
    for (let line = this.lines.shift(); line !== undefined; line = this.lines.shift()) {
      this.take(line)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.taking = false
  }

  private take(line: string): void {
    if (line.trim() === '') return
    try {
      this.onmessage?.(JSON.parse(line) as JSONRPCMessage)
    } catch {
      this.onerror?.(new Error(`the server wrote what is no message: ${line.slice(0, 80)}`))
    }
  }
}

function endWithProcess(): void {
  if (watches) return
  watches = true
  process.once('exit', () => {
    for (const transport of running) transport.kill('SIGKILL')
  })
}
