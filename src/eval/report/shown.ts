/** Numbers and texts as the report shows them. */
import { escaped } from '../../html.js'
import type { Interval } from '../statistics/interval.js'
import type { ReportWords } from './word-list.js'

/** Letters of runs: A, B, ... */
export function letter(run: number): string {
  return run < 26 ? String.fromCharCode(65 + run) : `R${run + 1}`
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

export function points(share: number): string {
  return (100 * share).toFixed(1)
}

export function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${points(share)}`
}

export function range(interval: Interval | undefined, words: ReportWords): string {
  return interval ? words.range(points(interval.low), points(interval.high)) : '–'
}

export function pValue(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3)
}

/** Longer texts lose their middle. */
const LONGEST = 8000

/** Written by a model or of a data set: shown as it is, and never more than a text. */
export function textBlock(text: string, words: ReportWords, label: string): string {
  const characters = Array.from(text)
  const half = LONGEST / 2
  const left = characters.length - LONGEST
  const shown =
    left <= 0
      ? text
      : `${characters.slice(0, half).join('')}\n${words.leftOut(left.toLocaleString('en'))}\n${characters.slice(-half).join('')}`
  // The first line end after the tag is not a part of the text.
  return `<pre tabindex="0" role="group" aria-label="${escaped(label)}" dir="auto">\n${escaped(shown)}</pre>`
}

/** @param rows HTML in each cell; numbers to the right */
export function tableOf(
  label: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  from = 3,
): string {
  const top = head.map((name, i) => `<th scope="col"${i >= from ? ' class="n"' : ''}>${escaped(name)}</th>`)
  const lines = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${i >= from ? ' class="n"' : ''}>${cell}</td>`).join('')}</tr>`,
  )
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(label)}"><table><thead><tr>${top.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}
