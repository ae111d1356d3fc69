import { UserError } from '../../errors.js'
import { readMcpConfig } from '../../server/mcp/config.js'
import { connectServers, type McpServers } from '../../server/mcp/connect.js'

/** Starts the servers of a file. @throws UserError for a file that cannot be read, or a server that does not start */
export async function startAllowed(file: string): Promise<McpServers> {
  const servers = await connectServers(readMcpConfig(file))
  const [failure] = servers.failures
  if (!failure) return servers
  await servers.close()
  throw new UserError(`${file}: the MCP server ${failure.name} does not start: ${failure.reason}`, 'invalid_argument')
}
