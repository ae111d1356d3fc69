import type { ChatMessage, ToolDefinition } from '../../../chat/message.js'
import type { ConversationOptions } from '../../../remote/engine-like.js'
import { unsupported } from '../../http/api-error.js'
import { textOf } from '../content.js'
import { toolDefinition } from '../tool-calls.js'
import type { MessagesConversation } from './schema.js'

/** Anthropic's conversation as templates take it. @throws ApiError that names the part that is not text. */
export function conversationOf(
  body: MessagesConversation,
): { readonly messages: readonly ChatMessage[] } & ConversationOptions {
  const system = textOf(body.system, 'system')
  if (body.messages.at(-1)?.role === 'assistant') {
    const at = `messages[${body.messages.length - 1}]`
    throw unsupported(at, `${at}: going on with a message of the assistant is not supported; end with the user`)
  }
  const messages = body.messages.flatMap(({ role, content }, i): ChatMessage[] => {
    if (typeof content === 'string') return [{ role, content }]
    return role === 'user' ? userMessages(content, i) : [assistantMessage(content, i)]
  })
  return {
    messages: system === '' ? messages : [{ role: 'system', content: system }, ...messages],
    tools: body.tool_choice?.type === 'none' ? undefined : toolsOf(body.tools),
    templateOptions: body.thinking && { enable_thinking: body.thinking.type !== 'disabled' },
  }
}

type Blocks = Exclude<MessagesConversation['messages'][number]['content'], string>

/** Results of tools become messages of their own, before or after the text around them. */
function userMessages(blocks: Blocks, at: number): ChatMessage[] {
  const messages: ChatMessage[] = []
  let text: string[] = []
  const flush = (): void => {
    if (text.length > 0) messages.push({ role: 'user', content: text.join('\n') })
    text = []
  }
  blocks.forEach((block, i) => {
    const where = `messages[${at}].content[${i}]`
    if (isBlock(block, 'text')) text.push(block.text)
    else if (isBlock(block, 'tool_result')) {
      flush()
      const content = textOf(block.content, `${where}.content`)
      const shown = block.is_error ? `Error: ${content}` : content
      messages.push({ role: 'tool', content: shown, tool_call_id: block.tool_use_id })
    } else throw unsupported(where, `${where}: ${block.type} is not supported in a message of the user; send text`)
  })
  flush()
  return messages
}

function assistantMessage(blocks: Blocks, at: number): ChatMessage {
  const text: string[] = []
  const thinking: string[] = []
  const calls: NonNullable<ChatMessage['tool_calls']>[number][] = []
  blocks.forEach((block, i) => {
    if (isBlock(block, 'text')) text.push(block.text)
    else if (isBlock(block, 'thinking')) thinking.push(block.thinking)
    else if (isBlock(block, 'tool_use')) {
      const { id, name, input } = block
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } })
    } else {
      const where = `messages[${at}].content[${i}]`
      throw unsupported(where, `${where}: ${block.type} is not supported in a message of the assistant`)
    }
  })
  return {
    role: 'assistant',
    content: text.length === 0 && calls.length > 0 ? null : text.join(''),
    ...(thinking.length > 0 && { reasoning_content: thinking.join('') }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

/** What the schema says of blocks by their type; TypeScript sees only that the last alternative may have any. */
interface KnownBlocks {
  text: { readonly text: string }
  thinking: { readonly thinking: string }
  tool_use: { readonly id: string; readonly name: string; readonly input: Record<string, unknown> }
  tool_result: {
    readonly tool_use_id: string
    readonly content?: string | { type: string }[]
    readonly is_error?: boolean
  }
}

function isBlock<K extends keyof KnownBlocks>(block: { type: string }, type: K): block is { type: K } & KnownBlocks[K] {
  return block.type === type
}

export function toolsOf(tools: MessagesConversation['tools']): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map(({ type, name, description, input_schema: parameters, strict }, i) => {
    if (type && type !== 'custom') {
      throw unsupported(`tools[${i}].type`, `tools[${i}]: ${type} runs elsewhere; only tools of type custom are known`)
    }
    return toolDefinition({ name, description, parameters, strict })
  })
}
