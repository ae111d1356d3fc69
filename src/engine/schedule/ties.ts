/**
 * Equal scores of an indexer (StepResult.tiedFrom): which of them count depends on where the text ends, and so does all that
 * is computed from the first such position on. It holds for that one length of the text, and cannot be shared.
 */
export class Ties {
  /** The first position at which scores were equal. */
  from = Infinity
  /** The first position that is not to be shared although it stays: a choice among equal scores for the text as it stood. */
  private unshared = Infinity
  /** Where the text ends whose tokens are computed: a step may have a piece of it, and drafts stand after it. */
  private end = 0

  /** What is before this position holds for all texts that begin alike. */
  get sharedUpTo(): number {
    return Math.min(this.from, this.unshared)
  }

  get any(): boolean {
    return this.from < Infinity
  }

  /** The end of the text that the token at `position` is a part of. */
  endOf(position: number): number {
    return Math.max(this.end, position + 1)
  }

  /** The text ends at `end` now. Returns how many of `computed` tokens still hold. */
  endAt(end: number, computed: number): number {
    const holds = end === this.end ? computed : Math.min(computed, this.from)
    this.end = end
    this.truncate(holds)
    return holds
  }

  found(position: number, unshared: number): void {
    this.from = Math.min(this.from, position)
    this.unshared = Math.min(this.unshared, unshared)
  }

  /** Only the first `length` tokens are left. */
  truncate(length: number): void {
    if (this.from >= length) this.from = Infinity
    if (this.unshared >= length) this.unshared = Infinity
  }
}
