import type { ChatMessage } from '../../../chat/message.js'
import type { Generation, GenerationResult, PromptProgress, ToolCall } from '../../../remote/engine-like.js'
import { newId, type RequestScope } from '../../admission/request.js'
import { openaiError, type ApiError } from '../../http/api-error.js'
import { argumentsText } from '../history.js'
import { tokenLimit } from '../request-fields.js'
import { callsIn, withoutFurtherCalls } from '../tool-calls.js'
import { ResponseItems, type ResponseEvent } from './items.js'
import type { ApprovedCall, Made } from './mcp.js'
import type { ResponsesRequest, ResponseTools } from './schema.js'
import type { ResponseStore } from './store.js'
import type { KnownTools } from './tools.js'
import { usageOf } from './usage.js'
import type { EngineInfo } from '../../../remote/engine-like.js'

export function wantsLogprobs(body: ResponsesRequest): boolean {
  return body.include?.includes('message.output_text.logprobs') ?? false
}

/** How far the prompt is read, which is no event of the API. */
export interface Reading {
  readonly reading: PromptProgress
}

/** What a response is made from. */
export interface ResponseInput {
  /** The model's name here. */
  readonly model: string
  readonly info: EngineInfo | undefined
  readonly conversation: readonly ChatMessage[]
  /** The answer continues with the conversation's last message. */
  readonly goesOn: boolean
  /** The items of the conversation, as they are shown. */
  readonly items: readonly Record<string, unknown>[]
  readonly tools: KnownTools
  /** Calls that the request approved. */
  readonly approved: readonly ApprovedCall[]
  /** Starts the answer after calls. @param used tokens of the answers before; @param last no call may follow */
  readonly next: (messages: readonly ChatMessage[], used: number, last: boolean) => Generation
}

/** Answers of one response. */
const MOST_ROUNDS = 20

/** What the answers of a response took together. */
type Counts = Pick<GenerationResult, 'promptTokens' | 'cachedTokens' | 'reasoningTokens' | 'ids'>

