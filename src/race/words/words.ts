import type { Day, LicenceClass, Ruler } from '../data/rows.js'
import type { Interval } from '../interval.js'
import type { Gap, Lag, Placed, Rated, Reason } from '../outcome.js'

export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** What is said, in one language. Nothing here counts or compares: that is done when it is asked for. */
export interface Words {
  day(day: Day): string
  country(code: string): string
  licence(licence: string | undefined, licenceClass: LicenceClass | undefined): string
  points(ruler: Ruler, gap: Gap): string
  /** The best of all: the first sentence. */
  best(day: string, placed: Placed, closed: Rated, ruler: Ruler): string
  /** Best closed, where the best open one is not known. */
  onlyClosed(day: string, closed: Rated): string
  ties(ties: readonly Rated[], score: (rated: Rated) => string): string
  ofCountry(country: string, placed: Placed, ruler: Ruler): string
  unknownCountry(country: string, reason: Reason): string
  unknown(reason: Reason): string
  lag(lag: Lag): string
  /** Where the numbers are from. */
  ruler(ruler: Ruler, board: string | undefined, snapshot: Day, isLater: boolean): string
}

/** `7.0`, and `50` where the ruler counts whole points. */
export function number(value: number, ruler: Ruler): string {
  const text = value.toFixed(1)
  return ruler === 'arena' ? text.replace(/\.0$/, '') : text
}

/** `[3.2, 12.9]` */
export function range(interval: Interval | undefined, ruler: Ruler): string {
  return interval ? ` [${number(interval.low, ruler)}, ${number(interval.high, ruler)}]` : ''
}

/** `5.3`, of months as long as a twelfth of a year. */
export function months(days: number): string {
  return (days / 30.4375).toFixed(1)
}

export function countryName(code: string, language: Language): string {
  return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code
}
