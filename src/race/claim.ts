import type { Day, RaceData } from './data/rows.js'
import { eciOpen, eciStanding } from './eci.js'
import { isTie } from './interval.js'
import { isUnknown, type Placed, type Standing } from './outcome.js'
import { rounded } from './place.js'
import { standing } from './standing.js'

/** The day for which the claim is judged: the middle of the month in which it was made. */
export const CLAIM_DAY: Day = '2025-07-15'
const SNAPSHOT: Day = '2025-12-19'
const EUROPE = ['FR', 'DE', 'GB', 'CH', 'IT', 'ES', 'NL', 'SE', 'FI', 'NO', 'DK', 'PL', 'AT', 'BE', 'IE', 'PT', 'CZ']

/** What the data say of "the US is out of the open race, and so is Europe". */
export interface ClaimJudged {
  readonly date: Day
  readonly snapshot: Day
  /** How many of the best open models, from the first on, are of one country. */
  readonly leaders: { readonly country: string; readonly count: number }
  /** Days of the Arena since 2025-01-24 on which the best open model is of that country, and all of them. */
  readonly boards: { readonly led: number; readonly of: number }
  readonly us: {
    readonly model: string
    /** Points behind the best open model, and behind the best closed one. */
    readonly behindOpen: number
    readonly behindClosed: number
    /** The intervals of the best open model and of the best of the US do not overlap. */
    readonly isBehind: boolean
    /** The next open model of the US that was better, and how long it took. */
    readonly next?: { readonly model: string; readonly date: Day; readonly behindOpen: number } | undefined
  }
  readonly europe: {
    /** Labs with an open model that is rated at that day. */
    readonly labs: readonly string[]
    /** The best of France on the last whole board of the same year, against the best open one and the best of the US. */
    readonly later?: {
      readonly date: Day
      readonly model: string
      readonly behindOpen: number
      readonly aheadOfUs: number
    }
  }
}

/** @throws Error when the data do not reach back to the claim */
export function judgeClaim(data: RaceData): ClaimJudged {
  const then = eciStanding(data, CLAIM_DAY, SNAPSHOT)
  if (isUnknown(then)) throw new Error('the data do not reach back to July 2025')
  const open = eciOpen(data, CLAIM_DAY, SNAPSHOT)
  const country = open[0]?.country ?? ''
  const other = open.findIndex((model) => model.country !== country)
  const [best, us] = [placedOf(then.open), placedOf(then.countries['US'])]
  const labs = open.filter((model) => EUROPE.includes(model.country ?? '')).map(({ organisation = '' }) => organisation)
  const later = laterInEurope(data)
  return {
    date: CLAIM_DAY,
    snapshot: SNAPSHOT,
    leaders: { country, count: other < 0 ? open.length : other },
    boards: boardsLedBy(data, country),
    us: {
      model: us.best.model,
      behindOpen: rounded(best.best.score - us.best.score),
      behindClosed: us.gap.points,
      isBehind: !isTie(best.best, us.best),
      next: nextOfUs(data, us),
    },
    europe: { labs: [...new Set(labs)], ...(later && { later }) },
  }
}

function placedOf(placed: Standing['open'] | undefined): Placed {
  if (!placed || isUnknown(placed)) throw new Error('the data do not reach back to July 2025')
  return placed
}

function boardsLedBy(data: RaceData, country: string): ClaimJudged['boards'] {
  const days = [...new Set(data.frontier.map(({ snapshot }) => snapshot))].filter((day) => day >= '2025-01-24')
  const led = days.filter((day) => {
    const there = standing(data, day, 'arena')
    return !isUnknown(there) && !isUnknown(there.open) && there.open.best.country === country
  })
  return { led: led.length, of: days.length }
}

function nextOfUs(data: RaceData, then: Placed): ClaimJudged['us']['next'] {
  const all = eciOpen(data, SNAPSHOT, SNAPSHOT)
  const better = all.filter(({ country, score }) => country === 'US' && score > then.best.score)
  const next = better.toSorted((a, b) => ((a.weightsDate ?? '') < (b.weightsDate ?? '') ? -1 : 1))[0]
  if (!next?.weightsDate) return undefined
  const [best] = eciOpen(data, next.weightsDate, SNAPSHOT)
  return { model: next.model, date: next.weightsDate, behindOpen: rounded((best?.score ?? next.score) - next.score) }
}

function laterInEurope(data: RaceData): ClaimJudged['europe']['later'] | undefined {
  const date = data.frontier.map(({ snapshot }) => snapshot).findLast((day) => day > CLAIM_DAY && day < '2026-01-01')
  const there = date === undefined ? undefined : standing(data, date, 'arena')
  if (!date || !there || isUnknown(there)) return undefined
  const { open, countries } = there
  const [fr, us] = [countries['FR'], countries['US']]
  if (isUnknown(open) || !fr || isUnknown(fr) || !us || isUnknown(us)) return undefined
  const behindOpen = rounded(open.best.score - fr.best.score)
  return { date, model: fr.best.model, behindOpen, aheadOfUs: rounded(fr.best.score - us.best.score) }
}
