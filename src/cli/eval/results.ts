import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { reasonOf } from '../../system-error.js'
import type { StoredTask } from '../../eval/run/compare.js'
import type { AnswerRecord } from '../../eval/run/record.js'
import { inOrder } from '../../eval/run/record.js'
import type { Evaluated } from '../../eval/run/evaluate.js'
import { byDocument, type TaskResult } from '../../eval/run/result.js'
import { samplesOf as samplesMade } from '../../eval/run/samples.js'
import type { Task } from '../../eval/task/task.js'
import { writeNamed } from '../whole-file.js'

function resultsFile(folder: string): string {
  return join(folder, 'results.json')
}

function samplesFile(folder: string, task: string): string {
  return join(folder, `samples_${task}.jsonl`)
}

/** What a folder has; nothing where it has no results yet. @throws UserError for a file that is none of ours */
async function readResults(folder: string): Promise<TaskResult[]> {
  const path = resultsFile(folder)
  const bytes = await readFile(path).catch((cause: unknown) => absent(path, cause))
  if (!bytes) return []
  const { results } = objectIn(bytes.toString(), path)
  if (Array.isArray(results) && results.every(isResult)) return results
  throw new UserError(`${path}: expected an object with results of kaiyuan eval`, 'invalid_file')
}

function isResult(value: unknown): value is TaskResult {
  if (!isJsonObject(value) || !isJsonObject(value['metrics']) || !isJsonObject(value['identity'])) return false
  const { task, subject, sampling } = value['identity']
  return typeof task === 'string' && isJsonObject(subject) && isJsonObject(sampling)
}

/** Results and samples next to the journal, each whole or not at all. */
export async function keepResult(folder: string, task: Task, { result, records, prompts }: Evaluated): Promise<void> {
  const samples = await samplesMade(task, records, prompts)
  const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('')
  await writeNamed(samplesFile(folder, task.name), lines)
  const others = (await readResults(folder)).filter(({ identity }) => identity.task !== task.name)
  const all = [...others, result].sort((a, b) => (a.identity.task < b.identity.task ? -1 : 1))
  await writeNamed(resultsFile(folder), `${JSON.stringify({ results: all }, null, 1)}\n`)
}

/** @throws UserError where a folder has no results */
async function resultsOf(folder: string): Promise<TaskResult[]> {
  const results = await readResults(folder)
  if (results.length > 0) return results
  throw new UserError(`${folder}: expected results of kaiyuan eval (--out), found none`, 'file_not_found')
}

/** The tasks of a folder with their answers; only some of them, where they are named. */
export async function storedTasks(folder: string, only?: readonly string[]): Promise<StoredTask[]> {
  const results = await resultsOf(folder)
  const wanted = results.filter(({ identity: { task } }) => only === undefined || only.includes(task))
  return Promise.all(wanted.map(async (result) => ({ result, records: await answersOf(folder, result) })))
}

/** The answers of a task, in their order, from its journal. */
async function answersOf(folder: string, { identity: { task }, documents }: TaskResult): Promise<AnswerRecord[]> {
  const path = join(folder, `${task}.jsonl`)
  const bytes = await readFile(path).catch((cause: unknown) => absent(path, cause))
  if (!bytes) throw new UserError(`${path}: expected the answers of ${task}`, 'file_not_found')
  const records: AnswerRecord[] = []
  for (const [number, line] of linesOf(bytes)) {
    // The first line says what was run.
    if (number > 1) records.push(recordIn(line, `${path}, line ${number}`))
  }
  const answers = inOrder(records)
  const found = byDocument(answers).length
  if (found === documents) return answers
  throw new UserError(
    `${path}: expected the answers of ${documents} documents, found ${found}. Let the run come to its end.`,
    'invalid_file',
  )
}

function recordIn(line: string, place: string): AnswerRecord {
  const value = objectIn(line, place)
  if (typeof value['doc_id'] === 'number' && typeof value['repeat'] === 'number' && isJsonObject(value['scores']))
    return value as unknown as AnswerRecord
  throw new UserError(`${place}: expected an answer with doc_id, repeat and scores`, 'invalid_file')
}

/** Samples of some documents, by their numbers; undefined where the file is not there. */
export async function samplesOf(
  folder: string,
  task: string,
  ids: ReadonlySet<number>,
): Promise<Map<number, JsonObject> | undefined> {
  const path = samplesFile(folder, task)
  const bytes = await readFile(path).catch((cause: unknown) => absent(path, cause))
  if (!bytes) return undefined
  const found = new Map<number, JsonObject>()
  for (const [number, line] of linesOf(bytes)) {
    const sample = objectIn(line, `${path}, line ${number}`)
    const id = sample['doc_id']
    if (typeof id === 'number' && ids.has(id) && !found.has(id)) found.set(id, sample)
  }
  return found
}

/** Lines with their ends, one at a time: a file may be longer than a text can be. */
function* linesOf(bytes: Buffer): Generator<[number: number, line: string]> {
  let number = 1
  for (let from = 0, end = bytes.indexOf(10); end >= 0; from = end + 1, end = bytes.indexOf(10, from)) {
    if (end > from) yield [number, bytes.toString('utf8', from, end)]
    number++
  }
}

function absent(path: string, cause: unknown): undefined {
  if (isErrno(cause) && cause.code === 'ENOENT') return undefined
  throw new UserError(`${path}: cannot be read: ${reasonOf(cause)}`, 'file_not_found', { cause })
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}

function objectIn(text: string, place: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw new UserError(`${place}: expected JSON`, 'invalid_file', { cause })
  }
  throw new UserError(`${place}: expected a JSON object`, 'invalid_file')
}
