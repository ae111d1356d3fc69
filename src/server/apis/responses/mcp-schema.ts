/** What requests say of MCP servers: https://platform.openai.com/docs/guides/tools-connectors-mcp */
import { z } from 'zod'

const id = z.string().optional()
const filter = z.strictObject({ tool_names: z.array(z.string()).nullish(), read_only: z.boolean().nullish() })
export type ToolFilter = z.output<typeof filter>

export const mcpTool = z.object({
  type: z.literal('mcp'),
  server_label: z.string().min(1).describe('An MCP server that is allowed here, by its name here.'),
  server_url: z.string().nullish().describe('The address that the server has here, or nothing.'),
  server_description: z.string().nullish(),
  allowed_tools: z.union([z.array(z.string()), filter]).nullish(),
  require_approval: z
    .union([z.enum(['always', 'never']), z.strictObject({ always: filter.nullish(), never: filter.nullish() })])
    .nullish()
    .describe('always is the default.'),
  headers: z.unknown().optional(),
  authorization: z.unknown().optional(),
  connector_id: z.unknown().optional(),
  tunnel_id: z.unknown().optional(),
})
export type McpRequest = z.output<typeof mcpTool>

const call = { server_label: z.string(), name: z.string().min(1), arguments: z.string() }
export const mcpCallItem = z.object({
  type: z.literal('mcp_call'),
  id: z.string(),
  ...call,
  approval_request_id: z.string().nullish(),
  output: z.string().nullish(),
  error: z.string().nullish(),
  status: z.string().nullish(),
})
export const mcpRequestItem = z.object({ type: z.literal('mcp_approval_request'), id: z.string(), ...call })
export const mcpResponseItem = z.object({
  type: z.literal('mcp_approval_response'),
  id: id.nullable(),
  approval_request_id: z.string(),
  approve: z.boolean(),
  reason: z.string().nullish(),
})
export type McpCallItem = z.output<typeof mcpCallItem>
export type McpRequestItem = z.output<typeof mcpRequestItem>
export type McpResponseItem = z.output<typeof mcpResponseItem>
