import type { Piece } from './worker/protocol.js'
import type { RemoteAnswer } from './worker/remote-answer.js'

/** The answer up to its first call; what would follow is cancelled. */
export async function* withoutFurtherCalls(answer: RemoteAnswer): AsyncGenerator<Piece, void, undefined> {
  for await (const piece of answer) {
    yield piece
    if (piece.part?.kind === 'tool-call') return
  }
}
