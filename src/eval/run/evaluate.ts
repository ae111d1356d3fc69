import { UserError } from '../../errors.js'
import { hashOf } from '../data/hash.js'
import type { DataReader } from '../data/data-file.js'
import { detectableDifference } from '../statistics/power.js'
import type { AnswerSampling, Subject } from '../subject/subject.js'
import { promptsOf, type Prompt } from '../task/prompts.js'
import type { Item, ScoreTools, Task } from '../task/task.js'
import { ask, type Asking, type Question } from './answers.js'
import { chooseItems, windowOf } from './choose-items.js'
import { dataHash, type RunIdentity } from './identity.js'
import { Pace, type Estimate, type EvaluationProgress } from './progress.js'
import { inOrder, keyOf, type AnswerRecord, type RecordStore } from './record.js'
import { resultOf, type TaskResult } from './result.js'

export interface RunOptions {
  /** At most so many documents, from the first on. */
  readonly limit?: number | undefined
  /** Only documents that were published on this day or later, and not later than that: `2025-01-31`. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** Examples in each prompt, in place of the task's own number. */
  readonly shots?: number | undefined
  /** Answers to each document. Default 1. */
  readonly repeats?: number | undefined
  /** Prompts as conversations, by the model's own template. By default only of tasks that are conversations. */
  readonly chat?: boolean | undefined
  /** In place of the task's limit. */
  readonly maxTokens?: number | undefined
  /** Default: 0, the likeliest token; with repeats it has to be above. */
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly seed?: number | undefined
  /** Requests at once, in place of what suits the subject. */
  readonly concurrency?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Before it begins. */
  readonly onEstimate?: ((estimate: Estimate) => void) | undefined
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined
}

/** A task with its documents and prompts, ready to be asked. */
export interface PreparedTask {
  readonly task: Task
  readonly identity: RunIdentity
  readonly questions: readonly Question[]
}

export interface Evaluated {
  readonly result: TaskResult
  /** All answers in their order, with their documents. */
  readonly records: readonly AnswerRecord[]
  readonly prompts: ReadonlyMap<number, Prompt>
}

/** Reads the task's data and makes its prompts. @throws UserError in words */
export async function prepare(
  task: Task,
  subject: Subject,
  data: DataReader,
  options: RunOptions,
): Promise<PreparedTask> {
  const { limit, shots = task.shots, repeats = 1 } = options
  const files = await data(task.files, options.signal)
  const read = await task.read(files, { countTokens: (text) => subject.countTokens(text), limit })
  if (read.items.length === 0)
    throw new UserError(`${task.name}: its data have no such documents. Check the name.`, 'invalid_argument')
  const chosen = chooseItems(read.items, limit, windowOf(task.name, read.items, options))
  const prompts = promptsOf(
    task,
    read,
    chosen.map(({ item }) => item),
    shots,
  )
  const hashes = await Promise.all(prompts.map(({ context }) => hashOf(context)))
  const sampling = samplingOf(options, repeats)
  const questions = prompts.flatMap((prompt, i) =>
    Array.from({ length: repeats }, (_, repeat) => ({ id: chosen[i]!.id, repeat, prompt, promptHash: hashes[i]! })),
  )
  const identity: RunIdentity = {
    task: task.name,
    version: task.version,
    class: task.class,
    data: await dataHash(task, files),
    shots,
    documents: chosen.length,
    ...((options.since ?? options.until) !== undefined && {
      window: `${options.since ?? ''} to ${options.until ?? ''}`,
    }),
    isWhole: chosen.length === (read.total ?? read.items.length),
    prompts: await hashOf(hashes.join('\n')),
    chat: chatOf(prompts, options.chat),
    repeats,
    sampling,
    maxTokens: task.writing && (options.maxTokens ?? task.writing.maxTokens),
    stop: task.writing?.stop ?? [],
    subject: subject.identity,
  }
  return { task, identity, questions }
}

