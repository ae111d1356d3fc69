import { newId, type RequestScope } from '../../admission/request.js'
import { badRequest } from '../../http/api-error.js'
import { drained } from '../../http/events.js'
import { grammarOf, type ToolChoice } from '../answer-form.js'
import { startChat, type ChatCall } from '../calls.js'
import { post, type Call } from '../route.js'
import { conversationOf, toolsOf } from './conversation.js'
import { countTokensSchema, messagesSchema, type MessagesConversation, type MessagesRequest } from './schema.js'
import { blocksOf, endOf, events, limited, usageOf } from './stream.js'

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
    const { messages, tools, templateOptions } = conversationOf(body)
    const ids = await engine.encodeChat(messages, { tools, templateOptions })
    return Response.json({ input_tokens: ids.length })
  },
})

async function messages({ body, scope }: Call<MessagesRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  const call = startChat(callOf(body, scope))
  const head = { id: `msg_${newId()}`, type: 'message', role: 'assistant', model: body.model }
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

function callOf(body: MessagesRequest, scope: RequestScope): ChatCall {
  const form = {
    choice: body.tool_choice && toolChoiceOf(body.tool_choice),
    tools: toolsOf(body.tools),
    parallel: body.tool_choice?.disable_parallel_tool_use !== true,
  }
  const { grammar, paramOf } = grammarOf(form, 'input_schema')
  scope.grammarParam = paramOf
  const { messages, ...inputs } = conversationOf(body)
  return {
    messages,
    options: {
      ...inputs,
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
