/** Two runs on the same documents. */
import { PythonRandom } from '../python/random.js'
import type { Interval } from './interval.js'
import { meanOf, sum } from './mean.js'
import { Z95 } from './normal.js'

export interface PairedDifference {
  readonly count: number
  /** Mean of b minus mean of a. */
  readonly difference: number
  readonly standardError: number | undefined
  readonly interval: Interval | undefined
  /** Documents that only one of both has right; of other scores, where one is higher. */
  readonly onlyA: number
  readonly onlyB: number
  /** Exact McNemar test of these two: two-sided. */
  readonly pValue: number
  /** The percentile interval of a paired bootstrap over clusters, as a check of the other. */
  readonly bootstrap: Interval
}

const ROUNDS = 10_000

/** @param clusters of the documents; each alone by default */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  clusters?: readonly string[],
  seed = 1234,
): PairedDifference {
  const differences = a.map((value, i) => b[i]! - value)
  const { value, standardError } = meanOf(differences, clusters)
  const onlyA = differences.filter((difference) => difference < 0).length
  const onlyB = differences.filter((difference) => difference > 0).length
  // Differences that are all the same say nothing about their spread.
  const half = standardError === undefined || standardError === 0 ? undefined : Z95 * standardError
  return {
    count: differences.length,
    difference: value,
    standardError,
    interval: half === undefined ? undefined : { low: value - half, high: value + half },
    onlyA,
    onlyB,
    pValue: mcNemar(onlyA, onlyB),
    bootstrap: bootstrap(differences, clusters, seed),
  }
}

/** P of a split at least as uneven as this one, if both sides are equally likely. McNemar 1947, in its exact form. */
export function mcNemar(onlyA: number, onlyB: number): number {
  const count = onlyA + onlyB
  if (count === 0) return 1
  let term = -count * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) {
    tail += Math.exp(term)
    term += Math.log(count - k) - Math.log(k + 1)
  }
  return Math.min(1, 2 * tail)
}

/** Whole clusters are drawn, with replacement. */
function bootstrap(differences: readonly number[], clusters: readonly string[] | undefined, seed: number): Interval {
  const groups = new Map<string, { total: number; count: number }>()
  differences.forEach((difference, i) => {
    const key = clusters?.[i] ?? String(i)
    const group = groups.get(key) ?? { total: 0, count: 0 }
    groups.set(key, { total: group.total + difference, count: group.count + 1 })
  })
  const all = [...groups.values()]
  const random = new PythonRandom(seed)
  const means = Float64Array.from({ length: ROUNDS }, () => {
    let [total, count] = [0, 0]
    for (let i = 0; i < all.length; i++) {
      const drawn = all[Math.floor(random.random() * all.length)]!
      total += drawn.total
      count += drawn.count
    }
    return total / count
  }).sort()
  return { low: means[Math.floor(ROUNDS * 0.025)]!, high: means[Math.ceil(ROUNDS * 0.975) - 1]! }
}

/** Holm's correction of several tests of one comparison: the p-values in their order, each as it counts. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((x, y) => pValues[x]! - pValues[y]!)
  const corrected = new Array<number>(pValues.length)
  let highest = 0
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, pValues[index]! * (pValues.length - rank)))
    corrected[index] = highest
  })
  return corrected
}

/** Pearson's correlation; 0 where one of both does not vary. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [sum(a) / a.length, sum(b) / b.length]
  const covariance = sum(a.map((value, i) => (value - meanA) * (b[i]! - meanB)))
  const spread = Math.sqrt(sum(a.map((v) => (v - meanA) ** 2)) * sum(b.map((v) => (v - meanB) ** 2)))
  return spread === 0 ? 0 : covariance / spread
}
