/** One HTML file of stored results, which needs nothing else. */
import { escaped } from '../../html.js'
import type { RunIdentity } from '../run/identity.js'
import { failureSection, type QuestionFinder } from './failure-page.js'
import type { FailureGroup, StoredRun } from './failures.js'
import { differenceSection, scoreSection } from './scores.js'
import { letter, tableOf } from './shown.js'
import { STYLE } from './style.js'
import type { ReportWords } from './word-list.js'
import { REPORT_WORDS, type ReportLanguage } from './words.js'

export interface ReportParts {
  readonly language: ReportLanguage
  readonly failures: readonly FailureGroup[]
  readonly find: QuestionFinder
  readonly chanceOf: (task: string) => number | undefined
  /** sha256 in base64. */
  readonly hash: (text: string) => string
}

/** Nothing that a model wrote can be more than a text here: besides being escaped, no script may run and nothing may be fetched. */
export function reportPage(runs: readonly StoredRun[], parts: ReportParts): string {
  const words = REPORT_WORDS[parts.language]
  const policy = `default-src 'none'; style-src 'sha256-${parts.hash(STYLE)}'; base-uri 'none'; form-action 'none'`
  const title = `${words.title}: ${runs.map(({ name }) => name).join(', ')}`
  return `<!doctype html>
<html lang="${words.language}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<header><h1>${words.title}</h1><p>${words.subtitle}</p></header><main>
${runSection(runs, words)}
${scoreSection(runs, words, parts.chanceOf)}
${differenceSection(runs, words)}
${failureSection(parts.failures, parts.find, words)}
${identitySection(runs, words)}
</main></body></html>
`
}

function runSection(runs: readonly StoredRun[], words: ReportWords): string {
  const rows = runs.map(({ name, tasks }, i) => {
    const subjects = tasks.map(({ result }) => result.identity.subject)
    const each = (of: (subject: RunIdentity['subject']) => string): string =>
      escaped([...new Set(subjects.map(of))].join(', '))
    return [
      `<span class="key k${i % 6}">${letter(i)}</span>`,
      escaped(name),
      ...[each(({ model }) => model), each(({ precision }) => precision), each(({ engine }) => engine)],
      escaped(tasks.map(({ result }) => result.identity.task).join(', ')),
    ]
  })
  return `<section id="runs"><h2>${words.runs}</h2>${tableOf(words.runs, words.runColumns, rows, Infinity)}</section>`
}

function identitySection(runs: readonly StoredRun[], words: ReportWords): string {
  const blocks = runs.flatMap(({ tasks }, i) =>
    tasks.map(({ result: { identity } }) => {
      const fields = Object.entries(identity).map(
        ([name, value]) => `<dt>${escaped(name)}</dt><dd>${shown(value)}</dd>`,
      )
      return `<details><summary>${letter(i)}: ${escaped(identity.task)}</summary><dl>${fields.join('')}</dl></details>`
    }),
  )
  return `<section id="identities"><h2>${words.identities}</h2><p class="fine">${words.identitiesText}</p>${blocks.join('')}</section>`
}

function shown(value: unknown): string {
  return `<code>${escaped(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}</code>`
}
