/** Answers with their questions, in the layout of lm-evaluation-harness' `samples_TASK.jsonl`, which its viewers read. */
import { hashOf } from '../data/hash.js'
import { delimiterOf, type Prompt } from '../task/prompts.js'
import type { Task } from '../task/task.js'
import type { AnswerRecord } from './record.js'

export type Sample = Readonly<Record<string, unknown>>

/** @param records in order; texts of a private task are left out */
export async function samplesOf(
  task: Task,
  records: readonly AnswerRecord[],
  prompts: ReadonlyMap<number, Prompt>,
): Promise<Sample[]> {
  return Promise.all(records.map((record) => sampleOf(task, record, prompts.get(record.doc_id)!)))
}

async function sampleOf(task: Task, record: AnswerRecord, prompt: Prompt): Promise<Sample> {
  const { item } = prompt
  const target = item.gold ?? item.answer
  const hashes = {
    doc_hash: await hashOf(JSON.stringify(item.doc, null, 2)),
    prompt_hash: record.prompt_hash,
    target_hash: await hashOf(String(target)),
  }
  const { doc_id, repeat, seed, group, scores, isInvalid, isCut, isTruncated } = record
  const head = { doc_id, repeat, seed, ...(group !== undefined && { group }) }
  const tail = { ...hashes, metrics: Object.keys(scores), ...scores, isInvalid, isCut, isTruncated }
  if (task.isPrivate) return { ...head, ...tail }
  return { ...head, doc: item.doc, target, ...said(task, record, prompt), ...tail }
}

/** What was sent and what came. */
function said(task: Task, record: AnswerRecord, { context, item }: Prompt): Sample {
  if (record.likelihoods) {
    const continuations = (item.choices ?? []).map((choice) => delimiterOf(task) + choice)
    const pairs = continuations.map((continuation, i) => [`gen_args_${i}`, { arg_0: context, arg_1: continuation }])
    const found = record.likelihoods.map(([logprob, isGreedy]) => [String(logprob), isGreedy ? 'True' : 'False'])
    return { arguments: Object.fromEntries(pairs) as Sample, resps: found.map((one) => [one]), filtered_resps: found }
  }
  const { text = '', calls, extracted = [] } = record
  const sent = { gen_args_0: { arg_0: context, arg_1: { until: task.writing?.stop ?? [] } } }
  return { arguments: sent, resps: [[text]], ...(calls && { calls }), filtered_resps: extracted }
}
