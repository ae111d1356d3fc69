/** Means with their standard errors. Formulas: Miller, "Adding Error Bars to Evals", arXiv 2411.00640. */

export interface Estimate {
  readonly value: number
  /** Standard error; none of fewer than two values. */
  readonly standardError: number | undefined
}

/**
 * The mean of values and its standard error; with clusters (questions on one passage, of one subject), values of a cluster may
 * depend on each other.
 * @param clusters one for each value
 */
export function meanOf(values: readonly number[], clusters?: readonly string[]): Estimate {
  const count = values.length
  const value = sum(values) / count
  if (count < 2) return { value, standardError: undefined }
  if (!clusters) return { value, standardError: Math.sqrt(variance(values, value) / count) }
  return { value, standardError: clusteredError(values, value, clusters) }
}

/** sqrt(sum over clusters of (sum of deviations)^2 * C / (C - 1)) / n; one cluster alone says nothing about its own spread. */
function clusteredError(values: readonly number[], mean: number, clusters: readonly string[]): number | undefined {
  const sums = new Map<string, number>()
  values.forEach((value, i) => sums.set(clusters[i]!, (sums.get(clusters[i]!) ?? 0) + value - mean))
  if (sums.size < 2) return undefined
  const squares = sum([...sums.values()].map((deviation) => deviation ** 2))
  return Math.sqrt((squares * sums.size) / (sums.size - 1)) / values.length
}

/** Of a sample: n - 1 below. */
export function variance(values: readonly number[], mean = sum(values) / values.length): number {
  return sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1)
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
