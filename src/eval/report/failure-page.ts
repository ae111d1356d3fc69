import { escaped } from '../../html.js'
import { codePointCount } from '../../chat/python/values.js'
import type { AnswerRecord } from '../run/record.js'
import type { FailedDocument, FailureGroup, Side } from './failures.js'
import type { Question } from './question.js'
import { letter, percent, textBlock } from './shown.js'
import type { ReportWords } from './word-list.js'

/** Where a question's texts are: there, not there, or not to be shown. */
export type FoundQuestion = Question | 'missing' | 'hidden'
export type QuestionFinder = (group: FailureGroup, id: number) => FoundQuestion

/** Prompts that are shorter are not folded. */
const SHORT = 500
const SNIPPET = 110

export function failureSection(groups: readonly FailureGroup[], find: QuestionFinder, words: ReportWords): string {
  const links = groups.map((group, i) => `<li><a href="#failures-${i}">${escaped(titleOf(group))}</a></li>`)
  const blocks = groups.map((group, i) => groupBlock(group, i, find, words))
  return `<section id="failures"><h2>${words.failures}</h2><p class="fine">${words.failuresText}</p><nav aria-label="${words.failures}"><ul class="links">${links.join('')}</ul></nav>${blocks.join('')}</section>`
}

function titleOf({ task, runs }: FailureGroup): string {
  return `${task}: ${runs.map(letter).join(', ')}`
}

function groupBlock(group: FailureGroup, index: number, find: QuestionFinder, words: ReportWords): string {
  const { failed, asked, documents } = group
  const more = failed > documents.length ? `<p class="fine">${words.more(failed - documents.length)}</p>` : ''
  const shown = documents.map((document) => documentBlock(document, find(group, document.id), group, words))
  const summary = failed === 0 ? words.allRight : words.failed(failed, asked)
  return `<h3 id="failures-${index}">${escaped(titleOf(group))} <small>${escaped(group.metric)}</small></h3><p class="fine">${summary}</p>${shown.join('')}${more}`
}

function documentBlock(
  { id, sides }: FailedDocument,
  question: FoundQuestion,
  { metric }: FailureGroup,
  words: ReportWords,
): string {
  const verdicts = sides.map(
    ({ run, score }) => `<span class="verdict ${kindOf(score)}">${letter(run)} ${verdict(score, words)}</span>`,
  )
  const isText = typeof question !== 'string'
  const snippet = isText ? `<span class="snippet">${escaped(snippetOf(question.prompt))}</span>` : ''
  const asked = isText ? questionBlock(question, words) : `<p class="fine">${words[question]}</p>`
  const columns = sides.map((side) => sideBlock(side, question, metric, words))
  return `<details class="failure"><summary><b>${words.document(id)}</b> ${verdicts.join(' ')} ${snippet}</summary>${asked}<div class="sides">${columns.join('')}</div></details>`
}

function kindOf(score: number): string {
  return score === 1 ? 'right' : 'wrong'
}

function verdict(score: number, words: ReportWords): string {
  if (score === 1) return words.right
  return score === 0 ? words.wrong : words.partly(percent(score))
}

/** The question stands at the end, after the examples; of a long one its end. */
function snippetOf(prompt: string): string {
  const last = prompt
    .trim()
    .split(/\n\s*\n/)
    .at(-1)!
  const characters = Array.from(last.slice(-4 * SNIPPET).replace(/\s+/g, ' '))
  return characters.length <= SNIPPET ? characters.join('') : `… ${characters.slice(-SNIPPET).join('')}`
}

function questionBlock({ prompt, expected, gold }: Question, words: ReportWords): string {
  const length = codePointCount(prompt)
  const title = words.prompt(length.toLocaleString('en'))
  const folded = `<details${length <= SHORT ? ' open' : ''}><summary>${title}</summary>${textBlock(prompt, words, title)}</details>`
  // Of choices the table says which one is right.
  if (expected === '' || gold !== undefined) return folded
  return `${folded}<h4>${words.expected}</h4>${textBlock(expected, words, words.expected)}`
}

function sideBlock({ run, answers, score }: Side, question: FoundQuestion, metric: string, words: ReportWords): string {
  const worst = answers.reduce((lowest, one) =>
    (one.scores[metric] ?? 0) < (lowest.scores[metric] ?? 0) ? one : lowest,
  )
  const which = answers.length > 1 ? ` <small>${words.repeats(worst.repeat + 1, answers.length)}</small>` : ''
  const flags = [
    worst.isInvalid && words.invalid,
    worst.isCut && words.cut,
    worst.isTruncated && words.truncated,
  ].filter((flag) => flag !== false)
  const noted = flags.length > 0 ? `<p class="fine">${flags.join('; ')}</p>` : ''
  const said =
    question === 'hidden' ? '' : answerBlock(worst, question, metric, `${letter(run)}, ${words.answer}`, words)
  return `<div class="side"><h4><span class="key k${run % 6}">${letter(run)}</span> ${verdict(score, words)}${which}</h4>${said}${noted}</div>`
}

function answerBlock(
  record: AnswerRecord,
  question: FoundQuestion,
  metric: string,
  label: string,
  words: ReportWords,
): string {
  const { likelihoods, text, calls, extracted } = record
  if (likelihoods) return choiceTable(likelihoods, typeof question === 'string' ? undefined : question, metric, words)
  const written = textBlock(text === undefined || text === '' ? words.nothing : text, words, label)
  const called = calls ? `<p>${words.calls}: <code>${escaped(JSON.stringify(calls))}</code></p>` : ''
  const read =
    extracted && extracted.length > 0 ? extracted.map((one) => `<code>${escaped(one.slice(0, 400))}</code>`) : []
  return `${written}${called}${read.length > 0 ? `<p>${words.readOut}: ${read.join(' · ')}</p>` : ''}`
}

function choiceTable(
  likelihoods: readonly (readonly [number, boolean])[],
  question: Question | undefined,
  metric: string,
  words: ReportWords,
): string {
  const each = likelihoods.map(([logprob], i) => logprob / Math.max(1, codePointCount(question?.choices[i] ?? '')))
  const ranked = metric === 'acc_norm' && question ? each : likelihoods.map(([logprob]) => logprob)
  const taken = ranked.indexOf(Math.max(...ranked))
  const rows = likelihoods.map(([logprob], i) => {
    const choice = question?.choices[i] ?? `${i + 1}`
    const right = question?.gold === i ? ` <span class="verdict right">${words.isRight}</span>` : ''
    const numbers = [logprob.toFixed(2), ...(question ? [each[i]!.toFixed(3)] : [])].map(
      (one) => `<td class="n">${one}</td>`,
    )
    return `<tr${i === taken ? ' class="taken"' : ''}><td>${i === taken ? '→ ' : ''}${escaped(choice.slice(0, 400))}${right}</td>${numbers.join('')}</tr>`
  })
  const head = [words.choice, words.logLikelihood, ...(question ? [words.perCharacter] : [])]
  const top = head.map((name, i) => `<th scope="col"${i > 0 ? ' class="n"' : ''}>${name}</th>`)
  return `<table class="choices"><thead><tr>${top.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}
