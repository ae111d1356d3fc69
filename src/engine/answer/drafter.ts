/** Drafts what may come next, cheaply. The model checks drafts, so that a wrong one costs time and never a token. */
export interface Drafter {
  /**
   * Tokens that may follow `sequence`, the prompt and the answer so far; at most `most`, or none.
   * Called once for each step of the model.
   */
  draft(sequence: readonly number[], most: number): readonly number[]
}

/** mtp: the model's own layer for further tokens; ngram: what followed the same tokens earlier. */
export type Speculation = 'mtp' | 'ngram'

/** The longest and the shortest run of tokens that is looked up. */
const LONGEST = 4
const SHORTEST = 2
/** Tokens of a draft when nothing is known yet, and the most. */
const FIRST_DRAFT = 4
const LONGEST_DRAFT = 16

/**
 * Prompt lookup: what followed the last few tokens when they occurred before, in the prompt or in the answer. Drafts
 * become longer after full success and shorter after failure. The idea: github.com/apoorvumang/prompt-lookup-decoding.
 */
export class NgramDrafter implements Drafter {
  /** Where each run of n tokens ended last, by n. */
  private readonly endOf = new Map<string, number>()
  private indexed = 0
  private draftLength = FIRST_DRAFT
  private last: { readonly at: number; readonly tokens: readonly number[] } | undefined

  draft(sequence: readonly number[], most: number): readonly number[] {
    this.judge(sequence)
    // The run at the very end is what is looked up; it is indexed afterwards.
    for (; this.indexed < sequence.length; this.indexed++) {
      for (let n = SHORTEST; n <= Math.min(LONGEST, this.indexed); n++) {
        this.endOf.set(keyOf(sequence, this.indexed, n), this.indexed)
      }
    }
    const count = Math.min(most, this.draftLength)
    const end = this.find(sequence)
    const tokens = end === undefined ? [] : sequence.slice(end, end + count)
    this.last = tokens.length > 0 ? { at: sequence.length, tokens } : undefined
    return tokens
  }

  private find(sequence: readonly number[]): number | undefined {
    for (let n = Math.min(LONGEST, sequence.length); n >= SHORTEST; n--) {
      const end = this.endOf.get(keyOf(sequence, sequence.length, n))
      if (end !== undefined) return end
    }
    return undefined
  }

  private judge(sequence: readonly number[]): void {
    if (!this.last) return
    const { at, tokens } = this.last
    const right = tokens.findIndex((token, i) => sequence[at + i] !== token)
    if (right < 0) this.draftLength = Math.min(LONGEST_DRAFT, this.draftLength * 2)
    else this.draftLength = Math.max(1, Math.ceil(this.draftLength / 2), right)
  }
}

/** The n tokens before `end`. */
function keyOf(sequence: readonly number[], end: number, n: number): string {
  return `${n}:${sequence.slice(end - n, end).join()}`
}
