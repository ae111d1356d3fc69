import { escaped } from '../html.js'
import type { Day, Ruler } from './data/rows.js'
import type { Told } from './words/sentence.js'
import type { Language } from './words/words.js'

export { escaped }

/** What the page shows first. */
export interface Preset {
  readonly date: Day
  readonly ruler: Ruler
  readonly language: Language
  readonly told: Told
}

const SENTENCE = /(<div id="sentence"[^>]*>)[^]*?(<\/div>)/
const PLACE = /<main data-date="[^"]*" data-ruler="[^"]*"/

/** The page with another day on it. Scripts and styles stay as they are, so that the page's own policy lets them run. */
export function withPreset(html: string, { date, ruler, told }: Preset): string {
  return html
    .replace(PLACE, () => `<main data-date="${date}" data-ruler="${ruler}"`)
    .replace(SENTENCE, (_, begin: string, end: string) => begin + sentenceHtml(told) + end)
}

/** The sentence as the page shows it, whether by the build, the command or the slider. */
export function sentenceHtml({ best, countries, ruler }: Told): string {
  const list = countries.map((line) => `<p>${escaped(line)}</p>`).join('')
  return `<p class="lead">${escaped(best)}</p>${list}<p class="fine">${escaped(ruler)}</p>`
}
