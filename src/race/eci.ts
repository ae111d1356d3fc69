import { daysBetween, latest } from './data/days.js'
import type { Day, EciRow, RaceData, Weights } from './data/rows.js'
import { isTie } from './interval.js'
import { namesOf, type Known } from './names.js'
import { gapOf } from './place.js'
import {
  LEAST_RATED,
  MAIN_COUNTRIES,
  type Lag,
  type Placed,
  type Rated,
  type Standing,
  type Unknown,
} from './outcome.js'

interface Entry extends Rated {
  readonly weights: Weights
  /** From when it counts: an open model when its weights were out. */
  readonly since: Day
}

/** Inside of one whole snapshot of the index, of what was out by the day. */
export function eciStanding(data: RaceData, date: Day, wanted?: Day): Standing | Unknown {
  const snapshots = [...new Set(data.eci.map(({ snapshot }) => snapshot))].sort()
  const last = snapshots.at(-1) ?? ''
  if (date > last && wanted === undefined) return { unknown: { reason: 'after-ratings', last } }
  const snapshot = wanted ?? snapshots.findLast((day) => day <= date) ?? snapshots[0] ?? ''
  const rows = entriesOf(data, snapshot)
  const entries = rows.filter(({ since }) => since <= date)
  const closed = entries.filter(({ weights }) => weights === 'api')
  const open = entries.filter(({ weights }) => weights === 'open')
  const [best] = closed
  if (!best || open.length === 0) {
    const first = rows.map(({ since }) => since).sort()[0] ?? last
    return { unknown: { reason: 'before-ratings', first } }
  }
  const countries = new Set([...MAIN_COUNTRIES, ...open.flatMap(({ country }) => country ?? [])])
  const ofCountry = (country: string): Placed | Unknown => {
    const own = open.filter((entry) => entry.country === country)
    if (own.length === 0) return { unknown: { reason: 'not-rated' } }
    if (own.length < LEAST_RATED) return { unknown: { reason: 'too-few', rated: own.length } }
    return place(own, closed)
  }
  return {
    date,
    ruler: 'eci',
    snapshot,
    closed: best,
    open: place(open, closed),
    countries: Object.fromEntries([...countries].map((country) => [country, ofCountry(country)])),
  }
}

/** Open models out by the day with their scores, the best first. */
export function eciOpen(data: RaceData, date: Day, snapshot: Day): Rated[] {
  return entriesOf(data, snapshot).filter(({ since, weights }) => weights === 'open' && since <= date)
}

function entriesOf(data: RaceData, snapshot: Day): Entry[] {
  const known = namesOf(data, 'eci')
  return data.eci
    .filter((row) => row.snapshot === snapshot)
    .flatMap((row) => entryOf(row, known(row.model)))
    .sort((a, b) => b.score - a.score)
}

function entryOf(row: EciRow, { row: model, ...known }: Known): Entry[] {
  const weights = weightsOf(row, model?.weights)
  const since = weights === 'open' ? latest(row.release_date, model?.weights_date) : row.release_date
  if (since === undefined || weights === 'closed') return []
  const { ci_low: low, ci_high: high } = row
  const interval = low !== undefined && high !== undefined ? { low, high } : undefined
  const country = row.country || known.country
  const organisation = known.organisation ?? row.organisation
  const weightsDate = weights === 'open' ? since : undefined
  return [{ ...known, country, organisation, ratedAs: row.variant || row.model, score: row.eci, interval, weights, since, weightsDate }] // prettier-ignore
}

/** As Epoch says; where it does not, as models.csv does. What nobody calls open is not open: a missing licence is none. */
function weightsOf({ accessibility }: EciRow, model: Weights | undefined): Weights {
  if (accessibility.startsWith('Open')) return 'open'
  if (accessibility === 'Unreleased') return 'closed'
  if (accessibility === '' || accessibility === 'Unknown') return model ?? 'api'
  return 'api'
}

/** @param open the models of which the best is placed, the best first */
function place(open: readonly Entry[], closed: readonly Entry[]): Placed {
  const [best, ...others] = open
  const ties = others.filter((other) => isTie(best!, other))
  return { best: best!, gap: gapOf(closed[0]!, best!), lag: lagOf(best!, closed), ties, rated: open.length }
}

function lagOf(open: Entry, closed: readonly Entry[]): Lag {
  const inTime = closed.toSorted((a, b) => (a.since < b.since ? -1 : 1))
  const first = inTime.find(({ score }) => score >= open.score)
  if (!first) return { unknown: 'no closed model reached it' }
  if (first === inTime[0])
    return { unknown: 'the first closed model of its level may be older than the snapshot shows' }
  return { days: daysBetween(first.since, open.since), after: first.model, since: first.since }
}
