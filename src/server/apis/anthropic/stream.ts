import type { Generation, GenerationResult, PromptCount } from '../../../remote/engine-like.js'
import type { RequestScope } from '../../admission/request.js'
import { frame } from '../../http/events.js'
import { progressComment } from '../prompt-progress.js'
import { callsIn, CallPieces, withoutFurtherCalls } from '../tool-calls.js'
import { argumentsText } from '../history.js'
import type { MessagesRequest } from './schema.js'

/** The pieces that the client wants. */
export function limited(answer: Generation, body: MessagesRequest) {
  return body.tool_choice?.disable_parallel_tool_use ? withoutFurtherCalls(answer) : answer.pieces()
}

/** The content of the whole answer. */
export function blocksOf(whole: GenerationResult, body: MessagesRequest) {
  const { reasoning, text } = whole
  return [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: '' }]),
    ...(text === '' ? [] : [{ type: 'text', text }]),
    ...callsIn(whole, !body.tool_choice?.disable_parallel_tool_use).map(({ id, name, arguments: json }) => ({
      type: 'tool_use',
      id,
      name,
      // Of a call that was cut off there is what had come.
      input: JSON.parse(argumentsText(json)) as unknown,
    })),
  ]
}

/** Why the answer ended. */
export function endOf(whole: GenerationResult) {
  const { finishReason, stopText } = whole
  const stop = { stop_sequence: stopText ?? null }
  if (finishReason === 'length') return { stop_reason: 'max_tokens', ...stop }
  if (callsIn(whole, true).length > 0) return { stop_reason: 'tool_use', ...stop }
  return { stop_reason: stopText === undefined ? 'end_turn' : 'stop_sequence', ...stop }
}

/** input_tokens are those that had to be computed, as Anthropic counts them. */
export function usageOf({ promptTokens, cachedTokens }: PromptCount, outputTokens: number) {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: 0,
    output_tokens: outputTokens,
  }
}

/** What is open in the stream. */
type BlockKind = 'thinking' | 'text' | 'tool_use'

/** The events of the stream. */
export async function* events(
  answer: Generation,
  body: MessagesRequest,
  head: Record<string, string>,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const event = (type: string, data: Record<string, unknown>): string => frame({ type, ...data }, type)
  let begun = false
  const begin = (count: PromptCount, tokens: number): string => {
    begun = true
    const message = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: usageOf(count, tokens) }
    return event('message_start', { message })
  }
  let index = -1
  let open: BlockKind | undefined
  const calls = new CallPieces()
  const start = (block: unknown): string => event('content_block_start', { index: ++index, content_block: block })
  const delta = (data: unknown): string => event('content_block_delta', { index, delta: data })
  const stop = (): string => event('content_block_stop', { index })
  const close = function* (): Generator<string, void, undefined> {
    if (open === 'thinking') yield delta({ type: 'signature_delta', signature: '' })
    if (open) yield stop()
    open = undefined
  }
  for await (const { reading, prompt, part } of limited(answer, body)) {
    if (reading) yield* progressComment(reading)
    if (prompt) yield begin(prompt, 1)
    if (!part) continue
    const piece = calls.take(part)
    if (piece) {
      const { begins, ends, call, text } = piece
      if (begins) {
        yield* close()
        open = 'tool_use'
        yield start({ type: 'tool_use', id: call.id, name: call.name, input: {} })
      }
      if (text !== '') yield delta({ type: 'input_json_delta', partial_json: text })
      if (ends) yield* close()
      continue
    }
    const kind = part.kind === 'reasoning' ? 'thinking' : 'text'
    if (open !== kind) {
      yield* close()
      open = kind
      yield start(kind === 'thinking' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'text', text: '' })
    }
    yield delta(
      kind === 'thinking' ? { type: 'thinking_delta', thinking: part.text } : { type: 'text_delta', text: part.text },
    )
  }
  yield* close()
  const whole = await answer.result
  scope.throwIfCancelled()
  if (!begun) yield begin(whole, whole.ids.length)
  yield event('message_delta', { delta: endOf(whole), usage: usageOf(whole, whole.ids.length) })
  yield event('message_stop', {})
}
