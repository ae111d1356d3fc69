import type { ToolCall } from '../../../chat/dialects/dialect.js'
import type { Generation, GenerationResult, NamedChoice, Piece } from '../../../remote/engine-like.js'
import type { RequestScope } from '../../admission/request.js'
import { frame, merge } from '../../http/events.js'
import { chatLogprobs } from '../logprobs.js'
import { withoutFurtherCalls } from '../tool-calls.js'
import type { ChatRequest } from './chat-schema.js'
import { usageOf } from './usage.js'

/** What all chunks and the whole have in common. */
export interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
}

/** Reads one answer to its end. */
export async function wholeChoice(
  answer: Generation,
  index: number,
  body: ChatRequest,
): Promise<{ choice: unknown; answer: GenerationResult }> {
  const named: NamedChoice[] = []
  for await (const { choices } of limited(answer, body)) named.push(...(choices ?? []))
  const whole = await answer.result
  const toolCalls = body.parallel_tool_calls === false ? whole.toolCalls.slice(0, 1) : whole.toolCalls
  const message = {
    role: 'assistant',
    content: whole.text === '' && toolCalls.length > 0 ? null : whole.text,
    refusal: null,
    ...(whole.reasoning !== '' && { reasoning_content: whole.reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(shownCall) }),
  }
  const logprobs = body.logprobs ? { content: chatLogprobs(named), refusal: null } : null
  return { choice: { index, message, logprobs, finish_reason: finishOf(whole) }, answer: whole }
}

function limited(answer: Generation, body: ChatRequest): AsyncIterable<Piece> {
  return body.parallel_tool_calls === false ? withoutFurtherCalls(answer) : answer.pieces()
}

/** The events of the stream. */
export async function* chunks(
  answers: readonly Generation[],
  body: ChatRequest,
  head: Head,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const usage = body.stream_options?.include_usage ? { usage: null } : {}
  const chunk = (index: number, delta: unknown, more: { logprobs?: unknown; finish_reason?: string } = {}): string => {
    const choice = { index, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish_reason ?? null }
    return frame({ ...head, object: 'chat.completion.chunk', choices: [choice], ...usage })
  }
  for (const index of answers.keys()) yield chunk(index, { role: 'assistant', content: '', refusal: null })
  for await (const { source, item } of merge(answers.map((answer) => limitedWhole(answer, body)))) {
    if ('finished' in item) {
      yield chunk(source, {}, { finish_reason: finishOf(item.finished) })
      continue
    }
    const { part, choices } = item
    const logprobs = choices && { logprobs: { content: chatLogprobs(choices), refusal: null } }
    if (part?.kind === 'tool-call') {
      const { index, id, name, arguments: text } = part.call
      const call = { index, id, type: 'function', function: { name, arguments: '' } }
      yield chunk(source, { tool_calls: [call] }, logprobs)
      yield chunk(source, { tool_calls: [{ index, function: { arguments: text } }] })
    } else if (part?.kind === 'reasoning') yield chunk(source, { reasoning_content: part.text }, logprobs)
    else yield chunk(source, { content: part?.text ?? '' }, logprobs)
  }
  scope.throwIfCancelled()
  if (body.stream_options?.include_usage) {
    const wholes = await Promise.all(answers.map(({ result }) => result))
    yield frame({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(wholes) })
  }
  yield frame('[DONE]')
}

/** The pieces of one answer, and at the end the whole. */
async function* limitedWhole(
  answer: Generation,
  body: ChatRequest,
): AsyncGenerator<Piece | { finished: GenerationResult }, void, undefined> {
  yield* limited(answer, body)
  yield { finished: await answer.result }
}

function shownCall({ id, name, arguments: text }: ToolCall) {
  return { id, type: 'function', function: { name, arguments: text } }
}

function finishOf({ finishReason, toolCalls }: GenerationResult): string {
  if (finishReason === 'length') return 'length'
  return toolCalls.length > 0 ? 'tool_calls' : 'stop'
}
