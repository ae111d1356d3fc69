import { dayOf, timeOf } from '../../src/race/data/days.js'
import type { Day, RaceData } from '../../src/race/data/rows.js'
import { isUnknown, type Placed, type Rated, type Unknown } from '../../src/race/outcome.js'
import { standing } from '../../src/race/standing.js'

/** The last snapshot of the index with intervals. */
export const CHARTED: Day = '2025-12-19'
export const LINES = ['closed', 'CN', 'US', 'FR'] as const
export type Line = (typeof LINES)[number]

export interface Point {
  readonly line: Line
  readonly date: Date
  /** Nothing where a line is broken. */
  readonly value: number | undefined
  readonly low?: number | undefined
  readonly high?: number | undefined
  readonly model?: string
}

const WEEK = 7 * 86_400_000

/** Every week from 2023-09 to the snapshot. */
function weeks(): Day[] {
  const days: Day[] = []
  for (let time = timeOf('2023-09-01'); time < timeOf(CHARTED); time += WEEK) days.push(dayOf(time))
  return [...days, CHARTED]
}

function pointOf(line: Line, day: Day, rated: Rated | undefined): Point {
  const { score, interval, model } = rated ?? {}
  return {
    line,
    date: new Date(timeOf(day)),
    value: score,
    low: interval?.low,
    high: interval?.high,
    model: model ?? '',
  }
}

const placed = (there: Placed | Unknown | undefined): Placed | undefined =>
  there && !isUnknown(there) ? there : undefined

/** Best closed and best open by country, week by week, in one snapshot. */
export function eciSeries(data: RaceData): { scores: Point[]; gaps: Point[]; lags: Point[] } {
  const scores: Point[] = []
  const gaps: Point[] = []
  const lags: Point[] = []
  for (const day of weeks()) {
    const there = standing(data, day, 'eci', { snapshot: CHARTED })
    if (isUnknown(there)) continue
    scores.push(pointOf('closed', day, there.closed))
    for (const line of ['CN', 'US', 'FR'] as const) {
      const own = placed(there.countries[line])
      const date = new Date(timeOf(day))
      scores.push(pointOf(line, day, own?.best))
      const { low, high } = own?.gap.interval ?? {}
      gaps.push({ line, date, value: own?.gap.points, low, high })
      lags.push({ line, date, value: own?.lag && 'days' in own.lag ? own.lag.days : undefined })
    }
  }
  return { scores, gaps, lags }
}

/** The raw board, table by table; a line stops where the next table with a value is more than four months away. */
export function arenaSeries(data: RaceData): Point[] {
  const days = [...new Set([...data.frontier, ...data['arena-gap']].map(({ snapshot }) => snapshot))].sort()
  const last = new Map<Line, number>()
  return days.flatMap((day) => {
    const there = standing(data, day, 'arena')
    if (isUnknown(there) || there.board !== 'arena-text') return []
    const points = LINES.flatMap((line) => {
      const rated = line === 'closed' ? there.closed : placed(there.countries[line])?.best
      return rated ? [pointOf(line, day, rated)] : []
    })
    const broken = points.filter(({ line, date }) => date.getTime() - (last.get(line) ?? Infinity) > 17 * WEEK)
    for (const { line, date } of points) last.set(line, date.getTime())
    return [
      ...broken.map((point) => ({ ...point, date: new Date(point.date.getTime() - 1), value: undefined })),
      ...points,
    ]
  })
}
