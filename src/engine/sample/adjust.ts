import { UserError } from '../../errors.js'

/** Changes to the logits before a token is chosen, as the OpenAI API defines them. */
export interface Adjustments {
  /** Subtracted once for each time that a token is in the answer. */
  readonly frequencyPenalty: number
  /** Subtracted for each token that is in the answer. */
  readonly presencePenalty: number
  /** Added to the logits of these ids. */
  readonly logitBias: ReadonlyMap<number, number>
}

/** Limits what may come next, together with a grammar or without one. With it nothing is drafted and no text is forced. */
export interface TokenConstraint {
  /** Works out what {@link mask} needs, while the logits are computed that it is for. */
  prepare?(): Promise<void>
  /** Returns the scores with -Infinity for what may not come; may return its argument. */
  mask(scores: Float32Array): Float32Array
  /** Takes a token that was chosen. */
  accept(id: number): void
  /** The answer is over. */
  close?(): void
}

/** Whether there are any. */
export function changes({ frequencyPenalty, presencePenalty, logitBias }: Adjustments): boolean {
  return frequencyPenalty !== 0 || presencePenalty !== 0 || logitBias.size > 0
}

/** Logits [V] with penalties and bias; `logits` itself where there are none. */
export function adjust(
  logits: Float32Array,
  counts: ReadonlyMap<number, number>,
  adjustments: Adjustments,
): Float32Array {
  if (!changes(adjustments)) return logits
  const { frequencyPenalty, presencePenalty, logitBias } = adjustments
  const scores = logits.slice()
  for (const [id, count] of counts) scores[id]! -= presencePenalty + frequencyPenalty * count
  for (const [id, bias] of logitBias) if (id < scores.length) scores[id]! += bias
  return scores
}

/** Far from what f32 holds, whatever is added up. */
const LARGEST = 1e30

/** @throws UserError invalid_argument when a number is outside of its range. */
export function checkAdjustments({ frequencyPenalty, presencePenalty, logitBias }: Adjustments): void {
  const penalties = [
    ['frequencyPenalty', frequencyPenalty],
    ['presencePenalty', presencePenalty],
  ] as const
  for (const [option, value] of penalties) {
    if (Math.abs(value) <= LARGEST) continue
    const range = `must be a number from -${LARGEST} to ${LARGEST}`
    throw new UserError(`${range}; found ${value}`, 'invalid_argument', { at: { option } })
  }
  for (const [id, bias] of logitBias) {
    if (Number.isSafeInteger(id) && id >= 0 && Math.abs(bias) <= LARGEST) continue
    const range = `must map token ids to numbers from -${LARGEST} to ${LARGEST}`
    throw new UserError(`${range}; found ${id}: ${bias}`, 'invalid_argument', { at: { option: 'logitBias' } })
  }
}
