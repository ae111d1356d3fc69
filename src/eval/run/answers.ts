/** From a prompt to a record. */
import { UserError } from '../../errors.js'
import { choiceScores } from '../score/likelihood.js'
import type { AnswerSampling, Subject, Written } from '../subject/subject.js'
import { delimiterOf, type Prompt } from '../task/prompts.js'
import type { ScoreTools, Task } from '../task/task.js'
import type { AnswerRecord } from './record.js'

/** What all answers of a run share. */
export interface Asking {
  readonly task: Task
  readonly subject: Subject
  readonly chat: boolean
  readonly sampling: AnswerSampling
  readonly maxTokens: number
  readonly tools: ScoreTools
  readonly signal: AbortSignal | undefined
}

/** What is asked: one document, once. */
export interface Question {
  readonly id: number
  readonly repeat: number
  readonly prompt: Prompt
  readonly promptHash: string
}

/** The subject's part of an answer. What is left makes the record of it, and does not need the subject. */
export function ask(asking: Asking, question: Question): Promise<() => Promise<AnswerRecord>> {
  return asking.task.class === 'likelihood' ? rank(asking, question) : write(asking, question)
}

async function rank(
  { task, subject, sampling, signal }: Asking,
  question: Question,
): Promise<() => Promise<AnswerRecord>> {
  const { item, context } = question.prompt
  const choices = item.choices ?? []
  const continuations = choices.map((choice) => delimiterOf(task) + choice)
  const { likelihoods, isTruncated } = await subject.likelihoods(context, continuations, signal)
  const all = choiceScores(item, likelihoods)
  const record = {
    ...headOf(question, sampling.seed),
    likelihoods: likelihoods.map(({ logprob, isGreedy }) => [logprob, isGreedy] as const),
    scores: Object.fromEntries(task.metrics.map((name) => [name, all[name]!])),
    tokens: 0,
    isInvalid: false,
    isCut: false,
    isTruncated,
  }
  return () => Promise.resolve(record)
}

async function write(asking: Asking, question: Question): Promise<() => Promise<AnswerRecord>> {
  const { task, subject, chat, sampling, maxTokens, signal } = asking
  const { item, context, messages } = question.prompt
  // Each repeat draws by itself, and the same in every run.
  const seed = sampling.seed + question.repeat
  const written = await subject.write(
    {
      context,
      ...(chat && { messages, continues: item.prefix !== undefined, tools: item.tools }),
      writing: { stop: task.writing?.stop ?? [], maxTokens },
      sampling: { ...sampling, seed },
    },
    signal,
  )
  // What was written until then is no answer.
  signal?.throwIfAborted()
  return () => graded(asking, question, seed, written)
}

async function graded(
  { task, tools }: Asking,
  question: Question,
  seed: number,
  written: Written,
): Promise<AnswerRecord> {
  if (!task.score) throw new UserError(`${task.name}: a generation task needs a score`, 'invalid_argument')
  const { scores, extracted, isInvalid } = await task.score(question.prompt.item, written, tools)
  const { text, calls, tokens, isCut, isTruncated } = written
  // An answer quotes its question: that of a private task is not kept either.
  const said = task.isPrivate ? {} : { text, ...(calls.length > 0 && { calls }), extracted }
  return { ...headOf(question, seed), ...said, scores, tokens, isInvalid, isCut, isTruncated }
}

function headOf(
  { id, repeat, promptHash, prompt }: Question,
  seed: number,
): Pick<AnswerRecord, 'doc_id' | 'repeat' | 'seed' | 'prompt_hash' | 'group'> {
  const { group } = prompt.item
  return { doc_id: id, repeat, seed, prompt_hash: promptHash, ...(group !== undefined && { group }) }
}
