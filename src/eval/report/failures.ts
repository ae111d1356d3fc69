/** Which documents a reader looks at: those that some run has wrong, and first of all those on which runs disagree. */
import { mainMetric, type StoredTask } from '../run/compare.js'
import { difference } from '../run/identity.js'
import type { AnswerRecord } from '../run/record.js'
import { byDocument } from '../run/result.js'

/** A folder's results. */
export interface StoredRun {
  /** As it was named. */
  readonly name: string
  readonly tasks: readonly StoredTask[]
}

/** What one run made of a document. */
export interface Side {
  /** Position of the run. */
  readonly run: number
  /** All its answers to the document. */
  readonly answers: readonly AnswerRecord[]
  /** Mean of the metric that is usually named. */
  readonly score: number
}

export interface FailedDocument {
  readonly id: number
  readonly sides: readonly Side[]
}

/** Runs that were asked the same, with the documents that some of them have wrong. */
export interface FailureGroup {
  readonly task: string
  readonly metric: string
  readonly runs: readonly number[]
  /** Those that are shown. */
  readonly documents: readonly FailedDocument[]
  /** Documents that some run has wrong. */
  readonly failed: number
  readonly asked: number
}

/** @param most documents that are shown of a group */
export function failureGroups(runs: readonly StoredRun[], most: number): FailureGroup[] {
  const groups: { readonly run: number; readonly task: StoredTask }[][] = []
  for (const [run, { tasks }] of runs.entries())
    for (const task of tasks) {
      const { identity } = task.result
      const fitting = groups.find(([first]) => !difference(first!.task.result.identity, identity))
      if (fitting) fitting.push({ run, task })
      else groups.push([{ run, task }])
    }
  return groups
    .map((members) => groupOf(members, most))
    .sort((a, b) => (a.task === b.task ? a.runs[0]! - b.runs[0]! : a.task < b.task ? -1 : 1))
}

function groupOf(members: readonly { readonly run: number; readonly task: StoredTask }[], most: number): FailureGroup {
  const { result } = members[0]!.task
  const metric = mainMetric(result)
  const documents = new Map<number, Side[]>()
  for (const { run, task } of members)
    for (const answers of byDocument(task.records)) {
      const score = answers.reduce((sum, { scores }) => sum + (scores[metric] ?? 0), 0) / answers.length
      const id = answers[0]!.doc_id
      documents.set(id, [...(documents.get(id) ?? []), { run, answers, score }])
    }
  const failed = [...documents]
    .map(([id, sides]) => ({ id, sides }))
    .filter(({ sides }) => sides.some(({ score }) => score < 1))
    .sort((a, b) => Number(disagree(b)) - Number(disagree(a)) || a.id - b.id)
  return {
    task: result.identity.task,
    metric,
    runs: members.map(({ run }) => run),
    documents: failed.slice(0, most),
    failed: failed.length,
    asked: documents.size,
  }
}

export function disagree({ sides }: FailedDocument): boolean {
  return sides.some(({ score }) => score !== sides[0]!.score)
}
