import type { McpClient } from '../../agent/mcp/tools.js'

/** An MCP server whose tools requests may use. */
export interface AllowedServer extends McpClient {
  /** Of a server at an address: a request that gives another is refused. */
  readonly url?: string | undefined
}
