import type { AnsweredCall, Scores } from '../task/task.js'

/** One answer of a run: everything that came of one document, once. */
export interface AnswerRecord {
  readonly doc_id: number
  /** 0, 1, ...: several answers to one document. */
  readonly repeat: number
  readonly seed: number
  /** sha256 of the prompt's text. */
  readonly prompt_hash: string
  readonly group?: string | undefined
  /** Of a likelihood task: log-likelihood of each answer, and whether the model would have written it. */
  readonly likelihoods?: readonly (readonly [number, boolean])[] | undefined
  readonly text?: string | undefined
  readonly calls?: readonly AnsweredCall[] | undefined
  readonly extracted?: readonly string[] | undefined
  readonly scores: Scores
  readonly tokens: number
  readonly isInvalid: boolean
  /** The answer ended at its limit; the prompt did not fit. */
  readonly isCut: boolean
  readonly isTruncated: boolean
}

/** Where answers are kept while a run goes on. */
export interface RecordStore {
  /** What an earlier run of the same identity has left. */
  readonly kept: readonly AnswerRecord[]
  /** Returns once it will survive the process. */
  append(record: AnswerRecord): Promise<void>
}

/** By document and repeat; each counts once, the first. */
export function inOrder(records: readonly AnswerRecord[]): AnswerRecord[] {
  const unique = new Map<string, AnswerRecord>()
  for (const record of records) {
    const key = keyOf(record)
    if (!unique.has(key)) unique.set(key, record)
  }
  return [...unique.values()].sort((a, b) => a.doc_id - b.doc_id || a.repeat - b.repeat)
}

export function keyOf({ doc_id, repeat }: Pick<AnswerRecord, 'doc_id' | 'repeat'>): string {
  return `${doc_id}/${repeat}`
}
