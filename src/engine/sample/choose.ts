import { invariant } from '../../errors.js'
import type { AnswerGrammar } from '../../grammar/answer-grammar.js'
import { adjust, changes } from './adjust.js'
import { choiceOf, type TokenChoice } from './likelihood.js'
import type { ResolvedOptions } from '../options.js'
import { seededRandom } from './random.js'
import type { Draw, RowResult, RowWish } from '../../backends/backend.js'
import { sample } from './sampler.js'
import { nothingAllowed } from './scored-tokens.js'

/** stop: a stop id or string, with calls or without; length: maxTokens or the context's end; abort: cancelled. */
export type FinishReason = 'stop' | 'length' | 'abort'

export interface ChooseRun extends ResolvedOptions {
  readonly signal: AbortSignal
  /** Ids from this one on have no token, and never come; by default all have one. */
  readonly below?: number | undefined
  /** Ids that end the answer, next to the model's own. */
  readonly stopIds: readonly number[] | undefined
  /** What the answer has to look like. */
  readonly form: AnswerGrammar | undefined
  /** Gets every token with its likelihood, if logprobs are asked for. */
  readonly choose: (choice: TokenChoice) => void
}

/** A token by its draw: what a backend does that has no rule of its own. */
export function drawToken(logits: Float32Array, { u, below, ...draw }: Draw): number {
  return sample(logits.subarray(0, below), { ...draw, repetitionPenalty: 1 }, [], u)
}

/** The token that a row chose. @throws UserError where its logits were not numbers. */
export function tokenOf({ chosen, failure }: RowResult): number {
  if (failure) throw failure
  invariant(chosen !== undefined, 'a row without a token')
  return chosen
}

/** Chooses one token after the other, and notes how likely they were. */
class Chooser {
  private readonly random: () => number
  private readonly seen: Set<number>
  private readonly counts = new Map<number, number>()
  /** The random number of the next token, once it was asked for: each token takes one, whatever becomes of its step. */
  private drawn: number | undefined

  constructor(
    private readonly run: ChooseRun,
    prompt: readonly number[],
  ) {
    this.random = seededRandom(run.seed)
    this.seen = new Set(run.sampling.repetitionPenalty === 1 ? [] : prompt)
  }

  /** The next token's draw, where nothing but its logits decides about it. */
  get draw(): Draw | undefined {
    const { form, constraint, logprobs, adjustments, sampling, below } = this.run
    if (form || constraint || logprobs !== undefined) return undefined
    if (sampling.repetitionPenalty !== 1 || changes(adjustments)) return undefined
    const { temperature, topK, topP, minP } = sampling
    this.drawn ??= this.random()
    return { temperature, topK, topP, minP, u: this.drawn, ...(below !== undefined && { below }) }
  }

  choose(row: RowResult): number {
    const id = row.logits ? this.sampleFrom(row.logits) : tokenOf(row)
    this.drawn = undefined
    this.note(id)
    if (row.logits && this.run.logprobs !== undefined) this.run.choose(choiceOf(row.logits, id, this.run.logprobs))
    return id
  }

  /** A token that comes without a choice. It takes its random number too, so that those after it get theirs. */
  take(id: number): void {
    this.random()
    this.note(id)
  }

  private note(id: number): void {
    this.run.form?.accept(id)
    this.run.constraint?.accept(id)
    this.seen.add(id)
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
  }

  private sampleFrom(logits: Float32Array): number {
    const { run } = this
    const adjusted = adjust(logits, this.counts, run.adjustments)
    const masked = run.constraint?.mask(adjusted) ?? adjusted
    // A grammar's masks are of the whole vocabulary, and have no id without a token.
    const scores = run.form ? masked : masked.subarray(0, run.below)
    if (masked !== adjusted && scores.every((score) => score === -Infinity)) throw nothingAllowed()
    return sample(scores, run.sampling, this.seen, this.drawn ?? this.random(), run.form?.allowed())
  }
}

/** The tokens of an answer as they are chosen, and what ends it. */
export class AnswerTokens {
  readonly ids: number[] = []
  /** The prompt and the ids. */
  readonly sequence: number[]
  finishReason: FinishReason | undefined
  private readonly chooser: Chooser

  /**
   * @param room most tokens
   * @param emit delivers a token; returns true at a stop string
   */
  constructor(
    private readonly run: ChooseRun,
    prompt: readonly number[],
    private readonly stopIds: ReadonlySet<number>,
    private readonly room: number,
    private readonly emit: (id: number) => boolean,
  ) {
    this.chooser = new Chooser(run, prompt)
    this.sequence = [...prompt]
    if (room <= 0) this.finishReason = 'length'
  }

  /** What the next step's rows are to give: logits, or the token itself where nothing but the logits decides about it. */
  get want(): RowWish {
    return this.chooser.draw ?? 'logits'
  }

  /**
   * Takes [1 + drafts] rows as it would in one step after the other: row i counts if all drafts before it are the tokens that
   * were chosen. Returns the new ids.
   */
  read(rows: readonly RowResult[], drafts: readonly number[]): readonly number[] {
    const first = this.ids.length
    for (let row = 0; row <= drafts.length && !this.run.signal.aborted; row++) {
      const id = this.chooser.choose(rows[row]!)
      this.push(id)
      if (this.finishReason !== undefined || id !== drafts[row]) break
    }
    return this.ids.slice(first)
  }

  /** Takes tokens that are certain, without rows. */
  take(ids: readonly number[]): void {
    for (const id of ids) {
      if (this.finishReason !== undefined) return
      this.chooser.take(id)
      this.push(id)
    }
  }

  private push(id: number): void {
    this.ids.push(id)
    this.sequence.push(id)
    const { ignoreEos, stopIds } = this.run
    if ((!ignoreEos && this.stopIds.has(id)) || stopIds?.includes(id)) this.finishReason = 'stop'
    else if (this.emit(id)) this.finishReason = 'stop'
    else if (this.ids.length >= this.room) this.finishReason = 'length'
  }
}
