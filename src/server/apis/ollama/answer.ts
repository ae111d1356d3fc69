import type { Part, ToolCall } from '../../../chat/dialects/dialect.js'
import type { ToolDefinition } from '../../../chat/message.js'
import type { ChatAnswerOptions, Generation, GenerationResult, NamedChoice } from '../../../remote/engine-like.js'
import type { RequestScope, StartAnswer } from '../../admission/request.js'
import type { ServedModel } from '../../admission/models.js'
import { badRequest } from '../../http/api-error.js'
import { LINES } from '../../http/events.js'
import { grammarOf } from '../answer-form.js'
import { chatLogprobs, choicesOfText } from '../logprobs.js'
import { thinkOptions } from './conversation.js'
import { answerOptions, hasUnknown } from './options.js'
import type { ChatRequest, GenerateRequest } from './schema.js'

/** A part of an answer, or all of it. */
export interface Said {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly ToolCall[]
}

/** /api/chat says `message`, /api/generate says `response`. */
export type Shape = (said: Said) => Record<string, unknown>

type AnswerRequest = Pick<ChatRequest & GenerateRequest, 'model' | 'stream' | 'logprobs'>

const NOTHING: Said = { text: '', thinking: '', calls: [] }

/** The options of both kinds of answer. @throws ApiError */
export function optionsOf(
  body: ChatRequest | GenerateRequest,
  scope: RequestScope,
  tools?: readonly ToolDefinition[],
): Omit<ChatAnswerOptions, 'signal'> {
  const { format, logprobs, top_logprobs: top, think } = body
  if (top && !logprobs) throw badRequest('top_logprobs', 'top_logprobs needs logprobs: true')
  const { grammar, paramOf } = grammarOf({ format: formatOf(format), tools, parallel: true }, 'function.parameters')
  scope.grammarParam = paramOf
  // Their names are the client's, and have no place in a header.
  if (hasUnknown(body.options)) scope.ignore('options.*')
  return {
    ...answerOptions(body.options),
    templateOptions: thinkOptions(think),
    logprobs: logprobs ? (top ?? 0) : undefined,
    tools,
    grammar,
  }
}

function formatOf(format: ChatRequest['format']) {
  if (!format) return undefined
  if (format === 'json') return { param: 'format', type: 'json_object' }
  return { param: 'format', type: 'json_schema', schema: format }
}

/** One answer: a line for each piece of it, or all in one object. */
export async function answered(
  model: ServedModel,
  call: StartAnswer,
  body: AnswerRequest,
  shape: Shape,
  scope: RequestScope,
): Promise<Response> {
  const object = (fields: Record<string, unknown>) => ({ model: body.model, created_at: now(), ...fields })
  if (body.stream !== false) {
    return scope.stream(model, [call], ([answer]) => lines(answer!, shape, object, scope), LINES)
  }
  const { answers } = await scope.begin(model, [call])
  const named: NamedChoice[] = []
  for await (const piece of answers[0]!.pieces()) named.push(...choicesOfText(piece))
  const whole = await answers[0]!.result
  scope.throwIfCancelled()
  const { text, reasoning: thinking, toolCalls: calls } = whole
  const logprobs = body.logprobs ? { logprobs: chatLogprobs(named) } : {}
  return Response.json(object({ ...shape({ text, thinking, calls }), ...logprobs, ...endOf(whole, scope) }))
}

async function* lines(
  answer: Generation,
  shape: Shape,
  object: (fields: Record<string, unknown>) => unknown,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const line = (fields: Record<string, unknown>): string => `${JSON.stringify(object(fields))}\n`
  for await (const piece of answer.pieces()) {
    const { part, choices } = piece
    const logprobs = choices && { logprobs: chatLogprobs(choicesOfText(piece)) }
    const said = part && saidBy(part)
    if (said || choices) yield line({ ...shape(said ?? NOTHING), ...logprobs, done: false })
  }
  const whole = await answer.result
  scope.throwIfCancelled()
  yield line({ ...shape(NOTHING), ...endOf(whole, scope) })
}

/** Pieces of a call's arguments are not told: Ollama's calls come whole. */
function saidBy(part: Part): Said | undefined {
  if (part.kind === 'tool-input') return undefined
  if (part.kind === 'tool-call') return { ...NOTHING, calls: [part.call] }
  return part.kind === 'reasoning' ? { ...NOTHING, thinking: part.text } : { ...NOTHING, text: part.text }
}

/** How it ended and what it took: times are in nanoseconds. */
function endOf(whole: GenerationResult, scope: RequestScope) {
  return {
    done: true,
    done_reason: whole.finishReason === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(performance.now() - scope.started),
    load_duration: 0,
    prompt_eval_count: whole.promptTokens,
    prompt_eval_duration: nanoseconds(whole.timings.prefillMs),
    eval_count: whole.ids.length,
    eval_duration: nanoseconds(whole.timings.decodeMs),
  }
}

/** What a request without anything to answer gets: it loads a model, or takes it out of memory, which nothing does here. */
export function loaded(body: AnswerRequest & Pick<ChatRequest, 'keep_alive'>, shape: Shape): Response {
  const unload = body.keep_alive === 0 || body.keep_alive === '0'
  const end = { ...shape(NOTHING), done: true, done_reason: unload ? 'unload' : 'load' }
  const object = { model: body.model, created_at: now(), ...end }
  if (body.stream === false) return Response.json(object)
  return new Response(`${JSON.stringify(object)}\n`, { headers: { 'content-type': LINES.contentType } })
}

export function now(): string {
  return new Date().toISOString()
}

export function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6)
}
