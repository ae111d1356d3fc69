import { adjust } from './adjust.js'
import type { FinishReason } from '../answer/generation.js'
import { choiceOf, type TokenChoice } from './likelihood.js'
import type { ResolvedOptions } from '../options.js'
import { seededRandom } from './random.js'
import { sample } from './sampler.js'

export interface ChooseRun extends ResolvedOptions {
  readonly signal: AbortSignal
  /** Gets every token with its likelihood, if logprobs are asked for. */
  readonly choose: (choice: TokenChoice) => void
}

/** Chooses one token after the other, and notes how likely they were. */
class Chooser {
  private readonly random: () => number
  private readonly seen: Set<number>
  private readonly counts = new Map<number, number>()

  constructor(
    private readonly run: ChooseRun,
    prompt: readonly number[],
  ) {
    this.random = seededRandom(run.seed)
    this.seen = new Set(run.sampling.repetitionPenalty === 1 ? [] : prompt)
  }

  choose(logits: Float32Array): number {
    const { run } = this
    const adjusted = adjust(logits, this.counts, run.adjustments)
    const scores = run.constraint?.mask(adjusted) ?? adjusted
    const id = sample(scores, run.sampling, this.seen, this.random())
    run.constraint?.accept(id)
    this.seen.add(id)
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
    if (run.logprobs !== undefined) run.choose(choiceOf(logits, id, run.logprobs))
    return id
  }
}

/** The tokens of an answer as they are chosen, and what ends it. */
export class Answered {
  readonly ids: number[] = []
  /** The prompt and the ids. */
  readonly sequence: number[]
  finishReason: FinishReason | undefined
  private readonly chooser: Chooser

  /**
   * @param room most tokens
   * @param spell takes each token to the reader; true when a stop string was found
   */
  constructor(
    private readonly run: ChooseRun,
    prompt: readonly number[],
    private readonly stopIds: ReadonlySet<number>,
    private readonly room: number,
    private readonly spell: (id: number) => boolean,
  ) {
    this.chooser = new Chooser(run, prompt)
    this.sequence = [...prompt]
    if (room <= 0) this.finishReason = 'length'
  }

  /**
   * Chooses from logits [1 + drafts, V] as it would in one step after the other: row i counts if all drafts before it are
   * the tokens that were chosen. Returns the new ids.
   */
  read(logits: Float32Array, drafts: readonly number[]): readonly number[] {
    const first = this.ids.length
    const width = logits.length / (drafts.length + 1)
    for (let row = 0; row <= drafts.length && !this.run.signal.aborted; row++) {
      const id = this.chooser.choose(logits.subarray(row * width, (row + 1) * width))
      this.push(id)
      if (this.finishReason !== undefined || id !== drafts[row]) break
    }
    return this.ids.slice(first)
  }

  private push(id: number): void {
    this.ids.push(id)
    this.sequence.push(id)
    if (!this.run.ignoreEos && this.stopIds.has(id)) this.finishReason = 'stop'
    else if (this.spell(id)) this.finishReason = 'stop'
    else if (this.ids.length >= this.room) this.finishReason = 'length'
  }
}
