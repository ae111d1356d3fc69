import { joinedTurns } from '../../../chat/turns.js'
import type { ChatMessage, ToolDefinition } from '../../../chat/message.js'
import type { ConversationOptions } from '../../../remote/engine-like.js'
import type { RequestScope } from '../../admission/request.js'
import { badRequest, unsupported } from '../../http/api-error.js'
import { resultText, textOf } from '../content.js'
import { templateOptions } from '../template-options.js'
import { hostedTool, toolDefinition } from '../tool-calls.js'
import { blockText, isBlock } from './blocks.js'
import { clientTool } from './client-tools.js'
import type { MessagesConversation } from './schema.js'

/** Anthropic's conversation as templates take it. @throws ApiError that names the part that is not text. */
export function conversationOf(
  body: MessagesConversation,
  scope: RequestScope,
): {
  readonly messages: readonly ChatMessage[]
  readonly allTools: ToolDefinition[] | undefined
} & ConversationOptions {
  const system = systemOf(body, scope)
  const turns = body.messages.flatMap(({ role, content }, i): ChatMessage[] => {
    if (typeof content === 'string') return [{ role, content }]
    if (role === 'assistant') return [assistantMessage(content, i, scope)]
    return role === 'user' ? userMessages(content, i) : [{ role, content: textOf(content, `messages[${i}].content`) }]
  })
  // Turns of one role in a row are one, says the API.
  const messages = joinedTurns(turns)
  const last = messages.at(-1)
  const allTools = toolsOf(body, scope)
  return {
    messages: system === '' ? messages : [{ role: 'system', content: system }, ...messages],
    allTools,
    tools: body.tool_choice?.type === 'none' ? undefined : allTools,
    templateOptions: templateOptions(
      {
        effort: body.output_config?.effort,
        enabled: body.thinking && body.thinking.type !== 'disabled',
      },
      undefined,
    ),
    ...(last?.role === 'assistant' && !last.tool_calls?.length && { continueFinalMessage: true }),
  }
}

/**
 * Claude Code begins its system message with a line for Anthropic's accounts that is new in every request: nothing after it, tools
 * and conversation, would be found in the cache.
 */
const ACCOUNTS = /^x-anthropic-billing-header:[^\n]*\n?/

function systemOf({ system = '' }: MessagesConversation, scope: RequestScope): string {
  const whole = textOf(system, 'system')
  const texts = typeof system === 'string' ? [system] : system.map((block) => textOf([block], 'system'))
  if (!texts.some((text) => ACCOUNTS.test(text))) return whole
  scope.ignore('system (x-anthropic-billing-header)')
  return texts.map((text) => text.replace(ACCOUNTS, '')).join('')
}

type Blocks = Exclude<MessagesConversation['messages'][number]['content'], string>

/** Results of tools become messages of their own, before or after the text around them. */
function userMessages(blocks: Blocks, at: number): ChatMessage[] {
  // Without it, the answer would continue the assistant's message before.
  if (blocks.length === 0) return [{ role: 'user', content: '' }]
  const messages: ChatMessage[] = []
  let text: string[] = []
  const flush = (): void => {
    if (text.length > 0) messages.push({ role: 'user', content: text.join('\n') })
    text = []
  }
  blocks.forEach((block, i) => {
    const where = `messages[${at}].content[${i}]`
    const own = blockText(block, where)
    if (own !== undefined) text.push(own)
    else if (isBlock(block, 'tool_result')) {
      flush()
      const content = resultText(block.content, (part, n) => blockText(part, `${where}.content[${n}]`))
      const shown = block.is_error ? `Error: ${content}` : content
      messages.push({ role: 'tool', content: shown, tool_call_id: block.tool_use_id })
    } else throw unsupported(where, `${where}: ${block.type} is not supported in a message of the user; send text`)
  })
  flush()
  return messages
}

/** Records of what a provider did by itself: the answers that came of it stand next to them. */
const OF_PROVIDERS = /^(server_tool_use|mcp_tool_use|[a-z_]{1,40}_tool_result)$/

function assistantMessage(blocks: Blocks, at: number, scope: RequestScope): ChatMessage {
  const text: string[] = []
  const thinking: string[] = []
  const calls: NonNullable<ChatMessage['tool_calls']>[number][] = []
  blocks.forEach((block, i) => {
    if (isBlock(block, 'text')) text.push(block.text)
    else if (isBlock(block, 'thinking')) thinking.push(block.thinking)
    // Only its author can read it.
    else if (block.type === 'redacted_thinking') scope.ignore('messages (redacted_thinking)')
    else if (OF_PROVIDERS.test(block.type)) scope.ignore(`messages (${block.type})`)
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

/** Fields of tools that say when and how a provider gives them to the model. */
const IGNORED_OF_TOOLS = ['defer_loading', 'eager_input_streaming', 'allowed_callers', 'input_examples'] as const

function toolsOf(
  { tools, tool_choice: choice }: MessagesConversation,
  scope: RequestScope,
): ToolDefinition[] | undefined {
  const known = (tools ?? []).flatMap((tool, i): ToolDefinition[] => {
    const { type, name, description, input_schema: parameters, strict } = tool
    const client = type ? clientTool(type, name) : undefined
    if (client) return [client]
    if (type && type !== 'custom') {
      const asked = choice?.type === 'tool' && choice.name !== name ? 'auto' : choice?.type
      hostedTool(scope, type, `tools[${i}].type`, asked)
      return []
    }
    for (const field of IGNORED_OF_TOOLS) if (tool[field] !== undefined) scope.ignore(`tools.${field}`)
    if (name === undefined) {
      throw badRequest(`tools[${i}].name`, `missing parameter: tools[${i}].name`, 'missing_required_parameter')
    }
    return [toolDefinition({ name, description, parameters, strict })]
  })
  return known.length > 0 ? known : undefined
}
