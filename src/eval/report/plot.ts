/**
 * Intervals as rows of a picture. Places are percents of whatever width there is, so that one drawing suits a phone and a desk; a library of
 * charts would have to be there on the reader's machine, which has the results alone.
 */
import { escaped } from '../../html.js'
import type { Interval } from '../statistics/interval.js'

/** A row: its numbers stand next to it in words, so that the drawing itself needs none. */
export interface PlotRow {
  readonly label: string
  /** HTML. */
  readonly text: string
  readonly value: number
  readonly interval?: Interval | undefined
  /** A second interval, thin. */
  readonly other?: Interval | undefined
  /** A class of the style: whose it is, or that nothing is shown by it. */
  readonly kind: string
  /** Which of the marks. */
  readonly mark: number
}

export interface PlotScale {
  readonly from: number
  readonly to: number
  readonly ticks: readonly number[]
  /** A dashed line, such as what guessing gets right. */
  readonly line?: number | undefined
  /** A band, such as what so many documents cannot show. */
  readonly band?: Interval | undefined
}

/** Shapes besides colours. */
const MARKS = [
  'M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z',
  'M-4.5-4.5H4.5V4.5H-4.5Z',
  'M0-6.5L6.5 0L0 6.5L-6.5 0Z',
  'M0-6L6 5H-6Z',
  'M0 6L6-5H-6Z',
]

export function plotRow(row: PlotRow, scale: PlotScale): string {
  const { label, text, value, interval, other, kind, mark } = row
  const thin = other ? `<line class="thin" ${span(other, scale)} y1="18" y2="18"/>` : ''
  const whiskers = interval ? [interval.low, interval.high].map((end) => vertical(end, scale, 7, 15)) : []
  const drawn = interval ? `<line ${span(interval, scale)} y1="11" y2="11"/>${whiskers.join('')}` : ''
  const shape = `<svg x="${at(value, scale)}" y="11" overflow="visible"><path d="${MARKS[mark % MARKS.length]}"/></svg>`
  return `<li><span class="name">${escaped(label)}</span><svg class="row" aria-hidden="true" height="22">${ground(scale)}<g class="${kind}">${drawn}${thin}${shape}</g></svg><span class="value">${text}</span></li>`
}

/** The scale's numbers, under the rows. */
export function plotAxis(scale: PlotScale, shown: (tick: number) => string): string {
  const texts = scale.ticks.map((tick, i) => {
    const anchor = i === 0 ? 'start' : i === scale.ticks.length - 1 ? 'end' : 'middle'
    return `<text x="${at(tick, scale)}" y="13" text-anchor="${anchor}">${escaped(shown(tick))}</text>`
  })
  return `<li class="axis" aria-hidden="true"><span></span><svg class="row" height="18">${texts.join('')}</svg><span></span></li>`
}

function ground(scale: PlotScale): string {
  const { ticks, line, band } = scale
  const low = band && Math.max(scale.from, band.low)
  const high = band && Math.min(scale.to, band.high)
  const shaded =
    low !== undefined && high !== undefined
      ? `<rect class="band" x="${at(low, scale)}" y="0" width="${share((high - low) / (scale.to - scale.from))}" height="22"/>`
      : ''
  const grid = ticks.map((tick) => vertical(tick, scale, 0, 22, 'grid')).join('')
  return shaded + grid + (line === undefined ? '' : vertical(line, scale, 0, 22, 'line'))
}

function vertical(value: number, scale: PlotScale, from: number, to: number, kind?: string): string {
  const x = at(value, scale)
  return `<line${kind === undefined ? '' : ` class="${kind}"`} x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`
}

function span({ low, high }: Interval, scale: PlotScale): string {
  return `x1="${at(low, scale)}" x2="${at(high, scale)}"`
}

function at(value: number, { from, to }: PlotScale): string {
  return share((Math.min(to, Math.max(from, value)) - from) / (to - from))
}

function share(value: number): string {
  return `${(100 * value).toFixed(2)}%`
}

/** Ends that both sides of nothing share, at a round number. */
export function evenScale(values: readonly number[]): PlotScale {
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  const end = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1].find((one) => most <= one) ?? 1
  return { from: -end, to: end, ticks: [-end, -end / 2, 0, end / 2, end], line: 0 }
}

export const SHARES: PlotScale = { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1] }
