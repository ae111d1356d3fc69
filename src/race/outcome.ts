import type { Board, Day, LicenceClass, Ruler } from './data/rows.js'
import type { Interval, Measured } from './interval.js'

/** A model as a ruler rates it. */
export interface Rated extends Measured {
  /** As it is shown. */
  readonly model: string
  /** As the snapshot calls it. */
  readonly ratedAs: string
  /** In models.csv, where it is there. */
  readonly modelId?: string | undefined
  readonly organisation?: string | undefined
  /** ISO 3166. */
  readonly country?: string | undefined
  readonly licence?: string | undefined
  readonly licenceClass?: LicenceClass | undefined
  /** Of an open model: from when it could be downloaded. */
  readonly weightsDate?: Day | undefined
}

/** Best closed minus best open, in points of the ruler. */
export interface Gap {
  readonly points: number
  readonly interval?: Interval | undefined
  /** The intervals of the two overlap. */
  readonly tie: boolean
}

/** Days from the first closed model of that level to the day when the open one could be downloaded. */
export type Lag = { readonly days: number; readonly after: string; readonly since: Day } | { readonly unknown: string }

/** The best open model of a country, or of all. */
export interface Placed {
  readonly best: Rated
  readonly gap: Gap
  /** Only where a whole board is known. */
  readonly lag?: Lag | undefined
  /** Open models whose intervals overlap with that of the best, the nearest first. */
  readonly ties: readonly Rated[]
  /** Open models that the snapshot has by that day. */
  readonly rated?: number | undefined
}

/** Why nothing is said. */
export type Reason =
  /** The day is later than every fact of the data. */
  | { readonly reason: 'after-data'; readonly last: Day }
  /** The day is later than every rating of the ruler. */
  | { readonly reason: 'after-ratings'; readonly last: Day }
  | { readonly reason: 'before-ratings'; readonly first: Day }
  /** The snapshot has no value, or one that does not count. */
  | { readonly reason: 'no-value'; readonly note: string }
  /** The leader's weights were not out. */
  | { readonly reason: 'weights-not-out'; readonly model: string }
  | { readonly reason: 'too-few'; readonly rated: number }
  /** Only the first entries of the board are known, and the country is not among them. */
  | { readonly reason: 'not-listed'; readonly listed: number }
  | { readonly reason: 'not-rated' }
  /** The snapshot names no countries. */
  | { readonly reason: 'no-countries' }

/** What could not be told, and why; never a guess. */
export interface Unknown {
  readonly unknown: Reason
}

/** Where open models stand on a day, by one ruler, inside of one snapshot. */
export interface Standing {
  readonly date: Day
  readonly ruler: Ruler
  /** Which of the two boards of the Arena. */
  readonly board?: Board | undefined
  /** The day of the ratings. It may be later than the date: models count that were out by then. */
  readonly snapshot: Day
  readonly closed: Rated
  readonly open: Placed | Unknown
  /** By country, ISO 3166. */
  readonly countries: Readonly<Record<string, Placed | Unknown>>
}

/** Fewer rated models of a country say nothing about it. */
export const LEAST_RATED = 5
/** Countries that are always answered for, known or not. */
export const MAIN_COUNTRIES = ['CN', 'US', 'FR'] as const

export function isUnknown(value: object): value is Unknown {
  return 'unknown' in value
}
