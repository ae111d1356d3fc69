import { invariant } from '../../errors.js'

/** Tokens of a draft of ours at most. */
export const LONGEST_DRAFT = 16

/** What is drafted of a sequence: tokens that a step checks, and what the model's own draft works from. */
export class Speculation {
  /** Whether the model's draft is to keep pace with the sequence. */
  wantsDraft = false
  /** Tokens at the end that are only drafted. */
  unchecked = 0
  /** The token after all that are there, once it is chosen. */
  next: number | undefined
  /** Positions [from, to) whose states the last step left for the draft. */
  private from = 0
  private to = 0

  /** A step computed positions [from, to). */
  computed(from: number, to: number): void {
    this.from = from
    this.to = to
  }

  /** Only the first `length` tokens are left. */
  truncate(length: number): void {
    this.to = Math.min(this.to, length)
  }

  /** For each position that the draft has to take, the token after it. Those of a step of `from` on; `tokens` are all. */
  *rows(from: number, tokens: readonly number[]): Generator<{ position: number; token: number; isLast: boolean }> {
    if (!this.wantsDraft || this.to <= from) return
    invariant(from === this.from, 'a draft over the rows of an older step')
    for (let position = from; position < this.to; position++) {
      const token = position + 1 < tokens.length ? tokens[position + 1] : this.next
      if (token !== undefined) yield { position, token, isLast: position + 1 === tokens.length }
    }
  }
}
