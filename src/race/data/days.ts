import type { Day } from './rows.js'

/** Whether a text is a day that there was: 2025-02-30 is none. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && dayOf(time) === text
}

/** The day of a time in milliseconds, in UTC. */
export function dayOf(time: number): Day {
  return new Date(time).toISOString().slice(0, 10)
}

export function timeOf(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`)
}

/** Days from one to the other; negative when the second is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((timeOf(to) - timeOf(from)) / 86_400_000)
}

/** The later one of those that are known. */
export function latest(...days: readonly (Day | undefined)[]): Day | undefined {
  return days.filter((day) => day !== undefined).reduce<Day | undefined>((a, b) => (a && a > b ? a : b), undefined)
}
