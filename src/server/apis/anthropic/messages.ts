import type { ChatMessage, ToolDefinition } from '../../../chat/message.js'
import { badRequest, unsupported } from '../../http/api-error.js'
import { grammarOf, type ToolChoice } from '../answer-form.js'
import { textOf } from '../content.js'
import { drained, frame } from '../../http/events.js'
import { newId, type RequestScope } from '../../http/request.js'
import { countTokensSchema, messagesSchema, type MessagesConversation, type MessagesRequest } from './schema.js'
import { toolDefinition, withoutFurtherCalls } from '../tool-calls.js'
import type { Answer, ChatCall, Conversation } from '../../../remote/protocol.js'
import type { RemoteAnswer } from '../../../remote/remote-answer.js'
import { post, type Call } from '../route.js'

/** Anthropic's messages: https://docs.anthropic.com/en/api/messages */
export const messagesRoute = post({
  path: '/v1/messages',
  summary: 'The answer to a conversation, in the form of the Anthropic API',
  tag: 'Anthropic',
  body: messagesSchema,
  handle: messages,
})

export const countTokensRoute = post({
  path: '/v1/messages/count_tokens',
  summary: 'Tokens of a conversation',
  tag: 'Anthropic',
  body: countTokensSchema,
  async handle({ body, scope }: Call<MessagesConversation>) {
    const { engine } = scope.state.models.find(body.model)
    const { ids } = await engine.ask({ kind: 'encode', input: conversationOf(body) }, scope.signal)
    return Response.json({ input_tokens: ids.length })
  },
})

async function messages({ body, scope }: Call<MessagesRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  const call = callOf(body)
  const head = { id: `msg_${newId()}`, type: 'message', role: 'assistant', model: body.model }
  if (body.stream) return scope.stream(model, [call], ([answer]) => events(answer!, body, head, scope))
  const { answers } = await scope.begin(model, [call])
  await drained(limited(answers[0]!, body))
  const whole = await answers[0]!.result
  scope.throwIfCancelled()
  return Response.json({ ...head, content: blocksOf(whole, body), ...endOf(whole), usage: usageOf(whole) })
}

function callOf(body: MessagesRequest): ChatCall {
  const grammar = grammarOf({
    choice: body.tool_choice && toolChoiceOf(body.tool_choice),
    tools: toolsOf(body.tools),
    parallel: body.tool_choice?.disable_parallel_tool_use !== true,
  })
  return {
    kind: 'chat',
    ...conversationOf(body),
    options: {
      maxTokens: body.max_tokens,
      temperature: body.temperature,
      topP: body.top_p === 0 ? Number.EPSILON : body.top_p,
      topK: body.top_k,
      stop: body.stop_sequences,
      grammar,
    },
  }
}

function toolChoiceOf({ type, name }: NonNullable<MessagesRequest['tool_choice']>): ToolChoice {
  if (type === 'any') return 'required'
  if (type !== 'tool') return type
  if (name === undefined) throw badRequest('tool_choice.name', 'tool_choice of type tool needs a name')
  return { name }
}

function conversationOf(body: MessagesConversation): Conversation {
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

function toolsOf(tools: MessagesConversation['tools']): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map(({ type, name, description, input_schema: parameters, strict }, i) => {
    if (type && type !== 'custom') {
      throw unsupported(`tools[${i}].type`, `tools[${i}]: ${type} runs elsewhere; only tools of type custom are known`)
    }
    return toolDefinition({ name, description, parameters, strict })
  })
}

function limited(answer: RemoteAnswer, body: MessagesRequest) {
  return body.tool_choice?.disable_parallel_tool_use ? withoutFurtherCalls(answer) : answer
}

function callsOf(whole: Answer, body: MessagesRequest) {
  return body.tool_choice?.disable_parallel_tool_use ? whole.toolCalls.slice(0, 1) : whole.toolCalls
}

function blocksOf(whole: Answer, body: MessagesRequest) {
  const { reasoning, text } = whole
  return [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: '' }]),
    ...(text === '' ? [] : [{ type: 'text', text, citations: null }]),
    ...callsOf(whole, body).map(({ id, name, arguments: json }) => ({
      type: 'tool_use',
      id,
      name,
      input: JSON.parse(json) as unknown,
    })),
  ]
}

function endOf({ finishReason, stopText, toolCalls }: Answer) {
  const stop = { stop_sequence: stopText ?? null }
  if (finishReason === 'length') return { stop_reason: 'max_tokens', ...stop }
  if (toolCalls.length > 0) return { stop_reason: 'tool_use', ...stop }
  return { stop_reason: stopText === undefined ? 'end_turn' : 'stop_sequence', ...stop }
}

/** input_tokens are those that had to be computed, as Anthropic counts them. */
function usageOf({ promptTokens, cachedTokens, tokens }: Pick<Answer, 'promptTokens' | 'cachedTokens' | 'tokens'>) {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: 0,
    output_tokens: tokens,
  }
}

/** What is open in the stream. */
type BlockKind = 'thinking' | 'text'

async function* events(
  answer: RemoteAnswer,
  body: MessagesRequest,
  head: Record<string, string>,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const event = (type: string, data: Record<string, unknown>): string => frame({ type, ...data }, type)
  let begun = false
  const begin = (count: Parameters<typeof usageOf>[0]): string => {
    begun = true
    const message = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: usageOf(count) }
    return event('message_start', { message })
  }
  let index = -1
  let open: BlockKind | undefined
  const start = (block: unknown): string => event('content_block_start', { index: ++index, content_block: block })
  const delta = (data: unknown): string => event('content_block_delta', { index, delta: data })
  const stop = (): string => event('content_block_stop', { index })
  const close = function* (): Generator<string, void, undefined> {
    if (open === 'thinking') yield delta({ type: 'signature_delta', signature: '' })
    if (open) yield stop()
    open = undefined
  }
  for await (const { prompt, part } of limited(answer, body)) {
    if (prompt) yield begin({ ...prompt, tokens: 1 })
    if (!part) continue
    if (part.kind === 'tool-call') {
      yield* close()
      yield start({ type: 'tool_use', id: part.call.id, name: part.call.name, input: {} })
      yield delta({ type: 'input_json_delta', partial_json: part.call.arguments })
      yield stop()
      continue
    }
    const kind = part.kind === 'reasoning' ? 'thinking' : 'text'
    if (open !== kind) {
      yield* close()
      open = kind
      yield start(
        kind === 'thinking'
          ? { type: 'thinking', thinking: '', signature: '' }
          : { type: 'text', text: '', citations: null },
      )
    }
    yield delta(
      kind === 'thinking' ? { type: 'thinking_delta', thinking: part.text } : { type: 'text_delta', text: part.text },
    )
  }
  yield* close()
  const whole = await answer.result
  scope.throwIfCancelled()
  if (!begun) yield begin(whole)
  yield event('message_delta', { delta: endOf(whole), usage: usageOf(whole) })
  yield event('message_stop', {})
}
