import { escaped } from '../../html.js'
import { compareTasks, conclusion, mainMetric, type Comparison, type Incomparable } from '../run/compare.js'
import type { TaskResult } from '../run/result.js'
import type { Interval } from '../statistics/interval.js'
import type { StoredRun } from './failures.js'
import { evenScale, plotAxis, plotRow, SHARES, type PlotScale } from './plot.js'
import { letter, percent, points, pValue, range, signed, tableOf } from './shown.js'
import type { ReportWords } from './word-list.js'

/** @param chanceOf what guessing gets right, where a task says it */
export function scoreSection(
  runs: readonly StoredRun[],
  words: ReportWords,
  chanceOf: (task: string) => number | undefined,
): string {
  const tasks = [...new Set(runs.flatMap((run) => run.tasks.map(({ result }) => result.identity.task)))].sort()
  const blocks = tasks.map((task) => scoreBlock(task, runs, words, chanceOf(task)))
  const rows = tasks.flatMap((task) =>
    resultsOf(task, runs).flatMap(({ run, result }) => metricRows(result, letter(run), words)),
  )
  return `<section id="scores"><h2>${words.scores}</h2><p class="fine">${words.scoresText}</p><div class="forest">${blocks.join('')}</div>
<details><summary>${words.numbers}</summary>${tableOf(words.numbers, words.scoreColumns, rows)}</details></section>`
}

function resultsOf(task: string, runs: readonly StoredRun[]): { readonly run: number; readonly result: TaskResult }[] {
  return runs.flatMap(({ tasks }, run) => {
    const found = tasks.find(({ result }) => result.identity.task === task)
    return found ? [{ run, result: found.result }] : []
  })
}

function scoreBlock(task: string, runs: readonly StoredRun[], words: ReportWords, chance: number | undefined): string {
  const found = resultsOf(task, runs)
  const metrics = [...new Set(found.map(({ result }) => mainMetric(result)))]
  const scale: PlotScale = { ...SHARES, line: chance }
  const rows = found.map(({ run, result }) => {
    const metric = result.metrics[mainMetric(result)]
    const value = metric?.value ?? 0
    const text = `<b>${percent(value)}</b> ${range(metric?.interval, words)}`
    const label = `${letter(run)} ${result.identity.subject.model}`
    return plotRow({ label, text, value, interval: metric?.interval, kind: `k${run % 6}`, mark: run }, scale)
  })
  const guessing = chance === undefined ? '' : `, ${words.guessing(percent(chance))}`
  return `<h3>${escaped(task)} <small>${escaped(metrics.join(', '))}${guessing}</small></h3><ul class="plot">${rows.join('')}${plotAxis(scale, (tick) => `${100 * tick} %`)}</ul>`
}

function metricRows(result: TaskResult, run: string, words: ReportWords): string[][] {
  const { task, shots, isWhole } = result.identity
  return Object.entries(result.metrics).map(([name, { value, interval }]) => [
    escaped(task),
    run,
    escaped(name),
    percent(value),
    range(interval, words),
    `${result.documents}${isWhole ? '' : ` ${words.part}`}`,
    String(shots),
    percent(result.invalidShare),
    percent(result.cutShare),
    words.points(points(result.detectable)),
  ])
}

/** Each two runs, the first against the second. */
export function differenceSection(runs: readonly StoredRun[], words: ReportWords): string {
  if (runs.length < 2) return ''
  const pairs = runs.flatMap((a, i) => runs.slice(i + 1).map((b, j) => pairBlock([a, i], [b, i + 1 + j], words)))
  return `<section id="differences"><h2>${words.differences}</h2><p class="fine">${words.differencesText}</p>${pairs.join('')}</section>`
}

type Numbered = readonly [StoredRun, number]

function pairBlock([a, first]: Numbered, [b, second]: Numbered, words: ReportWords): string {
  const found = compareTasks(a.tasks, b.tasks)
  const [nameA, nameB] = [`${letter(first)} ${a.name}`, `${letter(second)} ${b.name}`]
  const title = words.against(nameA, nameB)
  const head = `<h3>${escaped(title)}</h3>`
  if (found.length === 0) return `${head}<p>${words.noneCommon}</p>`
  const compared = found.filter((one): one is Comparison => 'pValue' in one)
  const refused = found.filter((one): one is Incomparable => 'field' in one)
  const notes = refused.map(
    (one) =>
      `<p class="refused"><b>${escaped(one.task)}</b> ${escaped(words.notComparable(one.field, one.a, one.b))}</p>`,
  )
  if (compared.length === 0) return head + notes.join('')
  const ends = compared.flatMap(({ interval, bootstrap, difference }) => [
    ...[interval?.low ?? difference, interval?.high ?? difference],
    ...[bootstrap.low, bootstrap.high],
  ])
  const scale = evenScale(ends)
  const said = { none: words.noneShown, a: words.better(letter(first)), b: words.better(letter(second)) }
  const rows = compared.map((one) =>
    plotRow(
      {
        label: one.task,
        text: `<b>${signed(one.difference)}</b> ${range(one.interval, words)}`,
        value: one.difference,
        interval: one.interval,
        other: spreadOf(one),
        kind: { none: 'unshown', a: `k${first % 6}`, b: `k${second % 6}` }[conclusion(one)],
        mark: 0,
      },
      { ...scale, band: { low: -one.detectable, high: one.detectable } },
    ),
  )
  const cells = compared.map((one) => [
    escaped(one.task),
    escaped(one.metric),
    ...[percent(one.a), percent(one.b), signed(one.difference), range(one.interval, words)],
    ...[range(spreadOf(one), words), String(one.onlyA), String(one.onlyB), pValue(one.corrected)],
    ...[words.points(points(one.detectable)), said[conclusion(one)]],
  ])
  return `${head}<div class="forest"><ul class="plot">${rows.join('')}${plotAxis(scale, (tick) => signed(tick))}</ul></div>${tableOf(title, words.differenceColumns, cells, 2)}${notes.join('')}`
}

/** Where no document differs there is nothing to draw from. */
function spreadOf({ bootstrap }: Comparison): Interval | undefined {
  return bootstrap.low === bootstrap.high ? undefined : bootstrap
}
