import { UserError } from '../../errors.js'
import { judgeClaim } from '../../race/claim.js'
import { isDay } from '../../race/data/days.js'
import { readRace } from '../../race/data/read.js'
import type { RaceData, Ruler } from '../../race/data/rows.js'
import { isUnknown, type Standing, type Unknown } from '../../race/outcome.js'
import { newestRating, openCountries, standing } from '../../race/standing.js'
import { tellClaim } from '../../race/words/claim.js'
import { tell, wordsOf } from '../../race/words/sentence.js'
import type { Language } from '../../race/words/words.js'
import { printJson } from '../model.js'
import { dataFolder, raceTexts } from './files.js'

export interface RaceFlags {
  readonly date?: string
  readonly ruler: Ruler
  readonly snapshot?: string
  readonly country?: string
  readonly lang: Language
  readonly claim?: boolean
  readonly json?: boolean
  readonly html?: string
  readonly data?: string
}

/** Where open models stand on a day. @throws UserError invalid_argument for a day or a country that is none */
export async function race(flags: RaceFlags): Promise<void> {
  const { lang, ruler } = flags
  const asked = { date: dayOf('--date', flags.date), snapshot: dayOf('--snapshot', flags.snapshot) }
  const data = readRace(await raceTexts(dataFolder(flags)))
  const country = countryOf(data, flags.country)
  if (flags.claim) return printClaim(data, flags)
  const date = asked.date ?? newestRating(data, ruler)
  checkSnapshot(data, ruler, asked.snapshot)
  const there = standing(data, date, ruler, { snapshot: asked.snapshot })
  const told = tell(there, date, lang, country)
  if (flags.html !== undefined) {
    if (flags.data !== undefined)
      throw new UserError('--html: the page is made of the data of the package; leave out --data', 'invalid_argument')
    const { writePage } = await import('./page.js')
    await writePage(flags.html, { date, ruler, language: lang, told })
    if (!flags.json) return void process.stdout.write(`${flags.html}\n`)
  }
  if (flags.json) return printJson({ ...asJson(there, date, ruler, country), sentence: told })
  const lines = [told.best, ...told.countries]
  process.stdout.write(`${lines.join('\n')}\n${told.ruler === '' ? '' : `\n${told.ruler}\n${credit(ruler)}\n`}`)
}

function printClaim(data: RaceData, { lang, json }: RaceFlags): void {
  const judged = judgeClaim(data)
  const verdicts = tellClaim(judged, lang)
  if (json) return printJson({ ...judged, verdicts })
  const colon = lang === 'zh' ? '：' : ': '
  for (const { claim, verdict, why } of verdicts) process.stdout.write(`${claim}${colon}${verdict}\n  ${why}\n`)
}

/** Of both licences the name has to be printed with the numbers. */
function credit(ruler: Ruler): string {
  return ruler === 'eci'
    ? "Epoch AI, 'Capabilities & benchmarking', epoch.ai/benchmarks (CC BY 4.0)"
    : 'Arena (LMArena) leaderboard dataset, huggingface.co/datasets/lmarena-ai/leaderboard-dataset (CC BY 4.0)'
}

function asJson(there: Standing | Unknown, date: string, ruler: Ruler, country: string | undefined): object {
  if (isUnknown(there)) return { date, ruler, ...there }
  if (country === undefined) return there
  return { ...there, countries: { [country]: there.countries[country] ?? { unknown: { reason: 'not-rated' } } } }
}

function dayOf(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || isDay(text)) return text
  throw new UserError(`${flag}: expected a day such as 2025-07-15, found ${JSON.stringify(text)}`, 'invalid_argument')
}

function countryOf(data: RaceData, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const known = openCountries(data)
  const code = text.toUpperCase()
  if (known.includes(code)) return code
  const names = known.map((one) => `${one} (${wordsOf('en').country(one)})`)
  throw new UserError(
    `--country: expected a country with an open model, ${names.join(', ')}; found ${JSON.stringify(text)}`,
    'invalid_argument',
  )
}

function checkSnapshot(data: RaceData, ruler: Ruler, snapshot: string | undefined): void {
  if (snapshot === undefined) return
  if (ruler !== 'eci')
    throw new UserError('--snapshot is of --ruler eci; the Arena has one for each day', 'invalid_argument')
  const known = [...new Set(data.eci.map((row) => row.snapshot))]
  if (!known.includes(snapshot))
    throw new UserError(`--snapshot: expected ${known.join(' or ')}, found ${snapshot}`, 'invalid_argument')
}
