import type { Estimate } from './mean.js'
import { Z95 } from './normal.js'

/** Both ends of a confidence interval. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** Fewer documents than this, or scores so near to 0 or 1 that fewer than this many differ: the normal interval is too narrow. */
const SMALL = 300
const FEW = 10

/** Wilson's score interval of a share, which stays inside 0 and 1. Wilson 1927. */
export function wilson(successes: number, count: number, z = Z95): Interval {
  const share = successes / count
  const scale = 1 + z ** 2 / count
  const center = (share + z ** 2 / (2 * count)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))
  // At the ends rounding leaves a few 1e-17.
  return { low: successes === 0 ? 0 : center - half, high: successes === count ? 1 : center + half }
}

/** The 95 % interval of a mean: Wilson's for yes and no of few documents, the normal one else. */
export function intervalOf(values: readonly number[], estimate: Estimate, isClustered: boolean): Interval | undefined {
  const { value, standardError } = estimate
  const isShare = values.every((one) => one === 0 || one === 1)
  const successes = value * values.length
  const isSmall = values.length < SMALL || Math.min(successes, values.length - successes) < FEW
  if (isShare && isSmall && !isClustered) return wilson(Math.round(successes), values.length)
  if (standardError === undefined) return undefined
  // Clusters make a share's interval wider, never narrower than Wilson's by much: as many documents as the error is worth.
  if (isShare && isSmall && standardError > 0) {
    const worth = Math.min(values.length, (value * (1 - value)) / standardError ** 2)
    return wilson(value * worth, worth)
  }
  if (isShare && standardError === 0) return wilson(Math.round(successes), values.length)
  return { low: value - Z95 * standardError, high: value + Z95 * standardError }
}
