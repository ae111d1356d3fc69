import { Calls } from '../../../agent/loop/calls.js'
import { untilAborted } from '../../../agent/loop/execute.js'
import { mcpTools, type McpTool } from '../../../agent/mcp/tools.js'
import { definitionOf, type Tool } from '../../../agent/tool.js'
import type { ToolDefinition } from '../../../chat/message.js'
import type { ToolCall } from '../../../remote/engine-like.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { ApiError, badRequest, unsupported } from '../../http/api-error.js'
import type { AllowedServer } from '../../mcp/allowed.js'
import type { McpRequest, McpRequestItem, McpResponseItem, ToolFilter } from './mcp-schema.js'
import type { InputItem, ResponsesRequest } from './schema.js'
import type { FindItem } from './input.js'

/** A tool of an MCP server that this server runs. */
export interface HostedTool {
  readonly label: string
  readonly listed: McpTool
  readonly tool: Tool
  /** Whether the client has to approve each call. */
  readonly asks: boolean
}

/** What came of a call. */
export interface Made {
  readonly text: string
  readonly failed: boolean
}

/** A call that the client approved, with what came of it. */
export interface ApprovedCall extends Made {
  readonly request: McpRequestItem
}

/** Characters of a result that the model reads. */
const MOST_TEXT = 20_000

/** The tools of MCP servers of one request, and the calls of them. */
export class HostedTools {
  /** By the names that the model calls. */
  readonly byName: ReadonlyMap<string, HostedTool>
  private readonly calls: Calls
  private left: number

  constructor(
    byName: ReadonlyMap<string, HostedTool>,
    /** The servers' lists, as items. */
    readonly lists: readonly Record<string, unknown>[],
    signal: AbortSignal,
    private readonly most: number | undefined,
  ) {
    this.byName = byName
    this.left = most ?? Infinity
    const tools = new Map([...byName].map(([name, { tool }]) => [name, tool]))
    const once = { approve: undefined, emit: () => undefined, parallelTools: 1 }
    this.calls = new Calls({ tools, signal, toolText: MOST_TEXT, ...once })
  }

  get definitions(): ToolDefinition[] {
    return [...this.byName.values()].map(({ tool }) => definitionOf(tool))
  }

  /** What the model calls the tools of a server, or the one of that name. */
  namesOf(label: string, name: string | undefined): string[] {
    const own = [...this.byName].filter(
      ([, one]) => one.label === label && (name ?? one.listed.name) === one.listed.name,
    )
    return own.map(([known]) => known)
  }

  /** Checks the arguments and makes the call. What goes wrong is told to the model. */
  async make(call: ToolCall): Promise<Made> {
    if (this.left <= 0) return { text: `Not run: max_tool_calls is ${this.most}. Answer without it.`, failed: true }
    this.left--
    const [result] = await this.calls.make({ step: 0, calls: [call], messages: [] })
    return { text: result!.text, failed: result!.fault !== undefined }
  }

  /** Makes the calls that a request approves. @throws ApiError for requests that nobody remembers */
  async makeApproved(input: ResponsesRequest['input'], find: FindItem): Promise<ApprovedCall[]> {
    const made: ApprovedCall[] = []
    for (const { request, where } of approvedIn(input, find)) {
      const { server_label: label, name } = request
      const own = [...this.byName].find(([, hosted]) => hosted.label === label && hosted.listed.name === name)
      if (!own)
        throw badRequest(where, `${where}: ${name} of ${label} is not among the tools; send the tool with the approval`)
      const call = { index: made.length, id: request.id, name: own[0], arguments: request.arguments }
      made.push({ request, ...(await this.make(call)) })
    }
    return made
  }
}

/** The requests that are approved and were not answered yet. */
function approvedIn(input: ResponsesRequest['input'], find: FindItem) {
  if (typeof input === 'string') return []
  const answered = new Set(input.map((item) => (isItem(item, 'mcp_call') ? item.approval_request_id : undefined)))
  return input.flatMap((item, i) => {
    if (!isItem(item, 'mcp_approval_response') || !item.approve || answered.has(item.approval_request_id)) return []
    const { approval_request_id: id } = item
    answered.add(id)
    const where = `input[${i}].approval_request_id`
    const sent = input.find((other) => isItem(other, 'mcp_approval_request') && other.id === id)
    const request = (sent ?? find(id)) as InputItem | undefined
    if (request && isItem(request, 'mcp_approval_request')) return [{ request, where }]
    throw badRequest(where, `${where}: no such request is remembered here (any more); send it`, 'item_not_found')
  })
}

interface ItemTypes {
  mcp_call: { readonly approval_request_id?: string | null }
  mcp_approval_request: McpRequestItem
  mcp_approval_response: McpResponseItem
}

function isItem<K extends keyof ItemTypes>(item: object, type: K): item is { type: K } & ItemTypes[K] {
  return 'type' in item && item.type === type
}