/** One response from its creation to its end. */
export class ResponseRun {
  response: Record<string, unknown>
  failure: ApiError | undefined
  private readonly items: ResponseItems
  private counts: Counts = { promptTokens: 0, cachedTokens: 0, reasoningTokens: 0, ids: [] }
  private messages: readonly ChatMessage[]

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
    const { conversation, goesOn } = input
    // What the answer continues with becomes part of its message.
    this.messages = goesOn ? conversation.slice(0, -1) : conversation
    this.response = {
      ...echoOf(body, input),
      id: `resp_${newId()}`,
      created_at: seconds(),
      status: 'in_progress',
      completed_at: null,
      output: [],
      usage: null,
    }
  }

  /** The events of the stream; afterwards `response` is what they tell of. */
  async *events(answer: Generation): AsyncGenerator<ResponseEvent | Reading> {
    yield { type: 'response.created', response: this.response }
    yield { type: 'response.in_progress', response: this.response }
    try {
      yield* this.before()
      const status = yield* this.rounds(answer)
      this.finish(status)
      yield { type: `response.${status}`, response: this.response }
    } catch (error) {
      if (this.scope.signal.aborted) throw error
      this.failure = this.scope.errorOf(error)
      const { message } = openaiError(this.failure).error
      const shown = { code: failureCode(this.failure), message }
      this.response = { ...this.response, status: 'failed', error: shown, output: this.items.output }
      yield { type: 'response.failed', response: this.response }
    }
  }

  /** What there was to do before the answer. */
  private *before(): Generator<ResponseEvent> {
    const { items, tools, approved } = this.input
    for (const list of tools.hosted?.lists ?? []) {
      const isSame = ({ type, server_label: label }: Record<string, unknown>): boolean =>
        type === 'mcp_list_tools' && label === list['server_label']
      if (!items.some(isSame)) yield* this.items.listed(list)
    }
    for (const call of approved) yield* this.items.approved(call)
  }

  /** Answers until one has no call that is made here. */
  private async *rounds(first: Generation): AsyncGenerator<ResponseEvent | Reading, 'completed' | 'incomplete'> {
    let answer = first
    for (let round = 1; ; round++) {
      const results = new Map<string, Made>()
      yield* this.pieces(answer, results)
      const whole = await answer.result
      this.scope.throwIfCancelled()
      const status = whole.finishReason === 'length' ? 'incomplete' : 'completed'
      yield* this.items.end(status)
      const calls = callsIn(whole, this.body.parallel_tool_calls !== false)
      this.note(whole, calls, results, round === 1)
      const goesOn = status === 'completed' && calls.length > 0 && calls.every(({ id }) => results.has(id))
      if (!goesOn || round > MOST_ROUNDS) return status
      const used = this.counts.ids.length
      if (used >= (tokenLimit(this.body.max_output_tokens) ?? Infinity)) return 'incomplete'
      answer = this.input.next(this.messages, used, round === MOST_ROUNDS)
    }
  }

  private async *pieces(answer: Generation, results: Map<string, Made>): AsyncGenerator<ResponseEvent | Reading> {
    const pieces = this.body.parallel_tool_calls === false ? withoutFurtherCalls(answer) : answer.pieces()
    for await (const piece of pieces) {
      if (piece.reading) yield { reading: piece.reading }
      yield* this.items.push(piece)
      const { pending } = this.items
      if (!pending) continue
      const made = await this.input.tools.hosted!.make(pending)
      this.scope.throwIfCancelled()
      results.set(pending.id, made)
      yield* this.items.answer(made)
    }
  }

  /** Adds an answer with the results of its calls to the conversation. */
  private note(
    whole: GenerationResult,
    calls: readonly ToolCall[],
    results: Map<string, Made>,
    isFirst: boolean,
  ): void {
    const { promptTokens, cachedTokens, reasoningTokens, ids } = this.counts
    this.counts = {
      promptTokens: promptTokens + whole.promptTokens,
      cachedTokens: cachedTokens + whole.cachedTokens,
      reasoningTokens: reasoningTokens + whole.reasoningTokens,
      ids: [...ids, ...whole.ids],
    }
    const { conversation, goesOn } = this.input
    const text = (isFirst && goesOn ? (conversation.at(-1)?.content ?? '') : '') + whole.text
    const made = calls.map(({ id, name, arguments: json }) => ({
      id: this.items.requests.get(id) ?? id,
      type: 'function' as const,
      function: { name, arguments: argumentsText(json) },
    }))
    const message: ChatMessage = {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      ...(whole.reasoning !== '' && { reasoning_content: whole.reasoning }),
      ...(made.length > 0 && { tool_calls: made }),
    }
    const outputs = [...results].map(([id, { text }]) => ({ role: 'tool' as const, content: text, tool_call_id: id }))
    this.messages = [...this.messages, message, ...outputs]
  }

  private finish(status: 'completed' | 'incomplete'): void {
    this.response = {
      ...this.response,
      status,
      ...(status === 'completed' && { completed_at: seconds() }),
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      output: this.items.output,
      usage: usageOf(this.counts),
    }
    if (this.body.store === false) return
    this.store.set(String(this.response['id']), {
      body: this.response,
      messages: this.messages,
      input: this.input.items,
      client: this.scope.client,
    })
  }
}

/**
 * Why a response failed, in the words of OpenAI's schema, and for a prompt that is too long in those that its servers send: clients
 * ask again where the fault is the server's, and shorten the conversation where it is the prompt's.
 */
function failureCode({ status, detail: { code } }: ApiError): string {
  if (code === 'context_length_exceeded') return code
  if (status === 429) return 'rate_limit_exceeded'
  return status < 500 ? 'invalid_prompt' : 'server_error'
}

/** What a response repeats of its request. */
function echoOf(body: ResponsesRequest, { model, info }: ResponseInput): Record<string, unknown> {
  const {
    metadata,
    user,
    safety_identifier: safety,
    prompt_cache_key: key,
    max_tool_calls: most,
  } = body as ResponsesRequest & Noted
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
    // As OpenAI's own examples have it; its schema has no null here.
    user: user ?? null,
  }
}

/** Fields that change nothing, and are told back. */
interface Noted {
  readonly metadata?: unknown
  readonly user?: unknown
  readonly safety_identifier?: unknown
  readonly prompt_cache_key?: unknown
}

function shownTool(tool: ResponseTools[number]): Record<string, unknown> {
  if (tool.type !== 'function') return { ...tool }
  const { strict, parameters } = tool as { strict?: unknown; parameters?: unknown }
  return { ...tool, strict: strict ?? false, parameters: parameters ?? null }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
