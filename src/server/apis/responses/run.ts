import type { ChatMessage } from '../../../chat/message.js'
import type { Generation, GenerationResult } from '../../../remote/engine-like.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { openaiError, type ApiError } from '../../http/api-error.js'
import { withoutFurtherCalls } from '../tool-calls.js'
import { ResponseItems, type ResponseEvent } from './items.js'
import type { ResponsesRequest } from './schema.js'
import type { ResponseStore } from './store.js'

export function wantsLogprobs(body: ResponsesRequest): boolean {
  return body.include?.includes('message.output_text.logprobs') ?? false
}

/** One response from its creation to its end. */
export class ResponseRun {
  response: Record<string, unknown>
  failure: ApiError | undefined
  private readonly items: ResponseItems

  constructor(
    private readonly body: ResponsesRequest,
    private readonly conversation: readonly ChatMessage[],
    private readonly scope: RequestScope,
    private readonly store: ResponseStore,
  ) {
    this.items = new ResponseItems(wantsLogprobs(body))
    this.response = { ...echoOf(body), id: `resp_${newId()}`, created_at: seconds(), status: 'in_progress', output: [] }
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
    this.store.set(String(this.response['id']), {
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
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((tool) => ({
      ...tool,
      strict: tool['strict'] ?? false,
      parameters: tool['parameters'] ?? null,
    })),
    top_p: body.top_p ?? null,
    truncation: 'disabled',
  }
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