function samplingOf({ temperature = 0, topP = 1, seed = 1234 }: RunOptions, repeats: number): AnswerSampling {
  if (!Number.isSafeInteger(repeats) || repeats < 1)
    throw new UserError(`repeats: expected a whole number of at least 1, found ${repeats}`, 'invalid_argument')
  if (repeats > 1 && temperature === 0)
    throw new UserError(
      `${repeats} answers to each document at temperature 0 would all be the same. Set a temperature, such as 0.6.`,
      'invalid_argument',
    )
  return { temperature, topP, seed }
}

/** A task that consists of conversations has no other form. */
function chatOf(prompts: readonly Prompt[], asked = false): boolean {
  return asked || prompts.some(({ item }: { item: Item }) => item.messages !== undefined)
}

/** How much there is to do. */
export async function estimate({ task, identity, questions }: PreparedTask, subject: Subject): Promise<Estimate> {
  const sample = questions.filter((_, i) => i % Math.ceil(questions.length / 20) === 0)
  const counts = await Promise.all(
    sample.map(async ({ prompt: { context, item } }) => {
      const answers = task.class === 'likelihood' ? (item.choices ?? []).join(' ') : ''
      return subject.countTokens(context + answers)
    }),
  )
  const mean = counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length)
  return {
    task: task.name,
    requests: questions.length * (task.class === 'likelihood' ? (questions[0]?.prompt.item.choices?.length ?? 1) : 1),
    promptTokens: Math.round(mean * questions.length),
    answerTokens: questions.length * (identity.maxTokens ?? 0),
    detectable: detectableDifference(identity.documents),
  }
}

/** Asks what is not answered yet, as many at once as keep the subject busy, and keeps every answer before it counts. */
export async function runPrepared(
  { task, identity, questions }: PreparedTask,
  subject: Subject,
  store: RecordStore,
  tools: ScoreTools,
  options: RunOptions,
): Promise<Evaluated> {
  const prompts = new Map(questions.map(({ id, prompt }) => [id, prompt]))
  const records = inOrder(store.kept.filter((record) => prompts.has(record.doc_id)))
  const done = new Set(records.map(keyOf))
  const open = questions.filter(({ id, repeat }) => !done.has(keyOf({ doc_id: id, repeat })))
  const pace = new Pace(task.name, questions.length, records.length)
  const asking: Asking = {
    task,
    subject,
    chat: identity.chat,
    sampling: identity.sampling,
    maxTokens: identity.maxTokens ?? 0,
    tools,
    signal: options.signal,
  }
  const keep = async (recordOf: () => Promise<AnswerRecord>): Promise<void> => {
    const record = await recordOf()
    await store.append(record)
    records.push(record)
    options.onProgress?.(pace.next(scoreSoFar(task, records)))
  }
  const lane = async (): Promise<void> => {
    // An answer is graded while the next is written: running a program would leave the subject idle.
    let kept: Promise<void> = Promise.resolve()
    try {
      for (let question = open.shift(); question; question = open.shift()) {
        options.signal?.throwIfAborted()
        const recordOf = await ask(asking, question)
        await kept
        kept = keep(recordOf)
        // Thrown where it is awaited, which is later.
        kept.catch(() => undefined)
      }
    } finally {
      await kept
    }
  }
  const lanes = Math.min(options.concurrency ?? subject.concurrency, Math.max(1, open.length))
  await settled(Array.from({ length: lanes }, lane))
  const ordered = inOrder(records)
  return { result: resultOf(task, identity, ordered), records: ordered, prompts }
}

/** All lanes have come to an end before the first error is thrown: nothing runs on after it. */
async function settled(lanes: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(lanes)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

function scoreSoFar(task: Task, records: readonly AnswerRecord[]): number | undefined {
  const scores = records.map(({ scores }) => scores[task.metrics[0]!]).filter((score) => score !== undefined)
  return scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length
}
