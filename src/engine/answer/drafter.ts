import { LONGEST_DRAFT } from '../schedule/speculation.js'

/** Drafts what may come next, cheaply. The model checks drafts, so that a wrong one costs time and never a token. */
export interface Drafter {
  /**
   * Tokens that may follow `sequence`, the prompt and the answer so far; at most `most`, or none.
   * Called once for each step of the model.
   */
  draft(sequence: readonly number[], most: number): readonly number[] | Promise<readonly number[]>
}

/** `draft:` and a model, by its path or name. */
export type DraftModelName = `draft:${string}`

/**
 * mtp: the model's own layer for further tokens; ngram: what followed the same tokens earlier; draft:MODEL: a small model of the same
 * tokens.
 */
export type Speculation = 'mtp' | 'ngram' | DraftModelName

/** The model after `draft:`, if that is what is asked for. */
export function draftModelOf(speculate: unknown): string | undefined {
  return typeof speculate === 'string' && /^draft:./.test(speculate) ? speculate.slice('draft:'.length) : undefined
}

/** The longest and the shortest run of tokens that is looked up. */
const LONGEST = 4
const SHORTEST = 2
/** Tokens of a draft when nothing is known yet. */
const FIRST_DRAFT = 4

/** How long a draft should be: longer after full success and shorter after failure. */
export class DraftLength {
  private length = FIRST_DRAFT
  private last: { readonly at: number; readonly tokens: readonly number[] } | undefined

  /** Tokens of the next draft, of what came of the last. */
  after(sequence: readonly number[]): number {
    if (!this.last) return this.length
    const { at, tokens } = this.last
    this.last = undefined
    const right = tokens.findIndex((token, i) => sequence[at + i] !== token)
    if (right < 0) this.length = Math.min(LONGEST_DRAFT, this.length * 2)
    else this.length = Math.max(1, Math.ceil(this.length / 2), right)
    return this.length
  }

  /** After `sequence` these were drafted. */
  drafted({ length }: readonly number[], tokens: readonly number[]): void {
    if (tokens.length > 0) this.last = { at: length, tokens }
  }
}

/**
 * Prompt lookup: what followed the last few tokens when they occurred before, in the prompt or in the answer. The
 * idea: github.com/apoorvumang/prompt-lookup-decoding.
 */
export class NgramDrafter implements Drafter {
  /** Where each run of n tokens ended last, by n. */
  private readonly endOf = new Map<string, number>()
  private indexed = 0
  private readonly length = new DraftLength()

  draft(sequence: readonly number[], most: number): readonly number[] {
    const count = Math.min(most, this.length.after(sequence))
    // The run at the very end is what is looked up; it is indexed afterwards.
    for (; this.indexed < sequence.length; this.indexed++) {
      for (let n = SHORTEST; n <= Math.min(LONGEST, this.indexed); n++) {
        this.endOf.set(keyOf(sequence, this.indexed, n), this.indexed)
      }
    }
    const end = this.find(sequence)
    const tokens = end === undefined ? [] : sequence.slice(end, end + count)
    this.length.drafted(sequence, tokens)
    return tokens
  }

  private find(sequence: readonly number[]): number | undefined {
    for (let n = Math.min(LONGEST, sequence.length); n >= SHORTEST; n--) {
      const end = this.endOf.get(keyOf(sequence, sequence.length, n))
      if (end !== undefined) return end
    }
    return undefined
  }
}

/** The n tokens before `end`. */
function keyOf(sequence: readonly number[], end: number, n: number): string {
  return `${n}:${sequence.slice(end - n, end).join()}`
}
