import { differenceInterval, isTie, type Measured } from './interval.js'
import type { Gap } from './outcome.js'

/** Points as they are shown and compared: scores have two decimals at most. */
export function rounded(points: number): number {
  return Math.round(points * 100) / 100
}

export function gapOf(closed: Measured, open: Measured): Gap {
  const interval = differenceInterval(closed, open)
  return {
    points: rounded(closed.score - open.score),
    interval: interval && { low: rounded(interval.low), high: rounded(interval.high) },
    tie: isTie(closed, open),
  }
}
