import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { RaceData } from '../../src/race/data/rows.js'
import { countryName, type Language } from '../../src/race/words/words.js'
import { LINES, type Line, type Point } from './series.js'
import { PAGE_WORDS } from './words.js'

const { document } = parseHTML('<!doctype html><html><body></body></html>')
const BEGIN = new Date('2023-02-01')
const END = new Date('2026-10-07')
/** Drawn twice: letters of a wide picture would be too small on a phone. */
const SIZES = { wide: { width: 1040, left: 44 }, narrow: { width: 340, left: 36 } } as const
type Size = keyof typeof SIZES

const colour = (line: string): string => `var(--${line.toLowerCase()})`
const DASHES: Record<Line, string> = { closed: '2 4', CN: '', US: '8 3', FR: '3 2' }

interface ChartOptions {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly height: number
  readonly language: Language
}

/** A figure of lines by country, with their names at their ends. */
export function lineChart(points: readonly Point[], options: ChartOptions): string {
  return figure(options, () => {
    const shown = LINES.filter((line) => points.some((point) => point.line === line && point.value !== undefined))
    const ends = apart(shown.map((line) => points.findLast((point) => point.line === line && point.value !== undefined)!), points, options.height) // prettier-ignore
    return [
      Plot.gridY({ stroke: 'currentColor', strokeOpacity: 0.12 }),
      Plot.areaY(points, { x: 'date', y1: 'low', y2: 'high', z: 'line', fill: ({ line }: Point) => colour(line), fillOpacity: 0.1, curve: 'step-after' }), // prettier-ignore
      ...shown.map((line) =>
        Plot.line(
          points.filter((point) => point.line === line),
          { x: 'date', y: 'value', stroke: colour(line), strokeWidth: 2.2, strokeDasharray: DASHES[line], curve: 'step-after' }, // prettier-ignore
        ),
      ),
      Plot.text(ends, {
        x: ({ point }: Ending) => point.date,
        y: 'at',
        text: ({ point }: Ending) => nameOf(point.line, options.language),
        fill: ({ point }: Ending) => colour(point.line),
        dx: 7,
        textAnchor: 'start',
        fontWeight: 600,
      }),
    ]
  })
}

interface Ending {
  readonly point: Point
  readonly at: number
}

/** Names at the ends of lines, as far from each other as letters are high. */
function apart(ends: readonly Point[], points: readonly Point[], height: number): Ending[] {
  const values = points.flatMap(({ value, low, high }) => [value, low, high]).filter((value) => value !== undefined)
  const least = ((Math.max(...values) - Math.min(...values)) / height) * 18
  let below = -Infinity
  return ends
    .toSorted((a, b) => a.value! - b.value!)
    .map((point) => ({ point, at: (below = Math.max(point.value!, below + least)) }))
}

function nameOf(line: Line, language: Language): string {
  return line === 'closed' ? PAGE_WORDS[language].closed : countryName(line, language).replace('United States', 'US').replace('United Kingdom', 'UK') // prettier-ignore
}

/** Open releases by country, what was held back, and what the same lab did then. */
export function timeline(data: RaceData, options: ChartOptions): string {
  const open = data.models.filter(({ weights, weights_date }) => weights === 'open' && weights_date)
  const countries = [...new Set(open.map(({ country }) => country))]
  const count = (country: string): number => open.filter((row) => row.country === country).length
  const name = (country: string): string => countryName(country, options.language).replace('United States', 'US').replace('United Arab Emirates', 'UAE').replace('阿拉伯联合酋长国', '阿联酋') // prettier-ignore
  const domain = countries.toSorted((a, b) => count(b) - count(a)).map(name)
  const behemoth = data.models.filter(({ id }) => id === 'llama-4-behemoth')
  const meta = data.models.filter(({ family, weights }) => family === 'Muse' && weights === 'api')
  type Row = RaceData['models'][number]
  const at = { y: ({ country }: Row) => name(country), x: ({ weights_date: day, release_date }: Row) => new Date(day ?? release_date ?? '') } // prettier-ignore
  return figure(
    options,
    (size) => [
      Plot.ruleY(domain, { stroke: 'currentColor', strokeOpacity: 0.12 }),
      Plot.dot(open, { ...at, r: 4, fill: ({ country }: Row) => (['CN', 'US', 'FR'].includes(country) ? colour(country) : colour('other')), fillOpacity: 0.75 }), // prettier-ignore
      Plot.dot(meta, { ...at, r: 5, stroke: colour('us'), strokeWidth: 1.6, dy: -12 }),
      Plot.dot(behemoth, { ...at, symbol: 'times', r: 6, stroke: 'var(--mark)', strokeWidth: 3, dy: -17 }),
      Plot.text(behemoth, { ...at, text: () => PAGE_WORDS[options.language].behemoth, fill: 'var(--mark)', fontWeight: 600, dy: -17, dx: size === 'wide' ? 12 : -10, textAnchor: size === 'wide' ? 'start' : 'end' }), // prettier-ignore
    ],
    { domain, label: null, type: 'point', padding: 0.7 },
  )
}

function figure(options: ChartOptions, marks: (size: Size) => Plot.Markish[], y: Plot.ScaleOptions = {}): string {
  const drawn = (['wide', 'narrow'] as const).map((size) => draw(options, size, marks(size), y))
  return `<figure aria-labelledby="${options.id}-caption">${drawn.join('')}<figcaption id="${options.id}-caption">${options.text}</figcaption></figure>`
}

function draw(
  { id, title, text, height }: ChartOptions,
  size: Size,
  marks: Plot.Markish[],
  y: Plot.ScaleOptions,
): string {
  const isNames = y.type === 'point'
  const { width, left } = SIZES[size]
  const svg = Plot.plot({
    document: document,
    width,
    height: size === 'wide' ? height : Math.max(260, height * 0.8),
    marginLeft: isNames ? 74 : left,
    marginRight: isNames ? 14 : size === 'wide' ? 60 : 44,
    marginBottom: 28,
    x: { type: 'utc', domain: [BEGIN, END], label: null, ticks: size === 'wide' ? 12 : 4 },
    y: { label: null, ticks: 6, ...y },
    marks,
  })
  const x = svg.scale('x')!
  const [from, to] = [x.apply(BEGIN) as number, x.apply(END) as number]
  for (const style of svg.querySelectorAll('style')) style.remove()
  for (const element of [svg as unknown as Element, ...svg.querySelectorAll('[style]')])
    element.removeAttribute('style')
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  const name = `${id}-${size}`
  const cursor = `<line class="cursor" data-from="${from}" data-to="${to}" x1="0" x2="0" y1="12" y2="${Number(svg.getAttribute('height')) - 26}"/>`
  return svg.outerHTML
    .replace(
      /<svg[^>]*>/,
      `<svg class="${size}" role="img" aria-labelledby="${name}-title ${name}-text" viewBox="0 0 ${width} ${svg.getAttribute('height')}"><title id="${name}-title">${title}</title><desc id="${name}-text">${text}</desc>`,
    )
    .replace('</svg>', `${cursor}</svg>`)
}
