import { intervalOf, type Interval } from '../statistics/interval.js'
import { meanOf } from '../statistics/mean.js'
import { detectableDifference } from '../statistics/power.js'
import { passAtK } from '../statistics/repeats.js'
import type { Task } from '../task/task.js'
import type { RunIdentity } from './identity.js'
import type { AnswerRecord } from './record.js'

export interface MetricResult {
  readonly value: number
  readonly standardError?: number | undefined
  readonly interval?: Interval | undefined
}

/** What a run came to. It has no time in it: the same answers give the same bytes. */
export interface TaskResult {
  readonly identity: RunIdentity
  /** Documents that were answered. */
  readonly documents: number
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** The mean of the means of groups, where there are some. */
  readonly macro?: Readonly<Record<string, number>> | undefined
  /** Of the first metric, with what guessing gets right at 0 and all right at 1. */
  readonly aboveChance?: number | undefined
  readonly invalidShare: number
  readonly cutShare: number
  readonly truncatedShare: number
  /** The smallest difference to another model that so many documents show in 80 of 100 runs. */
  readonly detectable: number
  readonly tokens: number
}

/** @param records of all documents in their order */
export function resultOf(task: Task, identity: RunIdentity, records: readonly AnswerRecord[]): TaskResult {
  const documents = byDocument(records)
  const groups = documents.map(([first]) => first!.group)
  const isGrouped = new Set(groups).size > 1
  const clusters = isGrouped ? groups.map((group) => group ?? '') : undefined
  const metrics: Record<string, MetricResult> = {}
  const values = scoresOf(task, documents)
  for (const [name, scores] of values) metrics[name] = metricOf(scores, clusters)
  if (task.aggregate)
    for (const [name, value] of Object.entries(task.aggregate(records.map(({ scores }) => scores))))
      metrics[name] = { value }
  const share = (is: (record: AnswerRecord) => boolean): number => records.filter(is).length / records.length
  const main = metrics[task.metrics[0]!]?.value
  return {
    identity,
    documents: documents.length,
    metrics,
    ...(isGrouped && { macro: Object.fromEntries([...values].map(([name, all]) => [name, macroOf(all, groups)])) }),
    ...(task.chance !== undefined && main !== undefined && { aboveChance: (main - task.chance) / (1 - task.chance) }),
    invalidShare: share(({ isInvalid }) => isInvalid),
    cutShare: share(({ isCut }) => isCut),
    truncatedShare: share(({ isTruncated }) => isTruncated),
    detectable: detectableDifference(documents.length),
    tokens: records.reduce((total, { tokens }) => total + tokens, 0),
  }
}

/** The answers to each document together. */
export function byDocument(records: readonly AnswerRecord[]): AnswerRecord[][] {
  const documents = new Map<number, AnswerRecord[]>()
  for (const record of records) documents.set(record.doc_id, [...(documents.get(record.doc_id) ?? []), record])
  return [...documents.values()]
}

/** Of each metric, one score a document: the mean of its repeats; and with several, pass@k of the first metric. */
function scoresOf(task: Task, documents: readonly AnswerRecord[][]): Map<string, number[]> {
  const scores = new Map<string, number[]>()
  for (const name of task.metrics)
    scores.set(
      name,
      documents.map((answers) => answers.reduce((sum, answer) => sum + (answer.scores[name] ?? 0), 0) / answers.length),
    )
  const repeats = Math.min(...documents.map((answers) => answers.length))
  const main = task.metrics[0]!
  for (let k = 2; k <= repeats; k *= 2)
    scores.set(
      `pass@${k}`,
      documents.map((answers) =>
        passAtK(answers.length, answers.filter((answer) => answer.scores[main] === 1).length, k),
      ),
    )
  return scores
}

function metricOf(scores: readonly number[], clusters: readonly string[] | undefined): MetricResult {
  const estimate = meanOf(scores, clusters)
  return { ...estimate, interval: intervalOf(scores, estimate, clusters !== undefined) }
}

function macroOf(scores: readonly number[], groups: readonly (string | undefined)[]): number {
  const means = new Map<string, { sum: number; count: number }>()
  scores.forEach((score, i) => {
    const key = groups[i] ?? ''
    const { sum, count } = means.get(key) ?? { sum: 0, count: 0 }
    means.set(key, { sum: sum + score, count: count + 1 })
  })
  return [...means.values()].reduce((total, { sum, count }) => total + sum / count, 0) / means.size
}
