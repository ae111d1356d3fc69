import type { ToolCall } from '../../../chat/dialects/dialect.js'
import type { ChatMessage, ToolDefinition } from '../../../chat/message.js'
import { badRequest } from '../../http/api-error.js'
import { grammarOf, type AnswerForm, type ToolChoice } from '../answer-form.js'
import { textOf } from '../content.js'
import { frame, merge } from '../../http/events.js'
import { chatLogprobs } from './logprobs.js'
import { newId, type RequestScope } from '../../http/request.js'
import { chatSchema, type ChatRequest } from './chat-schema.js'
import { samplingOptions } from '../sampling-schema.js'
import { templateOptions } from '../template-options.js'
import { toolDefinition, withoutFurtherCalls } from '../tool-calls.js'
import { usageOf } from '../usage.js'
import type { Answer, ChatCall, NamedChoice, Piece } from '../../../remote/protocol.js'
import type { RemoteAnswer } from '../../../remote/remote-answer.js'
import { post, type Call } from '../route.js'

/** OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat */
export const chatRoute = post({
  path: '/v1/chat/completions',
  summary: 'The answer to a conversation',
  tag: 'OpenAI',
  body: chatSchema,
  handle: chat,
})

/** What all chunks and the whole have in common. */
interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
}

async function chat({ body, scope }: Call<ChatRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  const calls = callsOf(body)
  const head = { id: `chatcmpl-${newId()}`, created: Math.floor(Date.now() / 1000), model: body.model }
  if (body.stream) return scope.stream(model, calls, (answers) => chunks(answers, body, head, scope))
  const { answers } = await scope.begin(model, calls)
  const choices = await Promise.all(answers.map((answer, index) => wholeChoice(answer, index, body)))
  scope.throwIfCancelled()
  return Response.json({
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ choice }) => choice),
    usage: usageOf(choices.map(({ answer }) => answer)),
  })
}

/** One call of the engine for each of the n answers; they differ in their seed. */
function callsOf(body: ChatRequest): ChatCall[] {
  const { n, seed, top_logprobs: top, tool_choice: choice } = body
  if (typeof top === 'number' && !body.logprobs) throw badRequest('top_logprobs', 'top_logprobs needs logprobs: true')
  if (body.stream_options && !body.stream) throw badRequest('stream_options', 'stream_options needs stream: true')
  const tools = toolsOf(body.tools)
  const grammar = grammarOf({
    format: body.response_format ? responseFormat(body.response_format) : undefined,
    choice: choice ? toolChoiceOf(choice) : undefined,
    tools,
    parallel: body.parallel_tool_calls !== false,
  })
  const call: ChatCall = {
    kind: 'chat',
    messages: messagesOf(body.messages),
    tools: choice === 'none' ? undefined : tools,
    templateOptions: templateOptions(body.reasoning_effort, body.chat_template_kwargs),
    options: {
      ...samplingOptions(body),
      maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
      logprobs: body.logprobs ? (top ?? 0) : undefined,
      grammar,
    },
  }
  return Array.from({ length: n ?? 1 }, (_, i) => {
    if (typeof seed !== 'number' || i === 0) return call
    return { ...call, options: { ...call.options, seed: seed + i } }
  })
}

function toolChoiceOf(choice: NonNullable<ChatRequest['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { name: choice.function.name }
}

function responseFormat(format: NonNullable<ChatRequest['response_format']>): AnswerForm['format'] {
  const schema = { json_schema: format.json_schema?.schema, regex: format.pattern, ebnf: format.grammar }
  const { type } = format
  return { param: 'response_format', type, schema: type in schema ? schema[type as keyof typeof schema] : undefined }
}

/** The conversation as templates take it: text only, and system for what OpenAI calls developer. */
export function messagesOf(messages: ChatRequest['messages']): ChatMessage[] {
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

export function toolsOf(tools: ChatRequest['tools']): ToolDefinition[] | undefined {
  if (!tools || tools.length === 0) return undefined
  return tools.map((tool) => toolDefinition(tool.function))
}

/** Reads one answer to its end. */
async function wholeChoice(
  answer: RemoteAnswer,
  index: number,
  body: ChatRequest,
): Promise<{ choice: unknown; answer: Answer }> {
  const named: NamedChoice[] = []
  for await (const { choices } of limited(answer, body)) named.push(...(choices ?? []))
  const whole = await answer.result
  const toolCalls = body.parallel_tool_calls === false ? whole.toolCalls.slice(0, 1) : whole.toolCalls
  const message = {
    role: 'assistant',
    content: whole.text === '' && toolCalls.length > 0 ? null : whole.text,
    refusal: null,
    ...(whole.reasoning !== '' && { reasoning_content: whole.reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(shownCall) }),
  }
  const logprobs = body.logprobs ? { content: chatLogprobs(named), refusal: null } : null
  return { choice: { index, message, logprobs, finish_reason: finishOf(whole) }, answer: whole }
}

function limited(answer: RemoteAnswer, body: ChatRequest): AsyncIterable<Piece> {
  return body.parallel_tool_calls === false ? withoutFurtherCalls(answer) : answer
}

async function* chunks(
  answers: readonly RemoteAnswer[],
  body: ChatRequest,
  head: Head,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const usage = body.stream_options?.include_usage ? { usage: null } : {}
  const chunk = (index: number, delta: unknown, more: { logprobs?: unknown; finish_reason?: string } = {}): string => {
    const choice = { index, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish_reason ?? null }
    return frame({ ...head, object: 'chat.completion.chunk', choices: [choice], ...usage })
  }
  for (const index of answers.keys()) yield chunk(index, { role: 'assistant', content: '', refusal: null })
  for await (const { source, item } of merge(answers.map((answer) => limitedWhole(answer, body)))) {
    if ('finished' in item) {
      yield chunk(source, {}, { finish_reason: finishOf(item.finished) })
      continue
    }
    const { part, choices } = item
    const logprobs = choices && { logprobs: { content: chatLogprobs(choices), refusal: null } }
    if (part?.kind === 'tool-call') {
      const { index, id, name, arguments: text } = part.call
      const call = { index, id, type: 'function', function: { name, arguments: '' } }
      yield chunk(source, { tool_calls: [call] }, logprobs)
      yield chunk(source, { tool_calls: [{ index, function: { arguments: text } }] })
    } else if (part?.kind === 'reasoning') yield chunk(source, { reasoning_content: part.text }, logprobs)
    else yield chunk(source, { content: part?.text ?? '' }, logprobs)
  }
  scope.throwIfCancelled()
  if (body.stream_options?.include_usage) {
    const wholes = await Promise.all(answers.map(({ result }) => result))
    yield frame({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(wholes) })
  }
  yield frame('[DONE]')
}

/** The pieces of one answer, and at the end the whole. */
async function* limitedWhole(
  answer: RemoteAnswer,
  body: ChatRequest,
): AsyncGenerator<Piece | { finished: Answer }, void, undefined> {
  yield* limited(answer, body)
  yield { finished: await answer.result }
}

function shownCall({ id, name, arguments: text }: ToolCall) {
  return { id, type: 'function', function: { name, arguments: text } }
}

function finishOf({ finishReason, toolCalls }: Answer): string {
  if (finishReason === 'length') return 'length'
  return toolCalls.length > 0 ? 'tool_calls' : 'stop'
}
