import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.js'
import { evaluate, type EvaluateOptions } from '../../eval/evaluate.js'
import type { Evaluated } from '../../eval/run/evaluate.js'
import type { Estimate } from '../../eval/run/progress.js'
import { samplesOf } from '../../eval/run/samples.js'
import type { TaskResult } from '../../eval/run/result.js'
import type { Task } from '../../eval/task/task.js'
import { taskNamed } from '../../eval/tasks/registry.js'
import type { EngineLike } from '../../remote/engine-like.js'
import type { LoadFlags } from '../flags.js'
import { cancelOnInterrupt, openModel, printJson } from '../model.js'
import { StatusLine } from '../print/status-line.js'
import { writeWhole } from '../whole-file.js'
import { readResults, resultsFile } from './results.js'
import { resultTable, shownProgress } from './words.js'

export interface EvalFlags extends LoadFlags {
  readonly tasks: string
  readonly out?: string
  readonly json?: boolean
  readonly limit?: number
  readonly since?: string
  readonly until?: string
  readonly shots?: number
  readonly repeats?: number
  readonly temperature?: number
  readonly topP?: number
  readonly maxTokens?: number
  readonly seed?: number
  readonly chat?: boolean
  readonly runCode?: boolean
  readonly concurrency?: number
  readonly data?: string
  readonly model?: string
}

/** Where answers come from. */
type Subject =
  EngineLike | { readonly url: string; readonly model?: string | undefined; readonly apiKey?: string | undefined }

/** Runs tasks one after the other. One that cannot be run here is left out with its reason; the others go on. */
export async function evalModel(model: string, flags: EvalFlags): Promise<void> {
  const tasks = tasksOf(flags.tasks)
  const signal = cancelOnInterrupt()
  if (flags.out !== undefined) await mkdir(flags.out, { recursive: true })
  const isServer = /^https?:\/\/[^/]+\/?(?:v1\/?)?$/.test(model)
  const subject: Subject = isServer
    ? { url: model, model: flags.model, apiKey: process.env['OPENAI_API_KEY'] }
    : await openModel(model, flags, signal)
  const results: TaskResult[] = []
  const skipped: Record<string, string> = {}
  try {
    for (const task of tasks) {
      const outcome = await runTask(subject, task, flags, signal)
      if (typeof outcome === 'string') skipped[task.name] = outcome
      else results.push(outcome)
    }
  } finally {
    if (!('url' in subject)) await subject.close()
  }
  if (flags.json) printJson({ results, skipped })
  else process.stdout.write(resultTable(results, skipped))
  if (results.length === 0) throw new UserError('none of the tasks could be run', 'unsupported_platform')
}

function tasksOf(names: string): Task[] {
  const tasks = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map(taskNamed)
  if (tasks.length > 0) return tasks
  throw new UserError('--tasks: expected names between commas, such as arc_easy,gsm8k', 'invalid_argument')
}

/** The result; why it cannot be run here. */
async function runTask(
  subject: Subject,
  task: Task,
  flags: EvalFlags,
  signal: AbortSignal,
): Promise<TaskResult | string> {
  const status = new StatusLine()
  const options: EvaluateOptions = {
    ...optionsOf(flags),
    ...(flags.out !== undefined && { journal: join(flags.out, `${task.name}.jsonl`) }),
    signal,
    onFetch: (file) => process.stderr.write(`${task.name}: fetching ${sourceOf(file.source)}\n`),
    onEstimate: (estimate) => process.stderr.write(announced(estimate)),
    onProgress: (progress) => status.show(shownProgress(progress)),
  }
  try {
    const evaluated = await evaluate(subject, task, options)
    if (flags.out !== undefined) await keep(flags.out, task, evaluated)
    return evaluated.result
  } catch (error) {
    const isMissing =
      error instanceof UserError && ['unsupported_platform', 'network', 'model_not_found'].includes(error.code)
    if (!isMissing) throw error
    return error.message
  } finally {
    status.clear()
  }
}

function optionsOf(flags: EvalFlags): EvaluateOptions {
  const { limit, since, until, shots, repeats, temperature, topP, maxTokens, seed, chat, runCode, concurrency, data } =
    flags
  const { quantize, kvCache, speculate } = flags
  const settings = Object.fromEntries(
    Object.entries({ quantize, kvCache, speculate }).filter(
      (entry): entry is [string, never] => entry[1] !== undefined,
    ),
  )
  return {
    limit,
    since,
    until,
    shots,
    repeats,
    temperature,
    topP,
    maxTokens,
    seed,
    chat,
    runCode,
    concurrency,
    data,
    settings,
  }
}

/** Results and samples next to the journal, each whole or not at all. */
async function keep(folder: string, task: Task, { result, records, prompts }: Evaluated): Promise<void> {
  const samples = await samplesOf(task, records, prompts)
  const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('')
  await writeWhole(join(folder, `samples_${task.name}.jsonl`), lines)
  const others = (await readResults(folder)).filter(({ identity }) => identity.task !== task.name)
  const all = [...others, result].sort((a, b) => (a.identity.task < b.identity.task ? -1 : 1))
  await writeWhole(resultsFile(folder), `${JSON.stringify({ results: all }, null, 1)}\n`)
}

function announced({ task, requests, promptTokens, answerTokens, detectable }: Estimate): string {
  const answers = answerTokens > 0 ? `, at most ${answerTokens.toLocaleString('en')} of answers` : ''
  return (
    `${task}: ${requests.toLocaleString('en')} requests, about ${promptTokens.toLocaleString('en')} tokens of prompts${answers}; ` +
    `so many documents show a difference of ${(100 * detectable).toFixed(1)} points or more\n`
  )
}

function sourceOf(source: { readonly url: string } | { readonly package: string }): string {
  return 'url' in source ? source.url : `the package ${source.package}`
}
