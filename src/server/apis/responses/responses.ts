import type { ChatMessage } from '../../../chat/message.js'
import { ApiError, apiErrorOf, badRequest, openaiError, unsupported } from '../../http/api-error.js'
import { grammarOf, type ToolChoice } from '../answer-form.js'
import { drained, frame } from '../../http/events.js'
import { newId, type RequestScope } from '../../http/request.js'
import { messagesOfInput, toolsOfResponse } from './input.js'
import { ResponseItems, type ResponseEvent } from './items.js'
import { samplingOptions } from '../sampling-schema.js'
import { responsesSchema, type ResponsesRequest } from './schema.js'
import { templateOptions } from '../template-options.js'
import { withoutFurtherCalls } from '../tool-calls.js'
import type { Answer, ChatCall } from '../../../remote/protocol.js'
import type { RemoteAnswer } from '../../../remote/remote-answer.js'
import { post, type Call, type Route } from '../route.js'

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses */
export const responsesRoute = post({
  path: '/v1/responses',
  summary: 'The answer to a conversation, as items; the server remembers it for the next turn',
  tag: 'OpenAI',
  body: responsesSchema,
  handle: respond,
})

export const responseRoute: Route = {
  method: 'GET',
  path: '/v1/responses/{id}',
  summary: 'A response that is still remembered',
  tag: 'OpenAI',
  handle: ({ scope, params }) => Response.json(remembered(scope, params['id'] ?? '', 'id').body),
}

export const deleteResponseRoute: Route = {
  method: 'DELETE',
  path: '/v1/responses/{id}',
  summary: 'Forgets a response',
  tag: 'OpenAI',
  handle({ scope, params }) {
    const id = params['id'] ?? ''
    remembered(scope, id, 'id')
    scope.state.responses.delete(id, scope.client)
    return Response.json({ id, object: 'response', deleted: true })
  },
}

function remembered(scope: RequestScope, id: string, param: string) {
  const response = scope.state.responses.get(id, scope.client)
  if (response) return response
  const shown = JSON.stringify(id.slice(0, 100))
  const message = `response ${shown} is not remembered here (any more); send the whole conversation`
  throw new ApiError(param === 'id' ? 404 : 400, message, { code: 'response_not_found', param })
}

async function respond({ body, scope }: Call<ResponsesRequest>): Promise<Response> {
  scope.promptParam = 'input'
  const model = scope.state.models.find(body.model)
  const previous = body.previous_response_id
    ? remembered(scope, body.previous_response_id, 'previous_response_id').messages
    : []
  const conversation = [...previous, ...messagesOfInput(body.input)]
  const call = callOf(body, conversation)
  const run = new ResponseRun(body, conversation, scope)
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

function callOf(body: ResponsesRequest, conversation: readonly ChatMessage[]): ChatCall {
  const { instructions, tool_choice: choice, top_logprobs: top } = body
  const format = body.text?.format
  const tools = toolsOfResponse(body.tools)
  const grammar = grammarOf({
    format: format ? { param: 'text.format', type: format.type, schema: format['schema'] } : undefined,
    choice: choice ? toolChoiceOf(choice) : undefined,
    tools,
    parallel: body.parallel_tool_calls !== false,
  })
  return {
    kind: 'chat',
    messages: instructions ? [{ role: 'system', content: instructions }, ...conversation] : conversation,
    tools: choice === 'none' ? undefined : tools,
    templateOptions: templateOptions(body.reasoning?.effort, body.chat_template_kwargs),
    options: {
      ...samplingOptions(body),
      maxTokens: body.max_output_tokens ?? undefined,
      logprobs: wantsLogprobs(body) ? (top ?? 0) : undefined,
      grammar,
    },
  }
}

function wantsLogprobs(body: ResponsesRequest): boolean {
  return body.include?.includes('message.output_text.logprobs') ?? false
}

function toolChoiceOf(choice: NonNullable<ResponsesRequest['tool_choice']>): ToolChoice {
  if (typeof choice === 'string') return choice
  const { type, name } = choice
  if (type !== 'function') throw unsupported('tool_choice', `tool_choice of type ${type} is not supported`)
  if (typeof name !== 'string') throw badRequest('tool_choice.name', 'tool_choice of type function needs a name')
  return { name }
}

/** One response from its creation to its end. */
class ResponseRun {
  response: Record<string, unknown>
  failure: ApiError | undefined
  private readonly items: ResponseItems

  constructor(
    private readonly body: ResponsesRequest,
    private readonly conversation: readonly ChatMessage[],
    private readonly scope: RequestScope,
  ) {
    this.items = new ResponseItems(wantsLogprobs(body))
    this.response = { ...echoOf(body), id: `resp_${newId()}`, created_at: seconds(), status: 'in_progress', output: [] }
  }

  /** The events of the stream; afterwards `response` is what they tell of. */
  async *events(answer: RemoteAnswer): AsyncGenerator<ResponseEvent> {
    yield { type: 'response.created', response: this.response }
    yield { type: 'response.in_progress', response: this.response }
    try {
      const pieces = this.body.parallel_tool_calls === false ? withoutFurtherCalls(answer) : answer
      for await (const piece of pieces) yield* this.items.push(piece)
      const whole = await answer.result
      this.scope.throwIfCancelled()
      const status = whole.finishReason === 'length' ? 'incomplete' : 'completed'
      yield* this.items.end(status)
      this.finish(whole, status)
      yield { type: `response.${status}`, response: this.response }
    } catch (error) {
      if (this.scope.signal.aborted) throw error
      this.failure = apiErrorOf(error, 'input')
      const { message, code } = openaiError(this.failure).error
      const shown = { code: code === 'queue_full' ? 'rate_limit_exceeded' : 'server_error', message }
      this.response = { ...this.response, status: 'failed', error: shown, output: this.items.output }
      yield { type: 'response.failed', response: this.response }
    }
  }

  private finish(whole: Answer, status: 'completed' | 'incomplete'): void {
    this.response = {
      ...this.response,
      status,
      ...(status === 'completed' && { completed_at: seconds() }),
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      output: this.items.output,
      usage: usageOf(whole),
    }
    if (this.body.store === false) return
    const { text, reasoning, toolCalls } = whole
    const calls = (this.body.parallel_tool_calls === false ? toolCalls.slice(0, 1) : toolCalls).map(
      ({ id, name, arguments: json }) => ({ id, type: 'function' as const, function: { name, arguments: json } }),
    )
    const message: ChatMessage = {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      ...(reasoning !== '' && { reasoning_content: reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
    this.scope.state.responses.set(String(this.response['id']), {
      body: this.response,
      messages: [...this.conversation, message],
      client: this.scope.client,
    })
  }
}

/** What a response repeats of its request. */
function echoOf(body: ResponsesRequest): Record<string, unknown> {
  return {
    object: 'response',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: body.store ?? true,
    temperature: body.temperature ?? null,
    text: { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((tool) => ({ ...tool, strict: false, parameters: tool['parameters'] ?? null })),
    top_p: body.top_p ?? null,
    truncation: 'disabled',
  }
}

function usageOf({ promptTokens, cachedTokens, tokens, reasoningTokens }: Answer) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: tokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + tokens,
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
