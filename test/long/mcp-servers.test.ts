import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { agent, type AgentOptions, type AgentPart } from '../../src/index.js'
import { parseMcpConfig } from '../../src/server/mcp/config.js'
import { connectServers, type McpServers } from '../../src/server/mcp/connect.js'
import { answering, callText } from '../agent/scripts.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-mcp-'))
const open: McpServers[] = []
afterAll(async () => {
  await Promise.all(open.map((servers) => servers.close()))
  rmSync(folder, { recursive: true, force: true })
})

const script = fileURLToPath(new URL('../mcp/bad-server.mjs', import.meta.url))

async function serversOf(...how: [how: string, file?: string][]): Promise<McpServers> {
  const mcpServers = Object.fromEntries(
    how.map(([name, file]) => [name, { command: process.execPath, args: [script, name, ...(file ? [file] : [])] }]),
  )
  const servers = await connectServers(parseMcpConfig(JSON.stringify({ mcpServers }), 'mcp.json', {}))
  open.push(servers)
  return servers
}

/** What an agent gets that makes this call. */
async function called({ tools }: McpServers, name: string, input: object, options: AgentOptions = {}) {
  const all = { tools: tools.map(({ tool }) => tool), approve: () => true, ...options }
  const run = agent(answering(callText(name, input), 'done'), all).run('?')
  const parts: AgentPart[] = []
  for await (const part of run) parts.push(part)
  const { steps } = await run.result
  return { ...steps[0]!.results[0]!, parts }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('tools of a server', async () => {
  const cancelled = join(folder, 'cancelled')
  const servers = await serversOf(['good', cancelled], ['dies'], ['floods'])

  it('come with names that models write, descriptions that are short and show what they hide, and ask before each call', () => {
    const own = servers.tools.filter(({ server }) => server.name === 'good').map(({ tool }) => tool)
    expect(own.map(({ name }) => name).slice(0, 3)).toEqual(['good__add', 'good__add_2', 'good__add_2_2'])
    expect(own[1]!.description).toHaveLength(1003)
    expect(own[2]!.description).toBe('turned U+202E around')
    expect(own.every(({ approval }) => approval === true)).toBe(true)
  })

  it('of a server that does not start do not hold up the others, and the reason is told', () => {
    expect(servers.failures).toHaveLength(1)
    expect(servers.failures[0]!.reason).toMatch(/^dies: .*no licence/)
    expect(servers.servers.map(({ name }) => name)).toEqual(['good', 'floods'])
  })

  it.each([
    ['add', { a: 2, b: 3 }, '5'],
    ['add_2', {}, '{"sum":2}'],
    ['add_2_2', { whatever: 1 }, 'turned'],
    ['media', {}, '[image/png, 3 kB]\n[link to notes: file:///notes]\ninside'],
  ])('are called: %s', async (name, input, text) => {
    expect((await called(servers, `good__${name}`, input)).text).toBe(text)
  })

  it.each([
    ['add', { a: 'x' }, 'arguments', /a: expected number/],
    ['fail', {}, 'failed', /^good__fail failed: Access denied - path outside/],
  ])('give the model in words what went wrong: %s', async (name, input, fault, words) => {
    const result = await called(servers, `good__${name}`, input)
    expect(result.fault).toBe(fault)
    expect(result.text).toMatch(words)
  })

  it('are not called where nobody approves', async () => {
    expect((await called(servers, 'good__add', { a: 1, b: 1 }, { approve: undefined })).fault).toBe('denied')
  })

  it('show their progress', async () => {
    const { parts } = await called(servers, 'good__slow', {})
    const data = parts.flatMap((part) => (part.kind === 'tool-progress' ? [part.data] : []))
    expect(data).toMatchObject([{ progress: 1 }, { progress: 2 }, { progress: 3 }])
  })

  it('give 11 MB, of which the model reads the ends', async () => {
    const result = await called(servers, 'good__big', { bytes: 11_000_000 })
    expect(result.fault).toBeUndefined()
    expect(result.leftOut).toBe(11_000_000 - 8_000)
  })

  it('are told when a run is aborted', async () => {
    const tools = servers.tools.map(({ tool }) => tool)
    const run = agent(answering(callText('good__hang', {})), { tools, approve: () => true }).run('?')
    for await (const part of run) if (part.kind === 'tool-call') setTimeout(() => run.abort(), 20)
    expect((await run.result).finishReason).toBe('abort')
    await until(() => existsSync(cancelled))
  })

  it('see of the environment what they need, and no keys', async () => {
    const { text } = await called(servers, 'good__environment', {})
    expect(text.split(' ')).toContain('PATH')
    expect(text).not.toMatch(/VITEST|NODE_ENV/)
  })
})

describe('a server that ends', () => {
  it('in a call says so, is started again once, and then not any more', async () => {
    const servers = await serversOf(['mortal'])
    const first = await called(servers, 'mortal__die', {})
    expect(first.fault).toBe('failed')
    expect(first.text).toMatch(/mortal: .*[Cc]losed.*it said: I have seen enough/)
    expect((await called(servers, 'mortal__add', { a: 1, b: 1 })).text).toBe('2')
    await called(servers, 'mortal__die', {})
    expect((await called(servers, 'mortal__add', { a: 1, b: 1 })).text).toMatch(/has ended twice/)
  })

  it('takes along what it started', async () => {
    const file = join(folder, 'pid')
    const servers = await serversOf(['family', file])
    const [pid, own] = [Number(readFileSync(file, 'utf8')), servers.servers[0]!.pid!]
    expect([alive(pid), alive(own)]).toEqual([true, true])
    await servers.close()
    await until(() => !alive(pid) && !alive(own))
  })
})

describe('a configuration', () => {
  const parse = (config: unknown) => parseMcpConfig(JSON.stringify(config), 'mcp.json', { KEY: 'k' })

  it('is read in the forms of other tools, with variables of the environment', () => {
    const stdio = { command: 'a', args: ['${KEY}'], env: { X: '${env:KEY}', Y: '${NONE:-z}' } }
    const http = { type: 'http', url: 'https://a.example/mcp', headers: { Authorization: 'Bearer ${KEY}' } }
    for (const key of ['mcpServers', 'servers'])
      expect(parse({ [key]: { one: stdio, two: http } })).toMatchObject([
        { name: 'one', server: { kind: 'stdio', args: ['k'], env: { X: 'k', Y: 'z' } } },
        { name: 'two', server: { kind: 'http', headers: { Authorization: 'Bearer k' } } },
      ])
  })

  it.each([
    [[], /mcp.json: the file: expected an object with mcpServers; found \[\]/],
    [{}, /servers: expected an object; found nothing/],
    [{ mcpServers: { a: {} } }, /mcpServers.a: expected a command or a url; found {}/],
    [{ mcpServers: { a: { command: 'x', args: 'y' } } }, /mcpServers.a.args: expected an array of texts; found "y"/],
    [{ mcpServers: { a: { command: '${GONE}' } } }, /the environment has no GONE/],
    [{ mcpServers: { a: { url: 'file:///x' } } }, /expected an address that begins with http/],
    [{ mcpServers: { a: { url: 'http://x', type: 'sse' } } }, /SSE is the old transport/],
    [{ servers: {}, inputs: [] }, /inputs: values cannot be asked for here/],
  ])('is refused with its place: %j', (config, words) => {
    expect(() => parse(config)).toThrow(words)
  })
})
