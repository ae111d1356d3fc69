import type { ChatMessage } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { ApiError, badRequest, unsupported } from '../../http/api-error.js'
import { drained, frame } from '../../http/events.js'
import { grammarOf, type AnswerForm, type ToolChoice } from '../answer-form.js'
import { startChat, type ChatCall } from '../calls.js'
import { samplingOptions } from '../request-fields.js'
import { post, type Call, type Route } from '../route.js'
import { templateOptions } from '../template-options.js'
import { messagesOfInput, toolsOfResponse } from './input.js'
import type { ResponseEvent } from './items.js'
import { ResponseRun, wantsLogprobs } from './run.js'
import { responsesSchema, type ResponsesRequest } from './schema.js'
import type { ResponseStore } from './store.js'

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses. What a server remembers lies in `store`. */
export function responseRoutes(store: ResponseStore): Route[] {
  return [createRoute(store), readRoute(store), deleteRoute(store)]
}

const createRoute = (store: ResponseStore): Route =>
  post({
    path: '/v1/responses',
    summary: 'The answer to a conversation, as items; the server remembers it for the next turn',
    tag: 'OpenAI',
    body: responsesSchema,
    handle: (call) => respond(call, store),
  })

const readRoute = (store: ResponseStore): Route => ({
  method: 'GET',
  path: '/v1/responses/{id}',
  summary: 'A response that is still remembered',
  tag: 'OpenAI',
  handle: ({ scope, params }) => Response.json(remembered(store, scope, params['id'] ?? '', 'id').body),
})

const deleteRoute = (store: ResponseStore): Route => ({
  method: 'DELETE',
  path: '/v1/responses/{id}',
  summary: 'Forgets a response',
  tag: 'OpenAI',
  handle({ scope, params }) {
    const id = params['id'] ?? ''
    remembered(store, scope, id, 'id')
    store.delete(id, scope.client)
    return Response.json({ id, object: 'response', deleted: true })
  },
})

function remembered(store: ResponseStore, scope: RequestScope, id: string, param: string) {
  const response = store.get(id, scope.client)
  if (response) return response
  const shown = JSON.stringify(id.slice(0, 100))
  const message = `response ${shown} is not remembered here (any more); send the whole conversation`
  throw new ApiError(param === 'id' ? 404 : 400, message, { code: 'response_not_found', param })
}

async function respond({ body, scope }: Call<ResponsesRequest>, store: ResponseStore): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  const previous = body.previous_response_id
    ? remembered(store, scope, body.previous_response_id, 'previous_response_id').messages
    : []
  const conversation = [...previous, ...messagesOfInput(body.input)]
  const call = startChat(callOf(body, conversation, scope))
  const run = new ResponseRun(body, conversation, scope, store)
  if (body.stream) return scope.stream(model, [call], ([answer]) => streamed(run.events(answer!)))
  const { answers } = await scope.begin(model, [call])
  await drained(run.events(answers[0]!))
  if (run.failure) throw run.failure
  return Response.json(run.response)
}

async function* streamed(events: AsyncGenerator<ResponseEvent>): AsyncGenerator<string, void, undefined> {
  let number = 0
  for await (const event of events) yield frame({ ...event, sequence_number: number++ }, event.type)
}

function callOf(body: ResponsesRequest, conversation: readonly ChatMessage[], scope: RequestScope): ChatCall {
  const { instructions, tool_choice: choice, top_logprobs: top } = body
  const format = body.text?.format
  const tools = toolsOfResponse(body.tools)
  const form = {
    format: format ? textFormat(format) : undefined,
    choice: choice ? toolChoiceOf(choice) : undefined,
    tools,
    parallel: body.parallel_tool_calls !== false,
  }
  const { grammar, paramOf } = grammarOf(form, 'parameters')
  scope.grammarParam = paramOf
  return {
    messages: instructions ? [{ role: 'system', content: instructions }, ...conversation] : conversation,
    options: {
      ...samplingOptions(body),
      tools: choice === 'none' ? undefined : tools,
      templateOptions: templateOptions(body.reasoning?.effort, body.chat_template_kwargs),
      maxTokens: body.max_output_tokens ?? undefined,
      logprobs: wantsLogprobs(body) ? (top ?? 0) : undefined,
      grammar,
    },
  }
}

/** Text of a grammar stands where chat completions have it. */
function textFormat(format: { readonly type: string; readonly [field: string]: unknown }): AnswerForm['format'] {
  const { type, schema, pattern, grammar } = format
  const text = type === 'regex' ? pattern : grammar
  return { param: 'text.format', type, schema: type === 'json_schema' ? schema : text }
}

function toolChoiceOf(choice: NonNullable<ResponsesRequest['tool_choice']>): ToolChoice {
  if (typeof choice === 'string') return choice
  const { type, name } = choice
  if (type !== 'function') throw unsupported('tool_choice', `tool_choice of type ${type} is not supported`)
  if (typeof name !== 'string') throw badRequest('tool_choice.name', 'tool_choice of type function needs a name')
  return { name }
}
