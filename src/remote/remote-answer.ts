import type { Answer, Piece } from './protocol.js'

/**
 * An answer that comes from an engine's worker. It is made whether or not it is read, and what is not read yet is kept: never
 * more than one answer. Leaving the loop early cancels it. Errors come out of the loop and of `result`.
 */
export class RemoteAnswer implements AsyncIterable<Piece> {
  readonly result: Promise<Answer>
  /** Resolves with the first piece or with the whole; rejects when neither comes. */
  readonly begun: Promise<void>
  /** In performance.now() milliseconds. */
  firstPieceAt: number | undefined
  private readonly controller = new AbortController()
  private unread: Piece[] = []
  private settled = false
  private wake: () => void = () => undefined

  constructor(run: (push: (piece: Piece) => void, signal: AbortSignal) => Promise<Answer>) {
    let begin!: () => void
    const first = new Promise<void>((resolve) => (begin = resolve))
    const push = (piece: Piece): void => {
      this.firstPieceAt ??= performance.now()
      begin()
      this.unread.push(piece)
      this.wake()
    }
    this.result = run(push, this.controller.signal).finally(() => {
      this.settled = true
      this.wake()
    })
    this.begun = Promise.race([first, this.result.then(() => undefined)])
    this.begun.catch(() => undefined)
  }

  /** Ends the answer after the current step; `result` then has finishReason 'abort'. */
  cancel(): void {
    if (!this.settled) this.controller.abort()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece, void, undefined> {
    try {
      for (;;) {
        const pieces = this.unread
        this.unread = []
        yield* pieces
        if (this.unread.length > 0) continue
        if (this.settled) break
        await new Promise<void>((resolve) => (this.wake = resolve))
      }
      await this.result
    } finally {
      this.cancel()
    }
  }
}
