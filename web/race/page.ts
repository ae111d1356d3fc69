import { eciOpen } from '../../src/race/eci.js'
import { judgeClaim } from '../../src/race/claim.js'
import type { ModelRow, RaceData } from '../../src/race/data/rows.js'
import { escaped, sentenceHtml } from '../../src/race/preset.js'
import { newestFact, newestRating, standing } from '../../src/race/standing.js'
import { tellClaim } from '../../src/race/words/claim.js'
import { tell, wordsOf } from '../../src/race/words/sentence.js'
import type { Language } from '../../src/race/words/words.js'
import { lineChart, timeline } from './charts.js'
import { arenaSeries, eciSeries } from './series.js'
import { PAGE_WORDS, type PageWords } from './words.js'

export interface PageParts {
  readonly language: Language
  readonly script: string
  readonly style: string
  /** Architectures that run here. */
  readonly families: ReadonlySet<string>
  readonly hash: (text: string) => string
}

const FIRST = '2023-12-06'
/** Bytes of a parameter at four bits, with its scales. */
const FOUR_BITS = 0.56
const RUN_FIRST = 12

/** One file that needs nothing else. */
export function racePage(data: RaceData, parts: PageParts): string {
  const { language, script, style, hash } = parts
  const words = PAGE_WORDS[language]
  const date = newestRating(data, 'eci')
  const last = newestFact(data)
  const told = tell(standing(data, date, 'eci'), date, language)
  const policy = `default-src 'none'; script-src '${hash(script)}'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`
  const [file, other] = language === 'zh' ? ['zh.html', 'index.html'] : ['index.html', 'zh.html']
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-Hans' : 'en'}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${words.title}</title><meta name="description" content="${escaped(words.subtitle)}">
<link rel="alternate" hreflang="${language}" href="${file}"><link rel="alternate" hreflang="${language === 'zh' ? 'en' : 'zh'}" href="${other}">
<style>${style}</style></head><body>
<header><h1>${words.title}</h1><a href="${other}" hreflang="${language === 'zh' ? 'en' : 'zh'}" lang="${language === 'zh' ? 'en' : 'zh'}">${words.other}</a><p>${words.subtitle}</p></header>
<main data-date="${date}" data-ruler="eci">
<section aria-label="${words.title}"><div id="sentence" aria-live="polite">${sentenceHtml(told)}</div>
<form class="controls"><label>${words.date} <input type="date" id="date" min="${FIRST}" max="${last}" value="${date}"></label>
<fieldset><legend>${words.ruler}</legend><label><input type="radio" name="ruler" value="eci" checked> ECI</label><label><input type="radio" name="ruler" value="arena"> Arena</label></fieldset>
<label class="slide"><span class="hidden">${words.date}</span><input type="range" id="day" min="0" max="${Math.round((Date.parse(last) - Date.parse(FIRST)) / 86_400_000)}" data-from="${FIRST}" data-to="${last}"></label></form></section>
${claim(data, language, words)}
${charts(data, language, words)}
${openTable(data, language, words)}
<section><h2>${words.timeline}</h2>${timeline(data, { id: 'timeline', title: words.timeline, text: words.timelineText, height: 430, language })}</section>
${runSection(data, parts, words)}
${method(data, language, words)}
</main><script type="application/json" id="data">${packed(data)}</script><script>${script}</script></body></html>
`
}

function claim(data: RaceData, language: Language, words: PageWords): string {
  const verdicts = tellClaim(judgeClaim(data), language).map(
    ({ claim: said, verdict, why }) =>
      `<div><dt>${escaped(said)} <strong>${escaped(verdict)}</strong></dt><dd>${escaped(why)}</dd></div>`,
  )
  return `<section><h2>${words.claim}</h2><p>${words.claimText}</p><dl class="claim">${verdicts.join('')}</dl></section>`
}

function charts(data: RaceData, language: Language, words: PageWords): string {
  const { scores, gaps, lags } = eciSeries(data)
  const arena = arenaSeries(data)
  const chart = (id: string, points: typeof scores, text: string, height: number): string =>
    lineChart(points, {
      id,
      title: id === 'eci' || id === 'arena' ? words.frontier : words.gap,
      text,
      height,
      language,
    })
  const rows = scores
    .filter(({ value }, i) => value !== undefined && Math.floor(i / 4) % 4 === 0)
    .map(({ line, date, value, model }) => `<tr><td>${date.toISOString().slice(0, 10)}</td><td>${line === 'closed' ? words.closed : wordsOf(language).country(line)}</td><td>${escaped(model ?? '')}</td><td class="n">${value?.toFixed(1)}</td></tr>`) // prettier-ignore
  const head = [words.columns[3], words.columns[2], words.columns[0], 'ECI'].map((name) => `<th scope="col">${name === words.columns[3] ? words.date : name}</th>`) // prettier-ignore
  return `<section><h2>${words.frontier}</h2><div data-chart="eci">${chart('eci', scores, words.eciFrontier, 400)}
<details><summary>${words.numbers}</summary><div class="scroll" role="region" tabindex="0" aria-label="${words.numbers}"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details></div>
<div data-chart="arena">${chart('arena', arena, words.arenaFrontier, 400)}</div></section>
<section><h2>${words.gap}</h2>${chart('gap', gaps, words.gapPoints, 260)}${chart('lag', lags, words.gapLag, 230)}</section>`
}

const isOpen = ({ weights, weights_date }: ModelRow): boolean => weights === 'open' && weights_date !== undefined

function openTable(data: RaceData, language: Language, words: PageWords): string {
  const day = newestRating(data, 'eci')
  const rated = new Map(eciOpen(data, day, day).map(({ modelId, score }) => [modelId, score]))
  const country = (code: string): string => wordsOf(language).country(code)
  const models = data.models.filter(isOpen).toSorted((a, b) => (rated.get(b.id) ?? 0) - (rated.get(a.id) ?? 0) || (b.weights_date! > a.weights_date! ? 1 : -1)) // prettier-ignore
  const rows = models.map((row) => {
    const score = rated.get(row.id)
    const cells = [row.model, row.organisation, country(row.country), row.weights_date, row.licence || '?'].map((cell) => `<td>${escaped(cell ?? '')}</td>`) // prettier-ignore
    const numbers = [row.total_params_b === undefined ? '' : `${row.total_params_b} B`, score?.toFixed(1) ?? '']
    return `<tr data-since="${row.weights_date}" data-licence="${row.licence_class}" data-full="${row.fully_open ?? ''}" data-from="${row.country}">${cells.join('')}${numbers.map((text) => `<td class="n">${text}</td>`).join('')}</tr>`
  })
  const filters = Object.entries(words.filters).map(([value, text], i) => `<label><input type="radio" name="filter" value="${value}"${i === 0 ? ' checked' : ''}> ${text}</label>`) // prettier-ignore
  const countries = [...new Set(models.map((row) => row.country))].map((code) => `<option value="${code}">${country(code)}</option>`) // prettier-ignore
  return `<section id="open"><h2>${words.open} (<span id="shown">${rows.length}</span>)</h2><form class="controls"><fieldset><legend>${words.filter}</legend>${filters.join('')}</fieldset>
<label>${words.country} <select id="country"><option value="">${words.anywhere}</option>${countries.join('')}</select></label></form>
<div class="scroll tall" role="region" tabindex="0" aria-label="${words.open}"><table><thead><tr>${words.columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
}

function runSection(data: RaceData, { families }: PageParts, words: PageWords): string {
  const rows = data.models
    .filter((row) => isOpen(row) && row.hf_repo !== '')
    .toSorted((a, b) => Number(families.has(b.architecture)) - Number(families.has(a.architecture)) || (b.weights_date! > a.weights_date! ? 1 : -1)) // prettier-ignore
    .map(({ model, hf_repo, total_params_b: size }) => `<tr><td>${escaped(model)}</td><td class="n">${size === undefined ? '' : `${(size * FOUR_BITS).toFixed(size < 10 ? 1 : 0)} GB`}</td><td><code>kaiyuan inspect ${hf_repo}</code><br><code>kaiyuan run ${hf_repo} "…"</code></td></tr>`) // prettier-ignore
  const table = (some: string[]): string => `<div class="scroll" role="region" tabindex="0" aria-label="${words.run}"><table><thead><tr>${words.runColumns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${some.join('')}</tbody></table></div>` // prettier-ignore
  return `<section><h2>${words.run}</h2><p>${words.runText}</p>${table(rows.slice(0, RUN_FIRST))}<details><summary>${words.more} (${rows.length - RUN_FIRST})</summary>${table(rows.slice(RUN_FIRST))}</details></section>`
}

function method(data: RaceData, language: Language, words: PageWords): string {
  const buttons = ['eci', 'frontier', 'arena-gap', 'models'].map((file) => `<button type="button" data-file="${file}">${words.download} ${file}.csv</button>`) // prettier-ignore
  return `<section><h2>${words.method}</h2><ul>${words.rules.map((rule) => `<li>${rule}</li>`).join('')}</ul><p>${words.credit}</p>
<p>${words.asOf} ${wordsOf(language).day(newestFact(data))} (ECI ${newestRating(data, 'eci')}, Arena ${newestRating(data, 'arena')}).</p><p class="buttons">${buttons.join('')}</p></section>`
}

/** Columns once, then rows: a third of the size. Nothing in it ends the element that it stands in. */
function packed(data: RaceData): string {
  const files = (['models', 'eci', 'frontier', 'arena-gap', 'names'] as const).map((file) => {
    const columns = Object.keys(data[file][0] ?? {})
    const rows = data[file].map((row) => columns.map((column) => (row as unknown as Record<string, unknown>)[column] || null)) // prettier-ignore
    return [file, { columns, rows }]
  })
  return JSON.stringify(Object.fromEntries(files)).replaceAll('<', '\\u003c')
}
