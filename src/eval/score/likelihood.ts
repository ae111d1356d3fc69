import { codePointCount } from '../../chat/python/values.js'
import type { Item, Scores } from '../task/task.js'

/** How likely a continuation is, and whether it is what the model would have written itself. */
export interface Likelihood {
  readonly logprob: number
  readonly isGreedy: boolean
}

/**
 * acc: the likeliest answer is the right one. acc_norm: likewise, by the log-likelihood for each character (of Unicode, not bytes), as
 * the reference has it. Of equals the first counts.
 */
export function choiceScores({ choices = [], gold = -1 }: Item, found: readonly Likelihood[]): Scores {
  const sums = found.map(({ logprob }) => logprob)
  const perCharacter = sums.map((sum, i) => sum / codePointCount(choices[i] ?? ''))
  return { acc: highest(sums) === gold ? 1 : 0, acc_norm: highest(perCharacter) === gold ? 1 : 0 }
}

function highest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0)
}
