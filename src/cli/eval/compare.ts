import { UserError } from '../../errors.js'
import { difference } from '../../eval/run/identity.js'
import type { AnswerRecord } from '../../eval/run/record.js'
import { byDocument, type TaskResult } from '../../eval/run/result.js'
import { holm, pairedDifference, type PairedDifference } from '../../eval/statistics/paired.js'
import { taskNamed } from '../../eval/tasks/registry.js'
import { printJson } from '../model.js'
import { answersOf, resultsOf } from './results.js'
import { percent, table } from './words.js'

export interface CompareFlags {
  readonly task?: string[]
  readonly json?: boolean
}

/** One task of two results. */
export interface Comparison extends PairedDifference {
  readonly task: string
  readonly metric: string
  readonly a: number
  readonly b: number
  /** Corrected for the number of tasks by Holm. */
  readonly corrected: number
}

/** @throws UserError naming the field that differs, where two results may not be set side by side */
export async function compare(a: string, b: string, flags: CompareFlags): Promise<void> {
  const found = await comparisonsOf(a, b, flags.task)
  if (flags.json) return printJson({ a, b, comparisons: found })
  const head = ['task', 'metric', 'a', 'b', 'b - a', '95 % interval', 'only a', 'only b', 'p (McNemar, Holm)', '']
  const rows = found.map((one) => [
    one.task,
    one.metric,
    percent(one.a),
    percent(one.b),
    `${one.difference > 0 ? '+' : ''}${(100 * one.difference).toFixed(1)}`,
    one.interval ? `${(100 * one.interval.low).toFixed(1)} to ${(100 * one.interval.high).toFixed(1)}` : '-',
    String(one.onlyA),
    String(one.onlyB),
    one.corrected < 0.001 ? '< 0.001' : one.corrected.toFixed(3),
    conclusion(one),
  ])
  process.stdout.write(`a: ${a}\nb: ${b}\n${table([head, ...rows])}`)
}

/** The tasks that both have. */
export async function comparisonsOf(a: string, b: string, only?: readonly string[]): Promise<Comparison[]> {
  const [resultsA, resultsB] = await Promise.all([resultsOf(a), resultsOf(b)])
  const pairs = resultsA.flatMap((one) => {
    const other = resultsB.find(({ identity }) => identity.task === one.identity.task)
    return other && (only === undefined || only.includes(one.identity.task)) ? [[one, other] as const] : []
  })
  if (pairs.length === 0) throw new UserError(`${a} and ${b} have no task in common`, 'invalid_argument')
  const found = await Promise.all(
    pairs.map(async ([one, other]) => {
      const { task } = one.identity
      checkComparable(a, b, one, other)
      return compared(one, other, await answersOf(a, task), await answersOf(b, task))
    }),
  )
  const corrected = holm(found.map(({ pValue }) => pValue))
  return found.map((one, i) => ({ ...one, corrected: corrected[i]! }))
}

function checkComparable(a: string, b: string, one: TaskResult, other: TaskResult): void {
  const differs = difference(one.identity, other.identity)
  if (!differs) return
  throw new UserError(
    `${one.identity.task}: the two results may not be compared: ${differs.field} is ${differs.a} in ${a}, and ${differs.b} in ${b}`,
    'invalid_argument',
  )
}

function compared(
  { identity, metrics }: TaskResult,
  other: TaskResult,
  a: readonly AnswerRecord[],
  b: readonly AnswerRecord[],
): Omit<Comparison, 'corrected'> {
  const metric = taskNamed(identity.task).metrics[0]!
  const [first, second] = [a, b].map((records) => byDocument(records))
  const scores = (documents: readonly AnswerRecord[][]): number[] =>
    documents.map((answers) => answers.reduce((sum, { scores: own }) => sum + (own[metric] ?? 0), 0) / answers.length)
  const groups = first!.map(([record]) => record!.group)
  const clusters = new Set(groups).size > 1 ? groups.map((group) => group ?? '') : undefined
  return {
    task: identity.task,
    metric,
    a: metrics[metric]?.value ?? NaN,
    b: other.metrics[metric]?.value ?? NaN,
    ...pairedDifference(scores(first!), scores(second!), clusters),
  }
}

/** Never "equal": that so many documents show nothing is no proof that there is nothing. */
function conclusion({ corrected, difference: found }: Comparison): string {
  if (corrected >= 0.05) return 'no difference shown'
  return found > 0 ? 'b is better' : 'a is better'
}
