import type { ToolDefinition } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { badRequest, unsupported } from '../../http/api-error.js'
import type { ToolChoice } from '../answer-form.js'
import { customTool } from '../custom-tools.js'
import { hostedTool, toolDefinition } from '../tool-calls.js'
import { hostedTools, type HostedTools } from './mcp.js'
import type { ResponsesRequest, ResponseTools } from './schema.js'

/** The tools of a response, and what its items say of a call by the tool's name. */
export interface KnownTools {
  readonly definitions: ToolDefinition[] | undefined
  /** Tools whose calls have a text, not arguments. */
  readonly custom: ReadonlySet<string>
  readonly namespaces: ReadonlyMap<string, string>
  /** Of MCP servers, which run here. */
  readonly hosted?: HostedTools | undefined
}

/** Function tools in the shape of chat completions. @throws ApiError for tools of a provider that have to be called */
export function knownTools(
  body: Pick<ResponsesRequest, 'tools' | 'input' | 'tool_choice'>,
  scope: RequestScope,
): KnownTools {
  const definitions: ToolDefinition[] = []
  const custom = new Set<string>()
  const namespaces = new Map<string, string>()
  const add = (tool: ResponseTools[number], param: string, namespace?: string): void => {
    if (isTool(tool, 'namespace')) tool.tools.forEach((own, i) => add(own, `${param}.tools[${i}]`, tool.name))
    else if (isTool(tool, 'function') || isTool(tool, 'custom')) {
      if (definitions.some(({ function: { name } }) => name === tool.name)) {
        throw badRequest(
          `${param}.name`,
          `${param}: there are two tools called ${tool.name}; give each a name of its own`,
        )
      }
      definitions.push(tool.type === 'custom' ? customTool(tool) : toolDefinition(tool))
      if (tool.type === 'custom') custom.add(tool.name)
      if (namespace !== undefined) namespaces.set(tool.name, namespace)
    } else if (tool.type !== 'mcp' || !body.tools?.includes(tool))
      hostedTool(scope, tool.type, `${param}.type`, freeChoice(body.tool_choice))
  }
  body.tools?.forEach((tool, i) => add(tool, `tools[${i}]`))
  // Some clients add tools on the way.
  for (const [i, item] of typeof body.input === 'string' ? [] : body.input.entries()) {
    if (item.type === 'additional_tools' && 'tools' in item && Array.isArray(item.tools))
      (item.tools as ResponseTools).forEach((tool, j) => add(tool, `input[${i}].tools[${j}]`))
  }
  return { definitions: definitions.length > 0 ? definitions : undefined, custom, namespaces }
}

/** With the tools of MCP servers. @throws ApiError likewise, and for servers that are not allowed */
export async function allTools(
  body: Pick<ResponsesRequest, 'tools' | 'input' | 'tool_choice' | 'max_tool_calls'>,
  scope: RequestScope,
): Promise<KnownTools> {
  const own = knownTools(body, scope)
  if (!body.tools?.some(({ type }) => type === 'mcp')) return own
  const definitions = own.definitions ?? []
  const names = definitions.map(({ function: { name } }) => name)
  const hosted = await hostedTools(body, names, scope)
  const all = [...definitions, ...hosted.definitions]
  return { ...own, definitions: all.length > 0 ? all : undefined, hosted }
}

/** Of the answers after a call: none has to be made again. */
export function laterChoice(choice: ResponsesRequest['tool_choice']): ResponsesRequest['tool_choice'] {
  if (choice === 'none') return choice
  return typeof choice === 'object' && choice?.type === 'allowed_tools' ? { ...choice, mode: 'auto' } : 'auto'
}

const CHOICES_HERE: ReadonlySet<string> = new Set(['function', 'custom', 'mcp', 'allowed_tools'])

/** A choice among the tools that are here leaves those of a provider aside. */
function freeChoice(choice: ResponsesRequest['tool_choice']): unknown {
  if (typeof choice !== 'object' || choice === null) return choice
  return CHOICES_HERE.has(choice.type) ? 'auto' : choice
}

interface ToolTypes {
  function: Parameters<typeof toolDefinition>[0]
  custom: Parameters<typeof customTool>[0]
  namespace: { readonly name: string; readonly tools: ResponseTools }
}

function isTool<K extends keyof ToolTypes>(tool: { type: string }, type: K): tool is { type: K } & ToolTypes[K] {
  return tool.type === type
}

/**
 * Which tools may be called, by the names that the model knows. A choice of `mcp` is of one tool of a server, or of any of them.
 * @throws ApiError 400 for choices that say nothing, or name what is not there
 */
export function toolChoiceOf(
  choice: NonNullable<ResponsesRequest['tool_choice']>,
  hosted: HostedTools | undefined,
): ToolChoice {
  if (typeof choice === 'string') return choice
  const { type, name } = choice
  if (type === 'allowed_tools') return allowedTools(choice, hosted)
  if (type === 'mcp') {
    const allowed = mcpNames(choice, 'tool_choice', hosted)
    return choice['name'] === undefined || choice['name'] === null ? { allowed, must: true } : { name: allowed[0]! }
  }
  if (type !== 'function' && type !== 'custom')
    throw unsupported('tool_choice', `tool_choice of type ${type} is not supported`)
  if (typeof name !== 'string') throw badRequest('tool_choice.name', `tool_choice of type ${type} needs a name`)
  return { name }
}

type Choice = Readonly<Record<string, unknown>>

function allowedTools({ mode, tools }: Choice, hosted: HostedTools | undefined): ToolChoice {
  if (mode !== undefined && mode !== 'auto' && mode !== 'required')
    throw badRequest('tool_choice.mode', 'tool_choice.mode: expected auto or required')
  const given = Array.isArray(tools) ? (tools as (Choice | null)[]) : []
  const allowed = given.flatMap((tool, i) => {
    if (tool?.['type'] === 'mcp') return mcpNames(tool, `tool_choice.tools[${i}]`, hosted)
    return typeof tool?.['name'] === 'string' ? [tool['name']] : []
  })
  if (allowed.length === 0 || given.some((tool) => tool?.['type'] !== 'mcp' && typeof tool?.['name'] !== 'string'))
    throw badRequest('tool_choice.tools', 'tool_choice.tools: expected tools by their types and names')
  return { allowed, must: mode === 'required' }
}

function mcpNames({ server_label: label, name }: Choice, where: string, hosted: HostedTools | undefined): string[] {
  if (typeof label !== 'string') throw badRequest(`${where}.server_label`, `${where} of type mcp needs a server_label`)
  if (name !== undefined && name !== null && typeof name !== 'string')
    throw badRequest(`${where}.name`, `${where}.name: expected the name of a tool, or nothing`)
  const names = hosted?.namesOf(label, name ?? undefined) ?? []
  if (names.length > 0) return names
  const tool = typeof name === 'string' ? `a tool ${name.slice(0, 100)}` : 'a tool'
  throw badRequest(where, `${where}: among the tools there is not ${tool} of an MCP server ${label.slice(0, 100)}`)
}
