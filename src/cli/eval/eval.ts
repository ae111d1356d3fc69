import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.js'
import { evaluate, type EvaluateOptions } from '../../eval/evaluate.js'
import type { Estimate } from '../../eval/run/progress.js'
import type { TaskResult } from '../../eval/run/result.js'
import type { Task } from '../../eval/task/task.js'
import { taskNamed } from '../../eval/tasks/registry.js'
import type { EngineLike } from '../../remote/engine-like.js'
import type { LoadFlags } from '../flags.js'
import { cancelOnInterrupt, openModel, printJson } from '../model.js'
import { StatusLine } from '../print/status-line.js'
import { cannotWrite } from '../whole-file.js'
import { keepResult } from './results.js'
import { isServer, resultTable, shownProgress } from './words.js'

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
  await makeFolder(flags.out)
  const subject: Subject = isServer(model)
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

/** @throws UserError with the system's reason, before a model is loaded */
async function makeFolder(folder: string | undefined): Promise<void> {
  if (folder === undefined) return
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => cannotWrite(folder, cause))
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
    if (flags.out !== undefined) await keepResult(flags.out, task, evaluated)
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
