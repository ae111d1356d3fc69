/** How far a run is. */
export interface EvaluationProgress {
  readonly task: string
  readonly done: number
  readonly total: number
  /** Of {@link done}, what an earlier run had answered. */
  readonly kept: number
  /** Of the first metric, so far. */
  readonly score: number | undefined
  readonly secondsLeft: number | undefined
}

/** What a run will take, before it begins. */
export interface Estimate {
  readonly task: string
  readonly requests: number
  /** Tokens of all prompts; for likelihoods with their answers. Examples that prompts share are computed once, and counted once each. */
  readonly promptTokens: number
  /** At most: answers may end sooner. */
  readonly answerTokens: number
  readonly detectable: number
}

/** Tells progress with the time that is left, by the pace of this run alone. */
export class Pace {
  private readonly begun = performance.now()
  private done = 0

  constructor(
    private readonly task: string,
    private readonly total: number,
    private readonly kept: number,
  ) {}

  next(score: number | undefined): EvaluationProgress {
    this.done++
    const { task, total, kept } = this
    const seconds = (performance.now() - this.begun) / 1000
    const left = total - kept - this.done
    return { task, done: kept + this.done, total, kept, score, secondsLeft: (seconds / this.done) * left }
  }
}
