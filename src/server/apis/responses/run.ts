import type { ChatMessage } from '../../../chat/message.js'
import type { Generation, GenerationResult } from '../../../remote/engine-like.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { openaiError, type ApiError } from '../../http/api-error.js'
import { argumentsText } from '../history.js'
import { callsIn, withoutFurtherCalls } from '../tool-calls.js'
import { ResponseItems, type ResponseEvent } from './items.js'
import type { ResponsesRequest, ResponseTools } from './schema.js'
import type { ResponseStore } from './store.js'
import type { KnownTools } from './tools.js'
import type { EngineInfo } from '../../../remote/engine-like.js'

export function wantsLogprobs(body: ResponsesRequest): boolean {
  return body.include?.includes('message.output_text.logprobs') ?? false
}

/** What a response is made from. */
export interface ResponseInput {
  /** The model's name here. */
  readonly model: string
  readonly info: EngineInfo | undefined
  readonly conversation: readonly ChatMessage[]
  /** The answer goes on with the conversation's last message. */
  readonly goesOn: boolean
  /** The items of the conversation, as they are shown. */
  readonly items: readonly Record<string, unknown>[]
  readonly tools: KnownTools
}

/** One response from its creation to its end. */
export class ResponseRun {
  response: Record<string, unknown>
  failure: ApiError | undefined
  private readonly items: ResponseItems

  constructor(
    private readonly body: ResponsesRequest,
    private readonly input: ResponseInput,
    private readonly scope: RequestScope,
    private readonly store: ResponseStore,
  ) {
    const { summary, generate_summary: older } = body.reasoning ?? {}
    const asked = summary ?? older ?? 'none'
    this.items = new ResponseItems({
      withLogprobs: wantsLogprobs(body),
      summary: asked !== 'none',
      tools: input.tools,
    })
    this.response = {
      ...echoOf(body, input),
      id: `resp_${newId()}`,
      created_at: seconds(),
      status: 'in_progress',
      output: [],
    }
  }

  /** The events of the stream; afterwards `response` is what they tell of. */
  async *events(answer: Generation): AsyncGenerator<ResponseEvent> {
    yield { type: 'response.created', response: this.response }
    yield { type: 'response.in_progress', response: this.response }
    try {
      const pieces = this.body.parallel_tool_calls === false ? withoutFurtherCalls(answer) : answer.pieces()
      for await (const piece of pieces) yield* this.items.push(piece)
      const whole = await answer.result
      this.scope.throwIfCancelled()
      const status = whole.finishReason === 'length' ? 'incomplete' : 'completed'
      yield* this.items.end(status)
      this.finish(whole, status)
      yield { type: `response.${status}`, response: this.response }
    } catch (error) {
      if (this.scope.signal.aborted) throw error
      this.failure = this.scope.errorOf(error)
      const { message, code } = openaiError(this.failure).error
      const shown = { code: code === 'queue_full' ? 'rate_limit_exceeded' : 'server_error', message }
      this.response = { ...this.response, status: 'failed', error: shown, output: this.items.output }
      yield { type: 'response.failed', response: this.response }
    }
  }

  private finish(whole: GenerationResult, status: 'completed' | 'incomplete'): void {
    this.response = {
      ...this.response,
      status,
      ...(status === 'completed' && { completed_at: seconds() }),
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      output: this.items.output,
      usage: usageOf(whole),
    }
    if (this.body.store === false) return
    const { text, reasoning } = whole
    const calls = callsIn(whole, this.body.parallel_tool_calls !== false).map(({ id, name, arguments: json }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: argumentsText(json) },
    }))
    const { conversation, goesOn, items } = this.input
    const begun = goesOn ? (conversation.at(-1)?.content ?? '') : ''
    const message: ChatMessage = {
      role: 'assistant',
      content: begun + text === '' && calls.length > 0 ? null : begun + text,
      ...(reasoning !== '' && { reasoning_content: reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
    this.store.set(String(this.response['id']), {
      body: this.response,
      messages: [...(goesOn ? conversation.slice(0, -1) : conversation), message],
      input: items,
      client: this.scope.client,
    })
  }
}

/** What a response repeats of its request. */
function echoOf(body: ResponsesRequest, { model, info }: ResponseInput): Record<string, unknown> {
  const { metadata, user, safety_identifier: safety, prompt_cache_key: key, max_tool_calls: most } = body as Noted
  return {
    object: 'response',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: most ?? null,
    metadata: metadata ?? {},
    model,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    frequency_penalty: body.frequency_penalty ?? 0,
    presence_penalty: body.presence_penalty ?? 0,
    prompt_cache_key: key ?? null,
    reasoning: {
      effort: body.reasoning?.effort ?? null,
      summary: body.reasoning?.summary ?? body.reasoning?.generate_summary ?? null,
    },
    safety_identifier: safety ?? null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? info?.sampling?.temperature ?? 1,
    text: { ...body.text, format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map(shownTool),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? info?.sampling?.topP ?? 1,
    truncation: 'disabled',
    // OpenAI's schema has no null here.
    ...(typeof user === 'string' && { user }),
  }
}

/** Fields that change nothing, and are told back. */
interface Noted {
  readonly metadata?: unknown
  readonly user?: unknown
  readonly safety_identifier?: unknown
  readonly prompt_cache_key?: unknown
  readonly max_tool_calls?: unknown
}

function shownTool(tool: ResponseTools[number]): Record<string, unknown> {
  if (tool.type !== 'function') return { ...tool }
  const { strict, parameters } = tool as { strict?: unknown; parameters?: unknown }
  return { ...tool, strict: strict ?? false, parameters: parameters ?? null }
}

function usageOf({ promptTokens, cachedTokens, ids, reasoningTokens }: GenerationResult) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: ids.length,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + ids.length,
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
