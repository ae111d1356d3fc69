import type { ChatMessage, MessageToolCall, ToolDefinition } from '../../../chat/message.js'
import { toolDefinition } from '../tool-calls.js'
import type { ChatRequest, GenerateRequest } from './schema.js'

type Message = NonNullable<ChatRequest['messages']>[number]

/**
 * The conversation as templates take it. Ollama's calls may have no ids: they get some, and results without an id answer the calls
 * before them in their order, or the one of their tool.
 */
export function messagesOf(messages: readonly Message[]): ChatMessage[] {
  let open: { id: string; name: string }[] = []
  let count = 0
  return messages.map((message): ChatMessage => {
    const content = message.content ?? ''
    if (message.role === 'tool') {
      const name = message.tool_name ?? message.name ?? undefined
      const given = message.tool_call_id ?? undefined
      const answered = open.find((call) => (given ? call.id === given : !name || call.name === name))
      open = open.filter((call) => call !== answered)
      const tool = name ?? answered?.name
      return {
        role: 'tool',
        content,
        tool_call_id: given ?? answered?.id ?? `call_${count}`,
        ...(tool && { name: tool }),
      }
    }
    if (message.role !== 'assistant') return { role: message.role, content }
    const calls = (message.tool_calls ?? []).map((call): MessageToolCall & { id: string } => ({
      id: call.id ? call.id : `call_${count++}`,
      type: 'function',
      function: { name: call.function.name, arguments: argumentsText(call.function.arguments) },
    }))
    open = calls.map(({ id, function: { name } }) => ({ id, name }))
    return {
      role: 'assistant',
      content: content === '' && calls.length > 0 ? null : content,
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(message.thinking && { reasoning_content: message.thinking }),
    }
  })
}

function argumentsText(value: Record<string, unknown> | string | null | undefined): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value || {})
}

/** The prompt of /api/generate as a conversation. */
export function turnOf({ system, prompt }: GenerateRequest): ChatMessage[] {
  const user = { role: 'user', content: prompt ?? '' } as const
  return system ? [{ role: 'system', content: system }, user] : [user]
}

export function toolsOf(tools: ChatRequest['tools']): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map((tool) => toolDefinition(tool.function))
}

/** Variables of the chat template. */
export function thinkOptions(think: ChatRequest['think']): Record<string, unknown> | undefined {
  if (think === null || think === undefined) return undefined
  return typeof think === 'boolean' ? { enable_thinking: think } : { enable_thinking: true, reasoning_effort: think }
}
