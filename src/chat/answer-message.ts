import type { ToolCall } from './dialects/dialect.js'
import type { ChatMessage } from './message.js'

/**
 * The message of an answer, for the conversation that continues: with its reasoning and its tool calls.
 * @example
 * const messages: ChatMessage[] = [{ role: 'user', content: 'reverse the word stone' }]
 * messages.push(answerMessage(await engine.chat(messages).result), { role: 'user', content: 'and river' })
 * console.log(messages[1]!.role) // assistant
 */
export function answerMessage({
  text,
  reasoning,
  toolCalls,
}: {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCall[]
}): ChatMessage {
  const calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }))
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}
