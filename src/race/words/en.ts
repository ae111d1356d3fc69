import type { Lag, Reason } from '../outcome.js'
import { countryName, months, number, range, type Words } from './words.js'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

function day(text: string): string {
  const [year, month, date] = text.split('-')
  return `${Number(date)} ${MONTHS[Number(month) - 1]} ${year}`
}

/** `the US` inside of a sentence. */
function country(code: string): string {
  const short: Record<string, string> = { US: 'the US', GB: 'the UK', AE: 'the UAE' }
  return short[code] ?? countryName(code, 'en')
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function lag(lag: Lag): string {
  if ('unknown' in lag) return ''
  const { days, after } = lag
  if (days < 0) return `, and ${-days} days before ${after}, the first closed model of its level`
  return `, and ${days} days (${months(days)} months) after ${after}, the first closed model of its level`
}

function unknown(reason: Reason): string {
  switch (reason.reason) {
    case 'after-data':
      return `unknown: the data end on ${day(reason.last)}, and of later days nothing is known here`
    case 'after-ratings':
      return `unknown: the last ratings of this ruler in the data are of ${day(reason.last)}`
    case 'before-ratings':
      return `unknown: the ratings of this ruler begin on ${day(reason.first)}`
    case 'no-value':
      return `unknown: ${reason.note}`
    case 'weights-not-out':
      return `unknown: the board has ${reason.model} first, whose weights were not out`
    case 'too-few':
      return `too few: ${reason.rated} rated ${reason.rated === 1 ? 'model' : 'models'}`
    case 'not-listed':
      return `not in the top ${reason.listed} of the board`
    case 'not-rated':
      return 'no open model rated'
    case 'no-countries':
      return 'unknown: this table names only the best of all'
  }
}

export const en: Words = {
  day,
  country: (code) => country(code).replace(/^the /, ''),
  lag,
  unknown,
  licence: (licence) => (licence === undefined ? '' : `, ${licence}`),
  points: (ruler, { points, interval, tie }) => {
    const unit = `${ruler === 'eci' ? 'ECI' : 'Arena'} points`
    const size = `${number(Math.abs(points), ruler)} ${unit}${range(interval, ruler)}`
    if (tie) return `a tie with (${size} ${points < 0 ? 'above' : 'below'})`
    return points < 0 ? `${size} ahead of` : `${size} behind`
  },
  best: (on, { best, gap, lag: after }, closed, ruler) => {
    const from = best.country === undefined ? '' : `, ${capital(country(best.country)).replace(/^The /, '')}`
    const what = `${best.model}${from}${en.licence(best.licence, best.licenceClass)}`
    return `On ${on} the best open model was ${what}: ${en.points(ruler, gap)} ${closed.model}${after ? lag(after) : ''}.`
  },
  onlyClosed: (on, { model }) => `On ${on} the best closed model was ${model}; the best open one is`,
  ties: ([first, ...others], score) => {
    if (!first) return ''
    const rest = others.length === 0 ? '' : ` and ${others.length} more`
    return ` A tie with ${first.model} (${score(first)})${rest}: their intervals overlap.`
  },
  ofCountry: (code, { best, gap, lag: after, rated }, ruler) => {
    const size = `${number(Math.abs(gap.points), ruler)} points${range(gap.interval, ruler)}`
    const place = gap.tie ? `${size}, a tie` : `${size} ${gap.points < 0 ? 'ahead' : 'behind'}`
    const late = after && !('unknown' in after) ? `, ${after.days} days after ${after.after}` : ''
    const count = rated === undefined ? '' : `; ${rated} rated`
    return `The best of ${country(code)}: ${best.model}, ${place}${late}${count}.`
  },
  unknownCountry: (code, reason) => `${capital(country(code))}: ${unknown(reason)}.`,
  ruler: (ruler, board, snapshot, isLater) => {
    const name = ruler === 'eci' ? 'Epoch Capabilities Index' : 'Arena, text board'
    const style = board === 'arena-text-style-control' ? ' with style control' : ''
    const models = isLater ? ', of the models that were out by then' : ''
    return `${name}${style}, ratings of ${day(snapshot)}${models}`
  },
}
