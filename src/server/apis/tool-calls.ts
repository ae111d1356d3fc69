import { z } from 'zod'
import type { Part, ToolCall } from '../../chat/dialects/dialect.js'
import type { ToolDefinition } from '../../chat/message.js'
import type { Generation, GenerationResult, Piece } from '../../remote/engine-like.js'
import type { RequestScope } from '../admission/request.js'
import { unsupported } from '../http/api-error.js'

export const toolName = z.string().regex(/^[\w.-]{1,128}$/, 'expected letters, digits, _, - and ., at most 128')

/** What any of the APIs says of a tool, in the shape that templates and grammars take. */
export function toolDefinition(tool: {
  readonly name: string
  readonly description?: string | null | undefined
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined
  readonly strict?: boolean | null | undefined
}): ToolDefinition {
  const { name, description, parameters, strict } = tool
  const own = { ...(description && { description }), ...(parameters && { parameters }), ...(strict && { strict }) }
  return { type: 'function', function: { name, ...own } }
}

/**
 * A tool that a provider would run: the model is not told about it, so while it may choose it cannot call it.
 * @throws ApiError where a call is asked for, or the server is strict
 */
export function hostedTool(scope: RequestScope, type: string, param: string, choice: unknown): void {
  const free = choice === undefined || choice === null || choice === 'auto' || choice === 'none'
  if (!free) throw unsupported(param, `${param}: ${type.slice(0, 60)} is not run here; leave it out, or tool_choice`)
  scope.ignore(`tools (${type.slice(0, 60).replace(/[^\w.-]/g, '?')})`)
}

/** The answer up to its first call; what would follow is cancelled. */
export async function* withoutFurtherCalls(answer: Generation): AsyncGenerator<Piece, void, undefined> {
  for await (const piece of answer.pieces()) {
    yield piece
    if (piece.part?.kind === 'tool-call') return
  }
}

/** The calls of a whole answer: one that was cut off is the last, with the arguments that had come. */
export function callsIn({ toolCalls, partialCall }: GenerationResult, parallel: boolean): readonly ToolCall[] {
  const calls = partialCall ? [...toolCalls, partialCall] : toolCalls
  return parallel ? calls : calls.slice(0, 1)
}

/** What of an answer's calls is new: whose call it is, and the next piece of its arguments. */
export interface CallPiece {
  readonly begins: boolean
  readonly ends: boolean
  readonly call: Pick<ToolCall, 'index' | 'id' | 'name'>
  readonly text: string
}

/** Puts calls that come in pieces and calls that come whole into one form. */
export class CallPieces {
  private open: number | undefined

  take(part: Part): CallPiece | undefined {
    if (part.kind === 'tool-input') {
      const begins = this.open !== part.index
      this.open = part.index
      return { begins, ends: false, call: part, text: part.text }
    }
    if (part.kind !== 'tool-call') return undefined
    const begins = this.open !== part.call.index
    this.open = undefined
    return { begins, ends: true, call: part.call, text: begins ? part.call.arguments : '' }
  }
}
