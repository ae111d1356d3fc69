import type { Day, FrontierRow, GapRow, RaceData } from './data/rows.js'
import { namesOf, type Known } from './names.js'
import { gapOf } from './place.js'
import { LEAST_RATED, MAIN_COUNTRIES, type Placed, type Rated, type Standing, type Unknown } from './outcome.js'

/** The style-controlled boards that could be read end after their first fifty. */
const LISTED = 50

/** In the last table at or before the day: one with countries where there is one of that day, else best against best. */
export function arenaStanding(data: RaceData, date: Day): Standing | Unknown {
  const tables = data.frontier.filter(({ snapshot }) => snapshot <= date)
  const table = tables.at(-1)?.snapshot ?? ''
  const pair = data['arena-gap'].findLast(({ snapshot }) => snapshot <= date)
  if (!pair && table === '') {
    const first = [...data.frontier, ...data['arena-gap']].map(({ snapshot }) => snapshot).sort()[0] ?? ''
    return { unknown: { reason: 'before-ratings', first } }
  }
  const last = [data.frontier.at(-1)?.snapshot ?? '', data['arena-gap'].at(-1)?.snapshot ?? ''].sort()[1]!
  if (date > last) return { unknown: { reason: 'after-ratings', last } }
  const known = namesOf(data, 'arena')
  if (pair && pair.snapshot > table) return fromPair(date, pair, known)
  return fromTable(date, tables.filter(({ snapshot }) => snapshot === table), known) // prettier-ignore
}

function fromTable(date: Day, rows: readonly FrontierRow[], known: (name: string) => Known): Standing | Unknown {
  const top = rows.find(({ openness }) => openness === 'closed')
  const open = rows.find(({ openness, country }) => openness === 'open' && country === 'all')
  if (!top || !open) return { unknown: { reason: 'no-value', note: 'the table of that day has no such row' } }
  const closed = ratedRow(top, known(top.model))
  const isWhole = top.board === 'arena-text'
  const listed = top.models_rated + open.models_rated
  const ofCountry = (country: string): Placed | Unknown => {
    const row = rows.find((one) => one.openness === 'open' && one.country === country)
    if (!row) return { unknown: isWhole ? { reason: 'not-rated' } : { reason: 'not-listed', listed: LISTED } }
    // A shortened board does not show how many were rated.
    if (isWhole && row.models_rated < LEAST_RATED) return { unknown: { reason: 'too-few', rated: row.models_rated } }
    return placeRow(row, closed, known(row.model), isWhole ? row.models_rated : undefined)
  }
  const countries = new Set<string>([...MAIN_COUNTRIES, ...rows.map(({ country }) => country)])
  countries.delete('all')
  return {
    date,
    ruler: 'arena',
    board: top.board,
    snapshot: top.snapshot,
    closed,
    open: placeRow(open, closed, known(open.model), isWhole ? listed - top.models_rated : undefined),
    countries: Object.fromEntries([...countries].map((country) => [country, ofCountry(country)])),
  }
}

function ratedRow({ model, score, ci_low: low, ci_high: high }: FrontierRow, { row, ...known }: Known): Rated {
  return { ...known, ratedAs: model, score, interval: { low, high }, weightsDate: row?.weights_date }
}

function placeRow(row: FrontierRow, closed: Rated, known: Known, rated: number | undefined): Placed | Unknown {
  const best = ratedRow(row, known)
  return outBy(known, row.snapshot) ?? { best, gap: gapOf(closed, best), ties: [], rated }
}

/** A board may call a model open, or show it, before its weights are out. */
function outBy({ row, model }: Known, day: Day): Unknown | undefined {
  if (!row || (row.weights === 'open' && (row.weights_date ?? '') <= day)) return undefined
  return { unknown: { reason: 'weights-not-out', model } }
}

function fromPair(date: Day, pair: GapRow, known: (name: string) => Known): Standing {
  const closed: Rated = {
    ...withoutRow(known(pair.best_closed_model)),
    ratedAs: pair.best_closed_model,
    score: pair.best_closed,
  }
  const open = openOfPair(pair, closed, known)
  const own = 'best' in open ? open.best.country : undefined
  const countries = MAIN_COUNTRIES.map((country) => [
    country,
    country === own ? open : ({ unknown: { reason: 'no-countries' } } satisfies Unknown),
  ])
  return {
    date,
    ruler: 'arena',
    board: 'arena-text',
    snapshot: pair.snapshot,
    closed,
    open,
    countries: Object.fromEntries(countries) as Standing['countries'],
  }
}

function openOfPair(pair: GapRow, closed: Rated, known: (name: string) => Known): Placed | Unknown {
  if (pair.best_open === undefined) return { unknown: { reason: 'no-value', note: pair.note } }
  const name = known(pair.best_open_model)
  const best: Rated = {
    ...withoutRow(name),
    ratedAs: pair.best_open_model,
    score: pair.best_open,
    weightsDate: name.row?.weights_date,
  }
  return outBy(name, pair.snapshot) ?? { best, gap: gapOf(closed, best), ties: [] }
}

function withoutRow({ row: _, ...known }: Known): Omit<Known, 'row'> {
  return known
}
