/** Results in words and columns, for a terminal. */
import stringWidth from 'string-width'
import { conclusion, type Comparison } from '../../eval/run/compare.js'
import type { EvaluationProgress } from '../../eval/run/progress.js'
import type { MetricResult, TaskResult } from '../../eval/run/result.js'

/** An address, and not the name or the file of a model. */
export function isServer(model: string): boolean {
  return /^https?:\/\/[^/]+\/?(?:v1\/?)?$/.test(model)
}

/** Columns of texts; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))))
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const gap = ' '.repeat(widths[column]! - stringWidth(cell))
          return column === 0 ? cell + gap : gap + cell
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

export function resultTable(results: readonly TaskResult[], skipped: Readonly<Record<string, string>>): string {
  const head = ['task', 'metric', 'score', '95 % interval', 'documents', 'shots', 'invalid', 'cut', 'shows from']
  const rows = results.flatMap((result) => {
    const { task, shots, isWhole } = result.identity
    return Object.entries(result.metrics).map(([name, metric], i) => [
      i === 0 ? task : '',
      name,
      percent(metric.value),
      interval(metric),
      `${result.documents}${isWhole ? '' : ' (part)'}`,
      String(shots),
      percent(result.invalidShare),
      percent(result.cutShare),
      points(result.detectable),
    ])
  })
  const notes = Object.entries(skipped).map(([task, reason]) => `${task}: skipped: ${reason}\n`)
  return (rows.length > 0 ? table([head, ...rows]) : '') + notes.join('')
}

/** Two runs, task by task. */
export function differenceTable(comparisons: readonly Comparison[], a = 'a', b = 'b'): string {
  const head = ['task', 'metric', a, b, `${b} - ${a}`, '95 % interval', 'bootstrap', `only ${a}`, `only ${b}`]
  const rows = comparisons.map((one) => [
    one.task,
    one.metric,
    percent(one.a),
    percent(one.b),
    `${one.difference > 0 ? '+' : ''}${(100 * one.difference).toFixed(1)}`,
    interval(one),
    interval({ interval: one.bootstrap.low === one.bootstrap.high ? undefined : one.bootstrap }),
    String(one.onlyA),
    String(one.onlyB),
    one.corrected < 0.001 ? '< 0.001' : one.corrected.toFixed(3),
    points(one.detectable),
    { none: 'no difference shown', a: `${a} is better`, b: `${b} is better` }[conclusion(one)],
  ])
  return table([[...head, 'p (McNemar, Holm)', 'shows from', ''], ...rows])
}

function points(share: number): string {
  return `${(100 * share).toFixed(1)} points`
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`
}

export function interval({ interval: found }: Pick<MetricResult, 'interval'>): string {
  return found ? `${(100 * found.low).toFixed(1)} to ${(100 * found.high).toFixed(1)}` : '-'
}

export function shownProgress({ task, done, total, kept, score, secondsLeft }: EvaluationProgress): string {
  const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`
  const earlier = kept > 0 ? `, ${kept} from before` : ''
  return `${task}: ${done} of ${total}${earlier}${score === undefined ? '' : `, ${percent(score)} so far`}${left}`
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}
