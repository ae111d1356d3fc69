import type { ToolDefinition } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { badRequest, unsupported } from '../../http/api-error.js'
import type { ToolChoice } from '../answer-form.js'
import { customTool } from '../custom-tools.js'
import { hostedTool, toolDefinition } from '../tool-calls.js'
import type { ResponsesRequest, ResponseTools } from './schema.js'

/** The tools of a response, and what its items say of a call by the tool's name. */
export interface KnownTools {
  readonly definitions: ToolDefinition[] | undefined
  /** Tools whose calls have a text, not arguments. */
  readonly custom: ReadonlySet<string>
  readonly namespaces: ReadonlyMap<string, string>
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
    } else hostedTool(scope, tool.type, `${param}.type`, freeChoice(body.tool_choice))
  }
  body.tools?.forEach((tool, i) => add(tool, `tools[${i}]`))
  // Some clients add tools on the way.
  for (const [i, item] of typeof body.input === 'string' ? [] : body.input.entries()) {
    if (item.type === 'additional_tools' && 'tools' in item && Array.isArray(item.tools))
      (item.tools as ResponseTools).forEach((tool, j) => add(tool, `input[${i}].tools[${j}]`))
  }
  return { definitions: definitions.length > 0 ? definitions : undefined, custom, namespaces }
}

/** A choice among the tools that are here leaves those of a provider aside. */
function freeChoice(choice: ResponsesRequest['tool_choice']): unknown {
  if (typeof choice !== 'object' || choice === null) return choice
  return choice.type === 'function' || choice.type === 'custom' || choice.type === 'allowed_tools' ? 'auto' : choice
}

interface ToolTypes {
  function: Parameters<typeof toolDefinition>[0]
  custom: Parameters<typeof customTool>[0]
  namespace: { readonly name: string; readonly tools: ResponseTools }
}

function isTool<K extends keyof ToolTypes>(tool: { type: string }, type: K): tool is { type: K } & ToolTypes[K] {
  return tool.type === type
}

export function toolChoiceOf(choice: NonNullable<ResponsesRequest['tool_choice']>): ToolChoice {
  if (typeof choice === 'string') return choice
  const { type, name } = choice
  if (type === 'allowed_tools') return allowedTools(choice)
  if (type !== 'function' && type !== 'custom')
    throw unsupported('tool_choice', `tool_choice of type ${type} is not supported`)
  if (typeof name !== 'string') throw badRequest('tool_choice.name', `tool_choice of type ${type} needs a name`)
  return { name }
}

function allowedTools({ mode, tools }: Readonly<Record<string, unknown>>): ToolChoice {
  if (mode !== undefined && mode !== 'auto' && mode !== 'required')
    throw badRequest('tool_choice.mode', 'tool_choice.mode: expected auto or required')
  const named = Array.isArray(tools) ? (tools as ({ name?: unknown } | null)[]) : []
  const allowed = named.map((tool) => tool?.name).filter((name) => typeof name === 'string')
  if (allowed.length === 0 || allowed.length < named.length)
    throw badRequest('tool_choice.tools', 'tool_choice.tools: expected tools by their types and names')
  return { allowed, must: mode === 'required' }
}