/**
 * Lists the tools of the servers that a request names.
 * @param taken names of the other tools
 * @throws ApiError 400 for servers that are not allowed, 424 for one that does not answer
 */
export async function hostedTools(
  { tools, max_tool_calls: most }: Pick<ResponsesRequest, 'tools' | 'max_tool_calls'>,
  taken: Iterable<string>,
  scope: RequestScope,
): Promise<HostedTools> {
  const names = new Set(taken)
  const byName = new Map<string, HostedTool>()
  const lists: Record<string, unknown>[] = []
  for (const [i, tool] of (tools ?? []).entries()) {
    if (tool.type !== 'mcp') continue
    const request = tool as McpRequest
    const hosted = await toolsOf(request, allowedServer(request, `tools[${i}]`, scope), scope, `tools[${i}]`)
    for (const one of hosted) {
      const name = freeName(one, names)
      names.add(name)
      byName.set(name, { ...one, tool: { ...one.tool, name } })
    }
    lists.push(listItem(request.server_label, hosted))
  }
  return new HostedTools(byName, lists, scope.signal, most ?? undefined)
}

/** @throws ApiError 400 */
function allowedServer(request: McpRequest, where: string, { state }: RequestScope): AllowedServer {
  const { server_label: label, server_url: url } = request
  for (const field of ['connector_id', 'tunnel_id', 'headers', 'authorization'] as const)
    if (request[field] !== undefined && request[field] !== null)
      throw unsupported(
        `${where}.${field}`,
        `${where}.${field}: MCP servers are called as they were set up here; leave it out`,
      )
  const server = state.mcp.get(label)
  const shown = JSON.stringify(label.slice(0, 100))
  if (!server) {
    const known = [...state.mcp.keys()]
    const allowed = known.length > 0 ? `allowed are ${known.join(', ')}` : 'none are allowed'
    throw badRequest(
      `${where}.server_label`,
      `${where}.server_label: the MCP server ${shown} is not run here; ${allowed}`,
    )
  }
  if (url !== undefined && url !== null && url !== server.url)
    throw badRequest(
      `${where}.server_url`,
      `${where}.server_url: the MCP server ${shown} has another address here; leave server_url out`,
    )
  return server
}

async function toolsOf(
  { server_label: label, allowed_tools: allowed, require_approval: approval }: McpRequest,
  server: AllowedServer,
  scope: RequestScope,
  where: string,
): Promise<HostedTool[]> {
  const listed: McpTool[] = []
  const only = (tool: McpTool): boolean => isAllowed(tool, allowed) && listed.push(tool) > 0
  try {
    const tools = await untilAborted(mcpTools(server, { approval: false, only }), scope.signal)
    return tools.map((tool, i) => ({ label, tool, listed: listed[i]!, asks: hasToAsk(listed[i]!, approval) }))
  } catch (cause) {
    scope.throwIfCancelled()
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${where}: the MCP server ${label} gave no list of its tools: ${why.slice(0, 300)}`
    throw new ApiError(424, message, { code: 'external_connector_error', param: where }, { cause })
  }
}

function isAllowed(tool: McpTool, allowed: McpRequest['allowed_tools']): boolean {
  if (allowed === undefined || allowed === null) return true
  return Array.isArray(allowed) ? allowed.includes(tool.name) : matches(tool, allowed)
}

/** Whatever is not said to run by itself asks. */
function hasToAsk(tool: McpTool, approval: McpRequest['require_approval']): boolean {
  if (typeof approval !== 'object' || approval === null) return approval !== 'never'
  const { always, never } = approval
  return (always ? matches(tool, always) : false) || !(never && hasTerms(never) && matches(tool, never))
}

function hasTerms({ tool_names: names, read_only: readOnly }: ToolFilter): boolean {
  return Boolean(names) || typeof readOnly === 'boolean'
}

function matches({ name, annotations }: McpTool, { tool_names: names, read_only: readOnly }: ToolFilter): boolean {
  const named = !names || names.includes(name)
  return named && (typeof readOnly !== 'boolean' || (annotations?.readOnlyHint === true) === readOnly)
}

/** With the server's label in front where another tool has the name. */
function freeName({ label, tool: { name } }: HostedTool, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  const long = `${label.replace(/[^A-Za-z0-9_-]/g, '_')}__${name}`.replace(/^(?=[^A-Za-z_])/, '_').slice(0, 100)
  for (let n = 1; ; n++) {
    const own = n === 1 ? long : `${long}_${n}`
    if (!taken.has(own)) return own
  }
}

function listItem(label: string, hosted: readonly HostedTool[]): Record<string, unknown> {
  const tools = hosted.map(({ listed: { name, description, inputSchema, annotations } }) => ({
    name,
    description: description ?? null,
    input_schema: inputSchema,
    annotations: annotations ?? null,
  }))
  return { type: 'mcp_list_tools', id: `mcpl_${newId()}`, server_label: label, tools, error: null }
}
