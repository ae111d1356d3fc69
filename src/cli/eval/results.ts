import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import type { AnswerRecord } from '../../eval/run/record.js'
import { inOrder } from '../../eval/run/record.js'
import type { TaskResult } from '../../eval/run/result.js'

export function resultsFile(folder: string): string {
  return join(folder, 'results.json')
}

/** What a folder has; nothing where it has no results yet. */
export async function readResults(folder: string): Promise<TaskResult[]> {
  const text = await readFile(resultsFile(folder), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const value: unknown = JSON.parse(text)
  if (isJsonObject(value) && Array.isArray(value['results'])) return value['results'] as TaskResult[]
  throw new UserError(`${resultsFile(folder)}: expected an object with results`, 'invalid_file')
}

/** @throws UserError where a folder has no results */
export async function resultsOf(folder: string): Promise<TaskResult[]> {
  const results = await readResults(folder)
  if (results.length > 0) return results
  throw new UserError(`${folder}: expected results of kaiyuan eval (--out), found none`, 'file_not_found')
}

/** The answers of a task, in their order, from its journal. */
export async function answersOf(folder: string, task: string): Promise<AnswerRecord[]> {
  const path = join(folder, `${task}.jsonl`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError(`${path}: expected the answers of ${task}`, 'file_not_found', { cause })
  })
  const [, ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return inOrder(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AnswerRecord))
}
