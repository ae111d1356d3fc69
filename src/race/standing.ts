import { arenaStanding } from './arena.js'
import { latest } from './data/days.js'
import type { Day, RaceData, Ruler } from './data/rows.js'
import { eciStanding } from './eci.js'
import { MAIN_COUNTRIES, type Standing, type Unknown } from './outcome.js'

export interface StandingOptions {
  /** Another snapshot of the ECI than the last one at or before the day. */
  readonly snapshot?: Day | undefined
}

/**
 * Best closed and best open models on a day: models and weights that were out by then, in the last snapshot at or before it (of
 * the ECI, whose first whole snapshot is of 2025-12-19, in the first one for earlier days).
 */
export function standing(data: RaceData, date: Day, ruler: Ruler, options: StandingOptions = {}): Standing | Unknown {
  const last = newestFact(data)
  if (date > last) return { unknown: { reason: 'after-data', last } }
  return ruler === 'eci' ? eciStanding(data, date, options.snapshot) : arenaStanding(data, date)
}

/** Of a later day nothing is known. */
export function newestFact(data: RaceData): Day {
  const ratings = [...data.eci, ...data.frontier, ...data['arena-gap']].map(({ snapshot }) => snapshot)
  const releases = data.models.flatMap(({ release_date, weights_date }) => [release_date, weights_date])
  return latest(...ratings, ...releases) ?? ''
}

/** The day of a ruler's last ratings. */
export function newestRating(data: RaceData, ruler: Ruler): Day {
  const rows = ruler === 'eci' ? data.eci : [...data.frontier, ...data['arena-gap']]
  return latest(...rows.map(({ snapshot }) => snapshot)) ?? ''
}

/** Countries of which there is an open model, the main ones first. */
export function openCountries(data: RaceData): string[] {
  const open = data.models.filter(({ weights }) => weights === 'open').map(({ country }) => country)
  const rated = data.frontier.map(({ country }) => country).filter((country) => country !== 'all')
  const eci = data.eci.filter(({ accessibility }) => accessibility.startsWith('Open')).map(({ country }) => country)
  return [...new Set<string>([...MAIN_COUNTRIES, ...[...open, ...rated, ...eci].sort()])].filter(Boolean)
}
