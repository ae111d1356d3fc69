import { toolDefinition } from '../tool-calls.js'
import type { ChatMessage, ToolDefinition } from '../../../chat/message.js'
import { unsupported } from '../../http/api-error.js'
import { textOf } from '../content.js'
import type { InputItem, ResponsesRequest } from './schema.js'

/** The items of a responses request as a conversation: reasoning and calls join the assistant's message that they belong to. */
export function messagesOfInput(input: ResponsesRequest['input']): ChatMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  const messages: ChatMessage[] = []
  input.forEach((item, i) => append(messages, item, `input[${i}]`))
  return messages
}

function append(messages: ChatMessage[], item: InputItem, where: string): void {
  switch (item.type) {
    case 'message':
    case undefined: {
      const { role, content } = item as Extract<InputItem, { role: string }>
      const text = textOf(content, `${where}.content`)
      if (role === 'assistant') joinAssistant(messages, { role, content: text })
      else messages.push({ role, content: text })
      return
    }
    case 'reasoning': {
      const { content } = item as { content?: { text: string }[] | null }
      const reasoning = content?.map(({ text }) => text).join('') ?? ''
      if (reasoning !== '') joinAssistant(messages, { role: 'assistant', content: null, reasoning_content: reasoning })
      return
    }
    case 'function_call': {
      const { call_id: id, name, arguments: text } = item as Extract<InputItem, { arguments: string }>
      const call = { id, type: 'function' as const, function: { name, arguments: text } }
      return joinAssistant(messages, { role: 'assistant', content: null, tool_calls: [call] })
    }
    case 'function_call_output': {
      const { call_id, output } = item as Extract<InputItem, { call_id: string; output: unknown }>
      messages.push({ role: 'tool', content: textOf(output, `${where}.output`), tool_call_id: call_id })
      return
    }
    default:
      throw unsupported(`${where}.type`, `${where}: items of type ${item.type} are not supported`)
  }
}

/** Adds to the assistant's last message what comes next in it; what it has already begins a new one. */
function joinAssistant(messages: ChatMessage[], next: ChatMessage): void {
  const last = messages.at(-1)
  const repeats =
    last?.role !== 'assistant' ||
    (next.reasoning_content !== undefined && (last.content !== null || last.tool_calls !== undefined)) ||
    (next.content !== null && (last.content !== null || last.tool_calls !== undefined))
  if (repeats) {
    messages.push(next)
    return
  }
  const calls = [...(last.tool_calls ?? []), ...(next.tool_calls ?? [])]
  const reasoning = (last.reasoning_content ?? '') + (next.reasoning_content ?? '')
  messages[messages.length - 1] = {
    role: 'assistant',
    content: last.content ?? next.content,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

/** Function tools in the shape of chat completions. @throws ApiError for tools that would run on a server. */
export function toolsOfResponse(tools: ResponsesRequest['tools']): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map((tool, i) => {
    if (!isFunction(tool)) {
      throw unsupported(`tools[${i}].type`, `tools[${i}]: ${tool.type} is not supported; only function tools are`)
    }
    return toolDefinition(tool)
  })
}

type FunctionTool = Extract<NonNullable<ResponsesRequest['tools']>[number], { name: string }>

export function isFunction(tool: { type: string }): tool is FunctionTool {
  return tool.type === 'function'
}
