/** Two runs of one task, document by document. */
import { UserError } from '../../errors.js'
import { pairedDifference, holm, type PairedDifference } from '../statistics/paired.js'
import { detectableDifference } from '../statistics/power.js'
import { difference } from './identity.js'
import { keyOf, type AnswerRecord } from './record.js'
import { byDocument, type TaskResult } from './result.js'

/** What a run of a task left. */
export interface StoredTask {
  readonly result: TaskResult
  /** All answers in their order. */
  readonly records: readonly AnswerRecord[]
}

/** One task of two results. */
export interface Comparison extends PairedDifference {
  readonly task: string
  readonly metric: string
  readonly a: number
  readonly b: number
  /** Corrected for the number of tasks by Holm. */
  readonly corrected: number
  /** The smallest true difference that so many documents show in 80 of 100 comparisons. */
  readonly detectable: number
  /** Answers with the same text in both, of all that were written; undefined of likelihoods. */
  readonly sameText: number | undefined
}

/** Two results that may not be set side by side, and the field that keeps them apart. */
export interface Incomparable {
  readonly task: string
  readonly field: string
  readonly a: string
  readonly b: string
}

/** The metric that is usually named: the first. */
export function mainMetric({ metrics }: TaskResult): string {
  return Object.keys(metrics)[0] ?? ''
}

/** One score a document: the mean of its answers. */
export function documentScores({ result, records }: StoredTask): number[] {
  const metric = mainMetric(result)
  return byDocument(records).map(
    (answers) => answers.reduce((sum, { scores }) => sum + (scores[metric] ?? 0), 0) / answers.length,
  )
}

/** The tasks that both have, in the first one's order; what may be compared is corrected together. */
export function compareTasks(a: readonly StoredTask[], b: readonly StoredTask[]): (Comparison | Incomparable)[] {
  const found = a.flatMap((one) => {
    const { task } = one.result.identity
    const other = b.find(({ result }) => result.identity.task === task)
    if (!other) return []
    const differs = difference(one.result.identity, other.result.identity)
    return [differs ? { task, ...differs } : compared(one, other)]
  })
  const comparable = found.filter((one) => 'pValue' in one)
  const corrected = holm(comparable.map(({ pValue }) => pValue))
  return found.map((one) => ('pValue' in one ? { ...one, corrected: corrected[comparable.indexOf(one)]! } : one))
}

function compared(one: StoredTask, other: StoredTask): Omit<Comparison, 'corrected'> {
  const { task } = one.result.identity
  const metric = mainMetric(one.result)
  const documents = byDocument(one.records)
  const groups = documents.map(([record]) => record!.group)
  const clusters = new Set(groups).size > 1 ? groups.map((group) => group ?? '') : undefined
  const [a, b] = [documentScores(one), documentScores(other)]
  if (a.length !== b.length)
    throw new UserError(
      `${task}: ${a.length} documents are answered in one of two runs and ${b.length} in the other. Let both come to their end.`,
      'invalid_file',
    )
  return {
    task,
    metric,
    a: one.result.metrics[metric]?.value ?? NaN,
    b: other.result.metrics[metric]?.value ?? NaN,
    ...pairedDifference(a, b, clusters),
    detectable: detectableDifference(a.length),
    sameText: sameText(one.records, other.records),
  }
}

function sameText(a: readonly AnswerRecord[], b: readonly AnswerRecord[]): number | undefined {
  if (a.every(({ text }) => text === undefined)) return undefined
  const others = new Map(b.map((record) => [keyOf(record), record.text]))
  return a.filter((record) => record.text !== undefined && others.get(keyOf(record)) === record.text).length
}

/** Never "equal": that so many documents show nothing is no proof that there is nothing. */
export function conclusion({ corrected, difference: found }: Comparison): 'none' | 'a' | 'b' {
  if (corrected >= 0.05) return 'none'
  return found > 0 ? 'b' : 'a'
}
