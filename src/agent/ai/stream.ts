import type { Generation, GenerationResult } from '../../remote/engine-like.js'
import type { CallPart, Ending, FinishName, StreamPart } from './types.js'

type ToolCall = GenerationResult['toolCalls'][number]

/** A block of the stream that has begun. */
interface Open {
  readonly kind: 'text' | 'reasoning' | 'tool-input'
  readonly id: string
}

/** The blocks of an answer, one open at a time, each with its beginning and its end. */
export async function* streamParts(generation: Generation): AsyncGenerator<StreamPart, void, undefined> {
  let open: Open | undefined
  let blocks = 0
  for await (const part of generation) {
    const id = part.kind === 'tool-input' ? part.id : part.kind === 'tool-call' ? part.call.id : undefined
    const kind = part.kind === 'tool-call' ? 'tool-input' : part.kind
    if (open && (open.kind !== kind || (id !== undefined && open.id !== id))) {
      yield endOf(open)
      open = undefined
    }
    if (!open) {
      open = { kind, id: id ?? String(blocks++) }
      yield startOf(open, part.kind === 'tool-input' ? part.name : part.kind === 'tool-call' ? part.call.name : '')
      // Where a dialect has no pieces, the arguments come whole.
      if (part.kind === 'tool-call') yield { type: 'tool-input-delta', id: open.id, delta: part.call.arguments }
    }
    if (part.kind === 'tool-call') {
      yield endOf(open)
      open = undefined
      yield callPart(part.call)
    } else if (part.text !== '') yield { type: `${open.kind}-delta`, id: open.id, delta: part.text }
  }
  if (open) yield endOf(open)
}

function startOf({ kind, id }: Open, toolName: string): StreamPart {
  return kind === 'tool-input' ? { type: 'tool-input-start', id, toolName } : { type: `${kind}-start`, id }
}

function endOf({ kind, id }: Open): StreamPart {
  return { type: `${kind}-end`, id }
}

export function callPart({ id, name, arguments: input }: ToolCall): CallPart {
  return { type: 'tool-call', toolCallId: id, toolName: name, input }
}

/** Why the answer ended, and what it cost. */
export function endingOf(result: GenerationResult): Ending {
  const {
    finishReason: raw,
    toolCalls,
    promptTokens,
    cachedTokens,
    ids,
    reasoningTokens,
    timings,
    speculation,
  } = result
  const own = { timings: { ...timings }, ...(speculation && { speculation: { ...speculation } }) }
  return {
    finishReason: { unified: finishName(raw, toolCalls.length > 0), raw },
    usage: {
      inputTokens: {
        total: promptTokens,
        noCache: promptTokens - cachedTokens,
        cacheRead: cachedTokens,
        cacheWrite: undefined,
      },
      outputTokens: { total: ids.length, text: ids.length - reasoningTokens, reasoning: reasoningTokens },
    },
    providerMetadata: { kaiyuan: own },
  }
}

function finishName(reason: GenerationResult['finishReason'], hasCalls: boolean): FinishName {
  if (reason === 'length') return 'length'
  if (reason === 'abort') return 'other'
  return hasCalls ? 'tool-calls' : 'stop'
}

/** A stream of what a generator gives; who cancels it ends the generator. */
export function streamOf<T>(parts: AsyncGenerator<T, void, undefined>): ReadableStream<T> {
  return new ReadableStream<T>({
    async pull(controller) {
      const { value, done } = await parts.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await parts.return()
    },
  })
}
