import type { Day, Ruler } from '../data/rows.js'
import { isUnknown, MAIN_COUNTRIES, type Placed, type Standing, type Unknown } from '../outcome.js'
import { en } from './en.js'
import { number, type Language, type Words } from './words.js'
import { zh } from './zh.js'

const WORDS: Readonly<Record<Language, Words>> = { en, zh }

export function wordsOf(language: Language): Words {
  return WORDS[language]
}

/** A standing in words: the best of all, then each country, then what it was measured with. */
export interface Told {
  readonly best: string
  readonly countries: readonly string[]
  /** Nothing where nothing is known. */
  readonly ruler: string
}

/** @param only one country in place of the main ones */
export function tell(standing: Standing | Unknown, date: Day, language: Language, only?: string): Told {
  const words = wordsOf(language)
  const on = words.day(date)
  const [colon, stop] = language === 'zh' ? ['：', '。'] : [': ', '.']
  if (isUnknown(standing))
    return { best: `${on}${colon}${words.unknown(standing.unknown)}${stop}`, countries: [], ruler: '' }
  const { ruler, closed, open, countries, board, snapshot } = standing
  const best = isUnknown(open)
    ? `${words.onlyClosed(on, closed)} ${words.unknown(open.unknown)}${stop}`
    : bestOf(words, on, open, standing)
  const leader = isUnknown(open) ? undefined : open.best.country
  const shown = only === undefined ? MAIN_COUNTRIES.filter((code) => code !== leader) : [only]
  return {
    best,
    countries: shown.map((code) => {
      const placed = countries[code] ?? { unknown: { reason: 'not-rated' } as const }
      return isUnknown(placed) ? words.unknownCountry(code, placed.unknown) : words.ofCountry(code, placed, ruler)
    }),
    ruler: words.ruler(ruler, board, snapshot, snapshot > date),
  }
}

function bestOf(
  words: Words,
  on: string,
  open: Placed,
  { closed, ruler }: { closed: Standing['closed']; ruler: Ruler },
): string {
  return words.best(on, open, closed, ruler) + words.ties(open.ties, ({ score }) => number(score, ruler))
}
