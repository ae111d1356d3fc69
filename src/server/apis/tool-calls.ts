import type { ToolDefinition } from '../../chat/message.js'
import type { Generation, Piece } from '../../remote/engine-like.js'

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

/** The answer up to its first call; what would follow is cancelled. */
export async function* withoutFurtherCalls(answer: Generation): AsyncGenerator<Piece, void, undefined> {
  for await (const piece of answer.pieces()) {
    yield piece
    if (piece.part?.kind === 'tool-call') return
  }
}
