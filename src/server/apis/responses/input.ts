import { denied } from '../../../agent/loop/wording.js'
import type { ChatMessage } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { newId } from '../../admission/request.js'
import { badRequest, unsupported } from '../../http/api-error.js'
import { resultText, textOf } from '../content.js'
import { argumentsOfInput } from '../custom-tools.js'
import { argumentsText } from '../history.js'
import type { InputItem, ResponsesRequest } from './schema.js'
import type { McpCallItem, McpRequestItem, McpResponseItem } from './mcp-schema.js'
import { toldOf, unsealed } from './summary.js'

/** Finds an item of an earlier response by its id. */
export type FindItem = (id: string) => Record<string, unknown> | undefined

/** Records of what a provider did by itself: the answers that came of it stand next to them. */
const OF_PROVIDERS: ReadonlySet<string> = new Set([
  ...['web_search_call', 'file_search_call', 'image_generation_call', 'code_interpreter_call'],
  ...['tool_search_call', 'tool_search_output'],
])

/** The items of a request with those that it refers to in their places. @throws ApiError for what is not known (any more) */
export function itemsOf(input: ResponsesRequest['input'], find: FindItem): InputItem[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return input.map((item, i) => {
    if (item.type !== 'item_reference') return item
    const { id } = item as { id: string }
    // What the server remembers has the form that it takes.
    const found = find(id) as InputItem | undefined
    if (found) return found
    const shown = JSON.stringify(id.slice(0, 100))
    throw badRequest(`input[${i}].id`, `item ${shown} is not remembered here (any more); send it`, 'item_not_found')
  })
}

/** Items as the server shows them: with ids, and with content as a list. */
export function shownItems(items: readonly InputItem[]): Record<string, unknown>[] {
  return items.map((item) => {
    const own = 'id' in item && typeof item.id === 'string' ? item.id : undefined
    if (item.type !== 'message' && item.type !== undefined)
      return { ...item, id: own ?? `${PREFIXES[item.type] ?? 'item'}_${newId()}` }
    const { role, content } = item as Extract<InputItem, { role: string }>
    const type = role === 'assistant' ? 'output_text' : 'input_text'
    const parts = typeof content === 'string' ? [{ type, text: content }] : content
    return { type: 'message', id: own ?? `msg_${newId()}`, role, status: 'completed', content: parts }
  })
}

const PREFIXES: Readonly<Record<string, string | undefined>> = {
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  mcp_approval_response: 'mcpa',
  compaction: 'cmp',
}

/** Items as a conversation: reasoning and calls join the assistant's message that they belong to. */
export function messagesOfItems(
  items: readonly InputItem[],
  scope: RequestScope,
  outputs: ReadonlyMap<string, string> = new Map(),
): ChatMessage[] {
  const messages: ChatMessage[] = []
  items.forEach((item, i) => {
    if (!appendMcp(messages, item, outputs)) append(messages, item, `input[${i}]`, scope)
  })
  return messages
}

function append(messages: ChatMessage[], item: InputItem, where: string, scope: RequestScope): void {
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
      const reasoning = thoughtOf(item as Thought)
      if (reasoning !== '') joinAssistant(messages, { role: 'assistant', content: null, reasoning_content: reasoning })
      return
    }
    case 'function_call': {
      const { call_id: id, name, arguments: given } = item as Extract<InputItem, { type: 'function_call' }>
      return joinCall(messages, id, name, argumentsText(given))
    }
    case 'custom_tool_call': {
      const { call_id: id, name, input } = item as Extract<InputItem, { type: 'custom_tool_call' }>
      return joinCall(messages, id, name, argumentsOfInput(input))
    }
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const { call_id, output } = item as Extract<InputItem, { call_id: string; output: unknown }>
      messages.push({ role: 'tool', content: resultText(output), tool_call_id: call_id })
      return
    }
    case 'compaction':
    case 'compaction_summary': {
      const summary = unsealed((item as { encrypted_content?: unknown }).encrypted_content)
      if (summary === undefined)
        throw unsupported(
          where,
          `${where}: this compaction was not made here, so that it cannot be read; send what was said`,
        )
      messages.push({ role: 'user', content: toldOf(summary) })
      return
    }
    case 'additional_tools':
      return
    default:
      if (!OF_PROVIDERS.has(item.type))
        throw unsupported(`${where}.type`, `${where}: items of type ${item.type} are not supported`)
      scope.ignore(`input (${item.type})`)
  }
}

/** Calls of MCP servers' tools are calls with their outputs. @returns whether the item is about such */
function appendMcp(messages: ChatMessage[], item: InputItem, outputs: ReadonlyMap<string, string>): boolean {
  switch (item.type) {
    case 'mcp_list_tools':
      return true
    case 'mcp_approval_request': {
      const { id, name, arguments: text } = item as McpRequestItem
      joinCall(messages, id, name, argumentsText(text))
      return true
    }
    case 'mcp_approval_response': {
      const { approval_request_id: id, approve, reason } = item as McpResponseItem
      const content = approve ? outputs.get(id) : denied(reason ?? undefined)
      if (content !== undefined) messages.push({ role: 'tool', content, tool_call_id: id })
      return true
    }
    case 'mcp_call': {
      const { id, name, arguments: text, approval_request_id: asked, output, error } = item as McpCallItem
      const isThere = messages.some(({ tool_calls: calls }) => calls?.some((call) => call.id === asked))
      if (!isThere) joinCall(messages, id, name, argumentsText(text))
      const content = output ?? (typeof error === 'string' ? error : 'no result')
      messages.push({ role: 'tool', content, tool_call_id: isThere ? asked! : id })
      return true
    }
    default:
      return false
  }
}

type Thought = { content?: readonly { text: string }[] | null; summary?: readonly { text: string }[] | null }

/** What was thought, or, where a client keeps the summary only, that. */
function thoughtOf({ content, summary }: Thought): string {
  const text = content?.map((part) => part.text).join('') ?? ''
  return text === '' ? (summary?.map((part) => part.text).join('\n\n') ?? '') : text
}

function joinCall(messages: ChatMessage[], id: string, name: string, text: string): void {
  const call = { id, type: 'function' as const, function: { name, arguments: text } }
  joinAssistant(messages, { role: 'assistant', content: null, tool_calls: [call] })
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
