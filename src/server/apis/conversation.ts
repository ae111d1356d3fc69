import { z } from 'zod'
import type { ChatMessage, ToolDefinition } from '../../chat/message.js'
import { textOf } from './content.js'
import { otherThan } from './other-type.js'
import { toolDefinition } from './tool-calls.js'

const textPart = z.object({ type: z.literal('text'), text: z.string() })
const contentSchema = z.union([z.string(), z.array(z.union([textPart, otherThan('text')]))])

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
})

/** Fields of a message that say nothing to a model (refusal, annotations, audio) are left out. */
const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer', 'user']), content: contentSchema, name: z.string().nullish() }),
  z.object({
    role: z.literal('assistant'),
    content: contentSchema.nullish(),
    reasoning_content: z.string().nullish().describe('What the assistant thought, for templates that keep it.'),
    tool_calls: z.array(toolCall).nullish(),
    name: z.string().nullish(),
  }),
  z.object({ role: z.literal('tool'), content: contentSchema, tool_call_id: z.string(), name: z.string().nullish() }),
])

const toolSchema = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128'),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish().describe('A JSON schema of type object.'),
    strict: z.boolean().nullish(),
  }),
})

export const messagesField = z.array(messageSchema).min(1).max(10_000)
export const toolsField = z.array(toolSchema).max(1000).nullish()

/** The conversation as templates take it: text only, and system for what OpenAI calls developer. */
export function messagesOf(messages: z.output<typeof messagesField>): ChatMessage[] {
  return messages.map((message, i): ChatMessage => {
    const content = textOf(message.content, `messages[${i}].content`)
    const name = message.name ? { name: message.name } : {}
    switch (message.role) {
      case 'assistant': {
        const { tool_calls: calls, reasoning_content: reasoning } = message
        return {
          role: 'assistant',
          content: message.content === null || message.content === undefined ? null : content,
          ...(calls && calls.length > 0 && { tool_calls: calls }),
          ...(reasoning && { reasoning_content: reasoning }),
          ...name,
        }
      }
      case 'tool':
        return { role: 'tool', content, tool_call_id: message.tool_call_id, ...name }
      default:
        return { role: message.role, content, ...name }
    }
  })
}

export function toolsOf(tools: z.output<typeof toolsField>): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map((tool) => toolDefinition(tool.function))
}
