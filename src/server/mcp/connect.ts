import type * as mcp from '@modelcontextprotocol/client'
import { mcpTools, type McpClient, type McpTool } from '../../agent/mcp/tools.js'
import type { Tool } from '../../agent/tool.js'
import { UserError } from '../../errors.js'
import { VERSION } from '../version.js'
import type { NamedServer } from './config.js'
import { StdioTransport } from './stdio.js'

/** How long a server may take until it has said hello. */
const CONNECT_MS = 60_000

type Library = typeof mcp

/** The library that speaks MCP, which is there only where somebody installed it. @throws UserError that says how */
async function library(): Promise<Library> {
  try {
    return await import('@modelcontextprotocol/client')
  } catch (cause) {
    throw new UserError(
      'MCP servers need the package @modelcontextprotocol/client, which is not installed; run npm install @modelcontextprotocol/client next to kaiyuan',
      'unsupported_platform',
      { cause },
    )
  }
}

/** A server with what it offers. One that died is started again once. */
export class McpServer implements McpClient {
  private client: mcp.Client | undefined
  private transport: StdioTransport | undefined
  private isOpen = false
  private starts = 0
  private failure: string | undefined

  constructor(
    readonly named: NamedServer,
    private readonly library: Library,
  ) {}

  get name(): string {
    return this.named.name
  }

  /** Of a server at an address. */
  get url(): string | undefined {
    const { server } = this.named
    return server.kind === 'http' ? server.url : undefined
  }

  /** Of its process, if it is one. */
  get pid(): number | undefined {
    return this.transport?.pid
  }

  async connect(signal?: AbortSignal): Promise<void> {
    this.starts++
    const { Client, StreamableHTTPClientTransport } = this.library
    // No sampling, no elicitation, no roots: a server asks for nothing here.
    const client = new Client({ name: 'kaiyuan', version: VERSION }, { capabilities: {} })
    client.onerror = (error) => (this.failure = error.message)
    client.onclose = () => (this.isOpen = false)
    const { server } = this.named
    this.transport = server.kind === 'stdio' ? new StdioTransport(server) : undefined
    const transport =
      this.transport ??
      new StreamableHTTPClientTransport(new URL(server.kind === 'http' ? server.url : ''), {
        requestInit: { headers: server.kind === 'http' ? { ...server.headers } : {} },
      })
    try {
      await client.connect(transport, { timeout: CONNECT_MS, ...(signal && { signal }) })
    } catch (cause) {
      await transport.close().catch(() => undefined)
      throw this.failed(cause)
    }
    this.client = client
    this.isOpen = true
  }

  async listTools(params?: { cursor?: string }): ReturnType<McpClient['listTools']> {
    return (await this.opened()).listTools(params)
  }

  async callTool(...[params, options]: Parameters<McpClient['callTool']>): Promise<unknown> {
    const client = await this.opened()
    try {
      return await client.callTool(params, options)
    } catch (cause) {
      if (options?.signal?.aborted) throw cause
      throw this.failed(cause)
    }
  }

  async close(): Promise<void> {
    await this.client?.close().catch(() => undefined)
    await this.transport?.close()
  }

  private async opened(): Promise<mcp.Client> {
    if (!this.isOpen) {
      if (this.starts > 1) throw new Error(`the server ${this.name} has ended twice, and is not started again`)
      await this.connect()
    }
    return this.client!
  }

  /** What went wrong, with what the server said about it. */
  private failed(cause: unknown): Error {
    const words = cause instanceof Error ? cause.message : String(cause)
    const why = this.failure === undefined || this.failure === words ? words : `${words}: ${this.failure}`
    this.failure = undefined
    const said = this.transport?.stderr.split('\n').at(-1) ?? ''
    return new Error(`${this.name}: ${why}${said === '' ? '' : `; it said: ${said.slice(-300)}`}`, { cause })
  }
}

/** A tool with the server that it comes from, and what that says of it. */
export interface ServerTool {
  readonly tool: Tool
  readonly server: McpServer
  readonly listed: McpTool
}

export interface McpServers {
  readonly tools: readonly ServerTool[]
  readonly servers: readonly McpServer[]
  /** Servers that did not start, with the reason. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[]
  close(): Promise<void>
}

/**
 * Starts and connects servers side by side; one that fails is named and does not hold up the others.
 * @throws UserError where the library that speaks MCP is not installed
 */
export async function connectServers(named: readonly NamedServer[], signal?: AbortSignal): Promise<McpServers> {
  const lib = await library()
  const failures: { name: string; reason: string }[] = []
  const all = await Promise.all(
    named.map(async (one) => {
      const server = new McpServer(one, lib)
      try {
        await server.connect(signal)
        const listed: McpTool[] = []
        const tools = await mcpTools(server, { prefix: one.name, only: (tool) => listed.push(tool) > 0 })
        return { server, tools: tools.map((tool, i) => ({ tool, server, listed: listed[i]! })) }
      } catch (error) {
        await server.close()
        failures.push({ name: one.name, reason: error instanceof Error ? error.message : String(error) })
        return undefined
      }
    }),
  )
  const connected = all.filter((one) => one !== undefined)
  const servers = connected.map(({ server }) => server)
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
  }
  return { tools: connected.flatMap(({ tools }) => tools), servers, failures, close }
}
