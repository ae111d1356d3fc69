import type { ChatMessage } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { ApiError } from '../../http/api-error.js'
import { drained, frame } from '../../http/events.js'
import { grammarOf, type AnswerForm } from '../answer-form.js'
import { startChat, type ChatCall } from '../calls.js'
import { checkBias, samplingOptions, tokenLimit } from '../request-fields.js'
import { post, type Call, type Route } from '../route.js'
import { templateOptions } from '../template-options.js'
import { itemsOf, messagesOfItems, shownItems } from './input.js'
import type { ResponseEvent } from './items.js'
import { remembered, rememberedRoutes } from './remembered.js'
import { ResponseRun, wantsLogprobs } from './run.js'
import { responsesSchema, type ResponsesRequest } from './schema.js'
import type { ResponseStore, StoredResponse } from './store.js'
import { knownTools, toolChoiceOf, type KnownTools } from './tools.js'

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses. What a server remembers lies in `store`. */
export function responseRoutes(store: ResponseStore): Route[] {
  return [createRoute(store), inputTokensRoute(store), ...rememberedRoutes(store)]
}

const createRoute = (store: ResponseStore): Route =>
  post({
    path: '/v1/responses',
    summary: 'The answer to a conversation, as items; the server remembers it for the next turn',
    tag: 'OpenAI',
    api: 'responses',
    body: responsesSchema,
    handle: (call) => respond(call, store),
  })

const inputTokensRoute = (store: ResponseStore): Route =>
  post({
    path: '/v1/responses/input_tokens',
    summary: 'Tokens of the prompt that a response would be made from',
    tag: 'OpenAI',
    api: 'responses',
    body: responsesSchema,
    async handle({ body, scope }: Call<ResponsesRequest>) {
      scope.promptParam = 'input'
      const { engine } = scope.state.models.find(body.model)
      const { call } = prepared(body, scope, store)
      const { tools, templateOptions, continueFinalMessage } = call.options
      const ids = await engine.encodeChat(call.messages, { tools, templateOptions, continueFinalMessage })
      return Response.json({ object: 'response.input_tokens', input_tokens: ids.length })
    },
  })

/** What a request asks of the engine, and what of it is remembered. */
function prepared(body: ResponsesRequest, scope: RequestScope, store: ResponseStore) {
  const previous = body.previous_response_id
    ? remembered(store, scope, body.previous_response_id, 'previous_response_id')
    : undefined
  const own = itemsOf(body.input, (id) => store.item(id, scope.client))
  const conversation = [...(previous?.messages ?? []), ...messagesOfItems(own, scope)]
  const items = [...itemsBefore(previous), ...shownItems(own)]
  const last = conversation.at(-1)
  const goesOn = last?.role === 'assistant' && !last.tool_calls?.length && last.content !== null && own.length > 0
  const tools = knownTools(body, scope)
  return { conversation, items, goesOn, tools, call: callOf(body, conversation, tools, goesOn, scope) }
}

function itemsBefore(previous: StoredResponse | undefined): readonly Record<string, unknown>[] {
  if (!previous) return []
  const { output } = previous.body
  return [...(previous.input ?? []), ...(Array.isArray(output) ? (output as Record<string, unknown>[]) : [])]
}

async function respond({ body, scope }: Call<ResponsesRequest>, store: ResponseStore): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  checkBias(model, body, scope)
  const { call, ...made } = prepared(body, scope, store)
  const start = startChat(call)
  const run = new ResponseRun(body, { ...made, model: model.name, info: model.source.info }, scope, store)
  if (body.stream) return scope.stream(model, [start], ([answer]) => streamed(run.events(answer!)))
  const { answers } = await scope.begin(model, [start])
  await drained(run.events(answers[0]!))
  if (run.failure) throw run.failure
  return Response.json(run.response)
}

async function* streamed(events: AsyncGenerator<ResponseEvent>): AsyncGenerator<string, void, undefined> {
  let number = 0
  for await (const event of events) yield frame({ ...event, sequence_number: number++ }, event.type)
}

function callOf(
  body: ResponsesRequest,
  conversation: readonly ChatMessage[],
  { definitions: tools }: KnownTools,
  goesOn: boolean,
  scope: RequestScope,
): ChatCall {
  const { instructions, tool_choice: choice, top_logprobs: top, include } = body
  for (const name of include ?? []) if (!IN_EFFECT.has(name)) scope.ignore(`include (${name})`)
  const format = body.text?.format
  const form = {
    format: format ? textFormat(format) : undefined,
    choice: choice ? toolChoiceOf(choice) : undefined,
    tools,
    parallel: body.parallel_tool_calls !== false,
  }
  const { grammar, paramOf } = grammarOf(form, 'parameters')
  scope.grammarParam = paramOf
  const messages: readonly ChatMessage[] = instructions
    ? [{ role: 'system', content: instructions }, ...conversation]
    : conversation
  if (messages.length === 0) {
    throw new ApiError(400, 'missing parameter: input', { code: 'missing_required_parameter', param: 'input' })
  }
  return {
    messages,
    options: {
      ...samplingOptions(body),
      callPieces: true,
      tools: choice === 'none' ? undefined : tools,
      templateOptions: templateOptions({ effort: body.reasoning?.effort }, body.chat_template_kwargs),
      maxTokens: tokenLimit(body.max_output_tokens),
      logprobs: wantsLogprobs(body) ? (top ?? 0) : undefined,
      ...(goesOn && { continueFinalMessage: true }),
      grammar,
    },
  }
}

/** Reasoning is given as text, so that there is nothing to encrypt. */
const IN_EFFECT: ReadonlySet<string> = new Set(['message.output_text.logprobs', 'reasoning.encrypted_content'])

/** Text of a grammar stands where chat completions have it. */
function textFormat(format: { readonly type: string; readonly [field: string]: unknown }): AnswerForm['format'] {
  const { type, schema, pattern, grammar } = format
  const text = type === 'regex' ? pattern : grammar
  return { param: 'text.format', type, schema: type === 'json_schema' || type === 'json_object' ? schema : text }
}
