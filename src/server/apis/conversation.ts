import { z } from 'zod'
import type { ChatMessage, MessageToolCall, ToolDefinition } from '../../chat/message.js'
import type { RequestScope } from '../admission/request.js'
import { resultText, textOf } from './content.js'
import { argumentsOfInput, customFormat, customTool } from './custom-tools.js'
import { argumentsText } from './history.js'
import { otherThan } from './other-type.js'
import { hostedTool, toolDefinition, toolName } from './tool-calls.js'

const textPart = z.object({ type: z.literal('text'), text: z.string() })
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })
const contentSchema = z.union([z.string(), z.array(z.union([textPart, otherThan('text')]))])
const answerSchema = z.union([z.string(), z.array(z.union([textPart, refusalPart, otherThan('text', 'refusal')]))])

/** JSON text, or the object itself; absent for none. */
const callArguments = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish()
const calledFunction = z.object({ name: z.string().min(1), arguments: callArguments })

const toolCall = z.union([
  z.object({ id: z.string().nullish(), type: z.literal('function').default('function'), function: calledFunction }),
  z.object({
    id: z.string().nullish(),
    type: z.literal('custom'),
    custom: z.object({ name: z.string().min(1), input: z.string() }),
  }),
])

const goesOn = z.boolean().nullish().describe('Of the last message: the answer continues with it.')

/** Fields of a message that say nothing to a model (annotations, audio) are left out. */
const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer', 'user']), content: contentSchema, name: z.string().nullish() }),
  z.object({
    role: z.literal('assistant'),
    content: answerSchema.nullish(),
    refusal: z.string().nullish(),
    reasoning_content: z.string().nullish().describe('What the assistant thought, for templates that keep it.'),
    reasoning: z.string().nullish().describe('Another name of reasoning_content.'),
    tool_calls: z.array(toolCall).nullish(),
    function_call: calledFunction.nullish().describe('The older form of a call.'),
    prefix: goesOn,
    partial: goesOn,
    name: z.string().nullish(),
  }),
  z.object({
    role: z.literal('tool'),
    content: contentSchema.nullish(),
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
  }),
  z.object({ role: z.literal('function'), content: contentSchema.nullish(), name: z.string().nullish() }),
])

const functionSchema = z.object({
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish().describe('A JSON schema of type object.'),
  strict: z.boolean().nullish(),
})

const toolSchema = z.union([
  z.object({ type: z.literal('function').default('function'), function: functionSchema }),
  z.object({
    type: z.literal('custom'),
    custom: z.object({ name: toolName, description: z.string().nullish(), format: customFormat.nullish() }),
  }),
  otherThan('function', 'custom'),
])

export const messagesField = z.array(messageSchema).min(1).max(10_000)
export const toolsField = z.array(toolSchema).max(1000).nullish()
export const functionsField = z.array(functionSchema).max(1000).nullish()

export type Messages = z.output<typeof messagesField>

/** The conversation as templates take it: text only, and system for what OpenAI calls developer. */
export function messagesOf(messages: Messages): ChatMessage[] {
  // Calls that have no answer yet: results without an id are theirs, in their order.
  let open: { readonly id: string; readonly name: string }[] = []
  return messages.map((message, i): ChatMessage => {
    const where = `messages[${i}].content`
    const name = message.name ? { name: message.name } : {}
    switch (message.role) {
      case 'assistant': {
        const answer = assistantMessage(message, i)
        open = (answer.tool_calls ?? []).map(({ id, function: { name } }) => ({ id: id ?? '', name }))
        return { ...answer, ...name }
      }
      case 'tool':
      case 'function': {
        const given = message.role === 'tool' ? message.tool_call_id : undefined
        const answered = open.find((call) => (given ? call.id === given : !message.name || call.name === message.name))
        open = open.filter((call) => call !== answered)
        return {
          role: 'tool',
          content: resultText(message.content),
          tool_call_id: given ?? answered?.id ?? '',
          ...name,
        }
      }
      default:
        return { role: message.role, content: textOf(message.content, where), ...name }
    }
  })
}

type AssistantMessage = Extract<Messages[number], { role: 'assistant' }>

function assistantMessage(message: AssistantMessage, at: number): ChatMessage {
  const calls = callsOf(message, at)
  const reasoning = message.reasoning_content ?? message.reasoning
  const content = message.content ?? message.refusal
  return {
    role: 'assistant',
    content: content === null || content === undefined ? null : textOf(content, `messages[${at}].content`),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(reasoning && { reasoning_content: reasoning }),
  }
}

function callsOf({ tool_calls: calls, function_call: single }: AssistantMessage, at: number): MessageToolCall[] {
  const all = calls && calls.length > 0 ? calls : single ? [{ type: 'function' as const, function: single }] : []
  return all.map((call, i) => {
    // Ids are made the same way each time, so that what is cached stays so.
    const id = ('id' in call ? call.id : undefined) ?? `call${at}x${i}`
    const { name, text } =
      call.type === 'custom'
        ? { name: call.custom.name, text: argumentsOfInput(call.custom.input) }
        : { name: call.function.name, text: argumentsText(call.function.arguments) }
    return { id, type: 'function', function: { name, arguments: text } }
  })
}

/** @throws ApiError where the server is strict, for tools that a provider would run */
export function toolsOf(
  tools: z.output<typeof toolsField>,
  scope: RequestScope,
  choice?: unknown,
): ToolDefinition[] | undefined {
  const known = (tools ?? []).flatMap((tool, i) => {
    if ('function' in tool && isFunction(tool)) return [toolDefinition(tool.function)]
    if ('custom' in tool && isCustom(tool)) return [customTool(tool.custom)]
    hostedTool(scope, tool.type, `tools[${i}].type`, choice)
    return []
  })
  return known.length > 0 ? known : undefined
}

type Tool = NonNullable<z.output<typeof toolsField>>[number]
type FunctionTool = Extract<Tool, { function: { name: string } }>
type CustomTool = Extract<Tool, { custom: { name: string } }>

function isFunction(tool: Tool): tool is FunctionTool {
  return tool.type === 'function'
}

export function isCustom(tool: Tool): tool is CustomTool {
  return tool.type === 'custom'
}
