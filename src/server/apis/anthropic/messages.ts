import type { ServedModel } from '../../admission/models.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { ApiError, badRequest } from '../../http/api-error.js'
import { drained } from '../../http/events.js'
import { grammarOf, type AnswerForm, type ToolChoice } from '../answer-form.js'
import { startChat, type ChatCall } from '../calls.js'
import { stopOf } from '../request-fields.js'
import { post, type Call } from '../route.js'
import { tokensOfChat } from '../token-work.js'
import { conversationOf } from './conversation.js'
import { countTokensSchema, messagesSchema, type MessagesConversation, type MessagesRequest } from './schema.js'
import { blocksOf, endOf, events, limited, usageOf } from './stream.js'

/** Anthropic's messages: https://docs.anthropic.com/en/api/messages */
export const messagesRoute = post({
  path: '/v1/messages',
  summary: 'The answer to a conversation, in the form of the Anthropic API',
  tag: 'Anthropic',
  api: 'messages',
  body: messagesSchema,
  handle: messages,
})

export const countTokensRoute = post({
  path: '/v1/messages/count_tokens',
  summary: 'Tokens of a conversation',
  tag: 'Anthropic',
  api: 'messages',
  body: countTokensSchema,
  async handle({ body, scope }: Call<MessagesConversation>) {
    const model = scope.state.models.find(body.model)
    const { messages, tools, templateOptions, continueFinalMessage } = conversationOf(body, scope)
    const options = { tools, templateOptions, continueFinalMessage }
    const ids = await tokensOfChat(model, messages, options, 'messages', scope)
    return Response.json({ input_tokens: ids.length })
  },
})

async function messages({ body, scope }: Call<MessagesRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  const call = startChat(callOf(body, scope))
  const head = { id: `msg_${newId()}`, type: 'message', role: 'assistant', model: model.name }
  if (body.max_tokens === 0) return warmed(model, call, head, body, scope)
  if (body.stream) return scope.stream(model, [call], ([answer]) => events(answer!, body, head, scope))
  const { answers } = await scope.begin(model, [call])
  await drained(limited(answers[0]!, body))
  const whole = await answers[0]!.result
  scope.throwIfCancelled()
  return Response.json({
    ...head,
    content: blocksOf(whole, body),
    ...endOf(whole),
    usage: usageOf(whole, whole.ids.length),
  })
}

/** Computes the prompt, for requests that come after it, and answers nothing. */
async function warmed(
  model: ServedModel,
  call: ReturnType<typeof startChat>,
  head: Record<string, string>,
  { stream }: MessagesRequest,
  scope: RequestScope,
): Promise<Response> {
  if (stream) throw badRequest('stream', 'stream needs max_tokens of at least 1')
  const { answers } = await scope.begin(model, [call])
  const whole = await answers[0]!.result
  scope.throwIfCancelled()
  const end = { stop_reason: 'max_tokens', stop_sequence: null }
  return Response.json({ ...head, content: [], ...end, usage: usageOf(whole, 0) })
}

/** A client that continues a thread sends only what is new: to ignore it would lose the conversation. */
function refuseThread(thread: unknown): void {
  if (thread === undefined || thread === null) return
  const code = 'thread_unsupported_request'
  throw new ApiError(400, 'thread: conversations are not held here; send all messages, without thread', {
    code,
    param: 'thread',
    // By which Anthropic's clients know that they may continue without it.
    details: { error_code: code, unsupported: ['thread'] },
  })
}

function callOf(body: MessagesRequest, scope: RequestScope): ChatCall {
  refuseThread(body.thread)
  const { messages, allTools, ...inputs } = conversationOf(body, scope)
  const form = {
    format: formatOf(body),
    choice: body.tool_choice && toolChoiceOf(body.tool_choice),
    tools: allTools,
    parallel: body.tool_choice?.disable_parallel_tool_use !== true,
  }
  const { grammar, paramOf } = grammarOf(form, 'input_schema')
  scope.grammarParam = paramOf
  return {
    messages,
    options: {
      ...inputs,
      callPieces: true,
      promptProgress: body.stream === true,
      mustAnswer: true,
      // The least that the engine makes; of a prompt alone it is left away.
      maxTokens: Math.max(1, body.max_tokens),
      temperature: body.temperature,
      topP: body.top_p === 0 ? Number.EPSILON : body.top_p,
      topK: body.top_k === -1 ? 0 : body.top_k,
      stop: stopOf(body.stop_sequences),
      grammar,
    },
  }
}

function formatOf({ output_config: config, output_format: older }: MessagesRequest): AnswerForm['format'] {
  const format = config?.format ?? older
  const param = config?.format ? 'output_config.format' : 'output_format'
  return format ? { param, type: format.type, schema: format.schema } : undefined
}

function toolChoiceOf({ type, name }: NonNullable<MessagesRequest['tool_choice']>): ToolChoice {
  if (type === 'any') return 'required'
  if (type !== 'tool') return type
  if (name === undefined) throw badRequest('tool_choice.name', 'tool_choice of type tool needs a name')
  return { name }
}
