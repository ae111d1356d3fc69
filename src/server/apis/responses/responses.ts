import type { ChatMessage } from '../../../chat/message.js'
import type { RequestScope } from '../../admission/request.js'
import { ApiError } from '../../http/api-error.js'
import { drained, frame } from '../../http/events.js'
import { grammarOf, type AnswerForm } from '../answer-form.js'
import { startChat, type ChatCall } from '../calls.js'
import { checkBias, samplingOptions, tokenLimit } from '../request-fields.js'
import { progressComment } from '../prompt-progress.js'
import { post, type Call, type Route } from '../route.js'
import { templateOptions } from '../template-options.js'
import { tokensOfChat } from '../token-work.js'
import { compactRoute } from './compact.js'
import { conversationOf } from './history.js'
import type { ResponseEvent } from './items.js'
import type { ApprovedCall } from './mcp.js'
import { rememberedRoutes } from './remembered.js'
import { ResponseRun, wantsLogprobs, type Reading } from './run.js'
import { responsesSchema, type ResponsesRequest } from './schema.js'
import type { ResponseStore } from './store.js'
import { allTools, laterChoice, toolChoiceOf, type KnownTools } from './tools.js'

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses. What a server remembers lies in `store`. */
export function responseRoutes(store: ResponseStore): Route[] {
  return [createRoute(store), inputTokensRoute(store), compactRoute(store), ...rememberedRoutes(store)]
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
      const model = scope.state.models.find(body.model)
      const { call } = await prepared(body, scope, store)
      const { tools, templateOptions, continueFinalMessage } = call.options
      const options = { tools, templateOptions, continueFinalMessage }
      const ids = await tokensOfChat(model, call.messages, options, 'input', scope)
      return Response.json({ object: 'response.input_tokens', input_tokens: ids.length })
    },
  })

/** What a request asks of the engine, and what of it is remembered. */
async function prepared(
  body: ResponsesRequest,
  scope: RequestScope,
  store: ResponseStore,
  approved: readonly ApprovedCall[] = [],
  known?: KnownTools,
) {
  const outputs = new Map(approved.map(({ request, text }) => [request.id, text]))
  const { messages: conversation, items, goesOn } = conversationOf(body, scope, store, outputs)
  const tools = known ?? (await allTools(body, scope))
  return { conversation, items, goesOn, tools, approved, call: callOf(body, conversation, tools, goesOn, scope) }
}

async function respond({ body, scope }: Call<ResponsesRequest>, store: ResponseStore): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  checkBias(model, body)
  const tools = await allTools(body, scope)
  const approved = await tools.hosted?.makeApproved(body.input, (id) => store.item(id, scope.client))
  const { call, ...made } = await prepared(body, scope, store, approved, tools)
  const start = startChat(call)
  const next = (messages: readonly ChatMessage[], used: number, last: boolean) =>
    scope.goOn(model, startChat(callOf(laterBody(body, used, last), messages, tools, false, scope)))
  const run = new ResponseRun(body, { ...made, next, model: model.name, info: model.source.info }, scope, store)
  if (body.stream) return scope.stream(model, [start], ([answer]) => streamed(run.events(answer!)))
  const { answers } = await scope.begin(model, [start])
  await drained(run.events(answers[0]!))
  if (run.failure) throw run.failure
  return Response.json(run.response)
}

/** What the answers after a call are asked for. */
function laterBody(body: ResponsesRequest, used: number, last: boolean): ResponsesRequest {
  const most = tokenLimit(body.max_output_tokens)
  return {
    ...body,
    tool_choice: last ? 'none' : laterChoice(body.tool_choice),
    max_output_tokens: most === undefined ? undefined : most - used,
  }
}

async function* streamed(events: AsyncGenerator<ResponseEvent | Reading>): AsyncGenerator<string, void, undefined> {
  let number = 0
  for await (const event of events)
    if ('reading' in event) yield* progressComment((event as Reading).reading)
    else yield frame({ ...event, sequence_number: number++ }, event.type)
}

function callOf(
  body: ResponsesRequest,
  conversation: readonly ChatMessage[],
  { definitions: tools, hosted }: KnownTools,
  goesOn: boolean,
  scope: RequestScope,
): ChatCall {
  const { instructions, tool_choice: choice, top_logprobs: top, include } = body
  for (const name of include ?? []) if (!IN_EFFECT.has(name)) scope.ignore(`include (${name})`)
  const format = body.text?.format
  const form = {
    format: format ? textFormat(format) : undefined,
    choice: choice ? toolChoiceOf(choice, hosted) : undefined,
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
      promptProgress: body.stream === true,
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
