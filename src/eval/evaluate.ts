import { UserError } from '../errors.js'
import type { EngineLike } from '../remote/engine-like.js'
import type { DataFile } from './data/data-file.js'
import { estimate, prepare, runPrepared, type Evaluated, type PreparedTask, type RunOptions } from './run/evaluate.js'
import type { RunIdentity } from './run/identity.js'
import type { RecordStore } from './run/record.js'
import { engineSubject } from './subject/engine.js'
import type { ServedModel } from './subject/api.js'
import { serverSubject } from './subject/server.js'
import type { Subject } from './subject/subject.js'
import type { ScoreTools, Task } from './task/task.js'
import { taskNamed } from './tasks/registry.js'
import { packageVersion } from './version.js'

export interface EvaluateOptions extends RunOptions {
  /** A folder with files of tasks, which are else fetched from where they are published, and kept in the cache of models. */
  readonly data?: string | undefined
  /** Gets files of tasks in another way. */
  readonly read?: ((files: readonly DataFile[]) => Promise<Map<string, Uint8Array>>) | undefined
  /** Told which file is fetched. */
  readonly onFetch?: ((file: DataFile) => void) | undefined
  /**
   * A file that keeps every answer at once. A run that was ended, in whatever way, goes on where it was, and comes to the same bytes.
   */
  readonly journal?: string | undefined
  /** Runs programs that the model wrote, in a sandbox; tasks with code need it. */
  readonly runCode?: boolean | undefined
  /** How the engine was loaded, for the records: `{ kvCache: 'q8' }`. */
  readonly settings?: Readonly<Record<string, string | number>> | undefined
}

/**
 * Asks a model all questions of a benchmark, with the prompts of lm-evaluation-harness, and says what the answers are worth.
 * @param subject an engine, or where one is served
 * @param task by its name, or one of your own
 * @throws UserError in words: no such task, no data, a journal of another run, a task with code without `runCode`
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { evaluate } from 'kaiyuan/eval'
 *
 * const engine = await loadEngine('smollm2')
 * const { result } = await evaluate(engine, 'arc_easy', { limit: 100, journal: 'arc_easy.jsonl' })
 * console.log(result.metrics.acc_norm)
 * await engine.close()
 */
export async function evaluate(
  subject: EngineLike | ServedModel,
  task: string | Task,
  options: EvaluateOptions = {},
): Promise<Evaluated> {
  const asked = await subjectOf(subject, options)
  const found = typeof task === 'string' ? taskNamed(task) : task
  const tools = await codeTools(found, options)
  try {
    const prepared = await prepare(found, asked, (files) => readFiles(files, options), options)
    options.onEstimate?.(await estimate(prepared, asked))
    return await journaled(prepared, options, (store) => runPrepared(prepared, asked, store, tools, options))
  } finally {
    await tools.close()
  }
}

/**
 * The prompts of a task as they are sent, without a model.
 * @example
 * import { promptsOfTask } from 'kaiyuan/eval'
 *
 * const [first] = await promptsOfTask('gsm8k', { shots: 5, limit: 1 })
 * console.log(first?.context)
 */
export async function promptsOfTask(
  task: string | Task,
  options: EvaluateOptions = {},
): Promise<{ readonly context: string; readonly choices: readonly string[]; readonly answer: string }[]> {
  const found = typeof task === 'string' ? taskNamed(task) : task
  const { questions } = await prepare(found, NOBODY, (files) => readFiles(files, options), options)
  return questions.map(({ prompt: { context, item } }) => ({
    context,
    choices: item.choices ?? [],
    answer: item.answer,
  }))
}

/** In place of a model, where only prompts are wanted: four characters count as a token. */
const NOBODY: Subject = {
  identity: { model: 'none', precision: 'none', settings: {}, template: 'none', engine: 'none' },
  concurrency: 1,
  countTokens: (text) => Promise.resolve(Math.ceil(text.length / 4)),
  likelihoods: () => Promise.reject(new Error('there is no model')),
  write: () => Promise.reject(new Error('there is no model')),
}

function subjectOf(subject: EngineLike | ServedModel, { settings }: EvaluateOptions): Promise<Subject> {
  return 'url' in subject
    ? serverSubject(subject, packageVersion())
    : engineSubject(subject, packageVersion(), settings)
}

async function readFiles(
  files: readonly DataFile[],
  { read, data, signal, onFetch }: EvaluateOptions,
): Promise<Map<string, Uint8Array>> {
  if (files.length === 0) return new Map()
  if (read) return read(files)
  const { dataFiles } = await import('../store/data-files.js')
  return dataFiles(files, { folder: data, signal, onFetch })
}

async function journaled(
  { identity }: PreparedTask,
  { journal }: EvaluateOptions,
  run: (store: RecordStore) => Promise<Evaluated>,
): Promise<Evaluated> {
  if (journal === undefined) return run({ kept: [], append: () => Promise.resolve() })
  const store = await openJournal(journal, identity)
  try {
    return await run(store)
  } finally {
    await store.close()
  }
}

async function openJournal(path: string, identity: RunIdentity): Promise<RecordStore & { close(): Promise<void> }> {
  const { Journal } = await import('./run/node-journal.js')
  return Journal.open(path, identity)
}

/** A sandbox for the task's language, tried once before anything is asked. */
async function codeTools(
  { name, code, codeLimits }: Task,
  { runCode = false }: EvaluateOptions,
): Promise<ScoreTools & { close(): Promise<void> }> {
  if (code === undefined) return { close: () => Promise.resolve() }
  if (!runCode)
    throw new UserError(
      `${name} runs programs that the model wrote, in a sandbox that is a guard and not a wall; that has to be allowed`,
      'invalid_argument',
      { remedies: [{ option: 'runCode' }] },
    )
  const { Sandbox } = await import('./sandbox/sandbox.js')
  const sandbox = new Sandbox(code, codeLimits)
  const tried = await sandbox.run(code === 'python' ? 'x = 1' : 'let x = 1')
  if (tried.outcome === 'passed') return { runner: sandbox, close: () => sandbox.close() }
  await sandbox.close()
  const reason = 'reason' in tried ? tried.reason : tried.outcome
  throw new UserError(`${name}: programs cannot be run here: ${reason}`, 'unsupported_platform')
}
