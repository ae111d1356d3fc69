export interface Interval {
  readonly low: number
  readonly high: number
}

/** A score and where it may lie: 90 % in the ECI, 95 % in the Arena; some snapshots have none. */
export interface Measured {
  readonly score: number
  readonly interval?: Interval | undefined
}

/** Whether two ranks cannot be told apart: their intervals overlap. Without intervals nothing is said. */
export function isTie(a: Measured, b: Measured): boolean {
  if (!a.interval || !b.interval) return false
  return a.interval.low <= b.interval.high && b.interval.low <= a.interval.high
}

/**
 * The interval of `a - b` from those of both, which need not be symmetric: the method of variance estimates recovery
 * (Zou and Donner 2008), with independent errors.
 */
export function differenceInterval(a: Measured, b: Measured): Interval | undefined {
  if (!a.interval || !b.interval) return undefined
  const difference = a.score - b.score
  return {
    low: difference - Math.hypot(a.score - a.interval.low, b.interval.high - b.score),
    high: difference + Math.hypot(a.interval.high - a.score, b.score - b.interval.low),
  }
}
