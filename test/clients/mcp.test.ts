// The published example servers of MCP, over both transports, with an agent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { agent } from '../../src/index.js'
import { connectServers, type McpServers } from '../../src/server/mcp/connect.js'
import type { HttpServer, StdioServer } from '../../src/server/mcp/config.js'
import { answering, callText } from '../agent/scripts.js'

const script = (name: string): string =>
  fileURLToPath(new URL(`node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-mcp-'))
writeFileSync(join(folder, 'a.txt'), 'hello')
writeFileSync(join(folder, 'big.txt'), 'x'.repeat(10 << 20))

const open: McpServers[] = []
afterAll(async () => {
  await Promise.all(open.map((servers) => servers.close()))
  rmSync(folder, { recursive: true, force: true })
})

async function connected(server: StdioServer | HttpServer): Promise<McpServers> {
  const servers = await connectServers([{ name: 's', server }])
  expect(servers.failures).toEqual([])
  open.push(servers)
  return servers
}
const stdio = (...args: string[]): StdioServer => ({ kind: 'stdio', command: process.execPath, args, env: {} })

async function resultOf({ tools }: McpServers, name: string, input: object) {
  const all = tools.map(({ tool }) => tool)
  const run = agent(answering(callText(`s__${name}`, input), 'done'), { tools: all, approve: () => true }).run('?')
  const { steps, finishReason } = await run.result
  expect(finishReason).toBe('answer')
  return steps[0]!.results[0]!
}

describe('server-filesystem', async () => {
  const servers = await connected(stdio(script('server-filesystem'), folder))

  it('reads a file', async () => {
    expect((await resultOf(servers, 'read_text_file', { path: join(folder, 'a.txt') })).text).toBe('hello')
  })

  it('denies a path outside of its folder, in words', async () => {
    const { fault, text } = await resultOf(servers, 'read_text_file', { path: '/etc/passwd' })
    expect(fault).toBe('failed')
    expect(text).toMatch(/Access denied/)
  })

  it('reads 10 MB, of which the model sees the ends', async () => {
    const { fault, leftOut } = await resultOf(servers, 'read_text_file', { path: join(folder, 'big.txt') })
    expect([fault, leftOut]).toEqual([undefined, (10 << 20) - 8000])
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** Over streamable HTTP, once it listens. */
async function overHttp(): Promise<{ server: HttpServer; end: () => void }> {
  const port = await freePort()
  const child = spawn(process.execPath, [script('server-everything'), 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  for await (const chunk of child.stderr) {
    said += String(chunk)
    if (said.includes(String(port))) break
  }
  return {
    server: { kind: 'http', url: `http://127.0.0.1:${port}/mcp`, headers: {} },
    end: () => child.kill('SIGKILL'),
  }
}

describe.each(['stdio', 'http'] as const)('server-everything over %s', async (how) => {
  const { server, end } =
    how === 'http' ? await overHttp() : { server: stdio(script('server-everything'), 'stdio'), end: () => undefined }
  afterAll(end)
  const servers = await connected(server)

  it('lists its tools', () => expect(servers.tools.map(({ listed }) => listed.name)).toContain('get-sum'))

  it.each([
    ['echo', { message: 'hi' }, /hi/],
    ['get-sum', { a: 2, b: 40 }, /42/],
    ['get-tiny-image', {}, /\[image\/png, \d+ kB\]/],
    ['get-structured-content', { location: 'Chicago' }, /temperature/],
  ])('calls %s', async (name, input, text) => {
    const result = await resultOf(servers, name, input)
    expect(result.fault).toBeUndefined()
    expect(result.text).toMatch(text)
  })
})

it('a server that is killed says so, and comes back once', async () => {
  const servers = await connected(stdio(script('server-everything'), 'stdio'))
  process.kill(servers.servers[0]!.pid!, 'SIGKILL')
  const first = await resultOf(servers, 'echo', { message: 'hi' })
  const second = await resultOf(servers, 'echo', { message: 'hi' })
  expect([first.fault === undefined || /closed|ended/i.test(first.text), second.fault]).toEqual([true, undefined])
})
