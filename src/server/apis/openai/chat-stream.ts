import type { Generation, GenerationResult, NamedChoice, Piece } from '../../../remote/engine-like.js'
import type { RequestScope } from '../../admission/request.js'
import { frame, merge } from '../../http/events.js'
import { chatLogprobs, choicesOfText } from '../logprobs.js'
import { progressComment, progressOf } from '../prompt-progress.js'
import { callsIn, CallPieces, withoutFurtherCalls } from '../tool-calls.js'
import type { ChatRequest } from './chat-schema.js'
import { ShownCalls } from './shown-calls.js'
import { usageOf } from './usage.js'

/** What all chunks and the whole have in common. */
export interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
}

/** Reads one answer to its end. */
export async function wholeChoice(
  answer: Generation,
  index: number,
  body: ChatRequest,
): Promise<{ choice: unknown; answer: GenerationResult }> {
  const named: NamedChoice[] = []
  for await (const piece of limited(answer, body)) named.push(...choicesOfText(piece))
  const whole = await answer.result
  const shown = new ShownCalls(body)
  const calls = callsIn(whole, allowsSeveral(body))
  const message = {
    role: 'assistant',
    content: whole.text === '' && calls.length > 0 ? null : whole.text,
    refusal: null,
    ...(whole.reasoning !== '' && thought(whole.reasoning)),
    ...shown.message(calls),
  }
  const logprobs = body.logprobs ? { content: chatLogprobs(named), refusal: null } : null
  return { choice: { index, message, logprobs, finish_reason: finishOf(whole, shown) }, answer: whole }
}

/** What the model thought, by the two names that clients look for. */
function thought(text: string) {
  return { reasoning_content: text, reasoning: text }
}

/** The older form has one call. */
function allowsSeveral({ parallel_tool_calls: parallel, functions }: ChatRequest): boolean {
  return parallel !== false && !functions?.length
}

function limited(answer: Generation, body: ChatRequest): AsyncIterable<Piece> {
  return allowsSeveral(body) ? answer.pieces() : withoutFurtherCalls(answer)
}

/** The events of the stream. */
export async function* chunks(
  answers: readonly Generation[],
  body: ChatRequest,
  head: Head,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const usage = body.stream_options?.include_usage ? { usage: null } : {}
  const chunk = (
    index: number,
    delta: unknown,
    more: { logprobs?: unknown; finish_reason?: string } = {},
    extra = {},
  ): string => {
    const choice = { index, delta, logprobs: more.logprobs ?? null, finish_reason: more.finish_reason ?? null }
    return frame({ ...head, object: 'chat.completion.chunk', choices: [choice], ...usage, ...extra })
  }
  const shown = answers.map(() => new ShownCalls(body))
  const calls = answers.map(() => new CallPieces())
  for (const index of answers.keys()) yield chunk(index, { role: 'assistant', content: '', refusal: null })
  for await (const { source, item } of merge(answers.map((answer) => limitedWhole(answer, body)))) {
    if ('finished' in item) {
      yield chunk(source, {}, { finish_reason: finishOf(item.finished, shown[source]!) })
      continue
    }
    const { reading, part } = item
    if (reading) {
      if (body.return_progress) yield chunk(source, {}, {}, progressOf(reading, scope.started))
      else yield* progressComment(reading)
      continue
    }
    const named = chatLogprobs(choicesOfText(item))
    const logprobs = named.length > 0 ? { logprobs: { content: named, refusal: null } } : {}
    const piece = part && calls[source]!.take(part)
    if (piece) {
      for (const delta of shown[source]!.deltas(piece)) yield chunk(source, delta)
    } else if (part?.kind === 'reasoning') yield chunk(source, thought(part.text))
    else if (part || named.length > 0) yield chunk(source, { content: part?.text ?? '' }, logprobs)
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

function finishOf(whole: GenerationResult, shown: ShownCalls): string {
  if (whole.finishReason === 'length') return 'length'
  return callsIn(whole, true).length > 0 ? shown.finish : 'stop'
}
