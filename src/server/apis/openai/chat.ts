import { newId, type RequestScope, type StartAnswer } from '../../admission/request.js'
import { badRequest } from '../../http/api-error.js'
import { grammarOf, type AnswerForm, type ToolChoice } from '../answer-form.js'
import { startChat } from '../calls.js'
import { messagesOf, toolsOf } from '../conversation.js'
import { samplingOptions } from '../request-fields.js'
import { post, type Call } from '../route.js'
import { templateOptions } from '../template-options.js'
import { chatSchema, type ChatRequest } from './chat-schema.js'
import { chunks, wholeChoice } from './chat-stream.js'
import { usageOf } from './usage.js'

/** OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat */
export const chatRoute = post({
  path: '/v1/chat/completions',
  summary: 'The answer to a conversation',
  tag: 'OpenAI',
  body: chatSchema,
  handle: chat,
})

async function chat({ body, scope }: Call<ChatRequest>): Promise<Response> {
  const model = scope.state.models.find(body.model)
  const calls = callsOf(body, scope)
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
function callsOf(body: ChatRequest, scope: RequestScope): StartAnswer[] {
  const { n, seed, top_logprobs: top, tool_choice: choice } = body
  if (typeof top === 'number' && !body.logprobs) throw badRequest('top_logprobs', 'top_logprobs needs logprobs: true')
  if (body.stream_options && !body.stream) throw badRequest('stream_options', 'stream_options needs stream: true')
  const tools = toolsOf(body.tools)
  const form = {
    format: body.response_format ? responseFormat(body.response_format) : undefined,
    choice: choice ? toolChoiceOf(choice) : undefined,
    tools,
    parallel: body.parallel_tool_calls !== false,
  }
  const { grammar, paramOf } = grammarOf(form, 'function.parameters')
  scope.grammarParam = paramOf
  const messages = messagesOf(body.messages)
  const options = {
    ...samplingOptions(body),
    tools: choice === 'none' ? undefined : tools,
    templateOptions: templateOptions(body.reasoning_effort, body.chat_template_kwargs),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    logprobs: body.logprobs ? (top ?? 0) : undefined,
    grammar,
  }
  return Array.from({ length: n ?? 1 }, (_, i) =>
    startChat({ messages, options: typeof seed === 'number' ? { ...options, seed: seed + i } : options }),
  )
}

function toolChoiceOf(choice: NonNullable<ChatRequest['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { name: choice.function.name }
}

function responseFormat(format: NonNullable<ChatRequest['response_format']>): AnswerForm['format'] {
  const { type, json_schema: json, pattern, grammar } = format
  const schema = type === 'json_schema' ? json?.schema : type === 'regex' ? pattern : grammar
  return { param: 'response_format', type, schema }
}
