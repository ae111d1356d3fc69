import { createHash } from 'node:crypto'
import { UserError } from '../../errors.js'
import { questionOf } from '../../eval/report/question.js'
import type { FoundQuestion, QuestionFinder } from '../../eval/report/failure-page.js'
import { failureGroups, type FailureGroup, type StoredRun } from '../../eval/report/failures.js'
import { reportPage } from '../../eval/report/page.js'
import { letter } from '../../eval/report/shown.js'
import type { ReportLanguage } from '../../eval/report/words.js'
import { compareTasks } from '../../eval/run/compare.js'
import type { Task } from '../../eval/task/task.js'
import { taskNamed } from '../../eval/tasks/registry.js'
import { printJson } from '../model.js'
import { writeNamed } from '../whole-file.js'
import { samplesOf, storedTasks } from './results.js'
import { differenceTable, resultTable } from './words.js'

export interface ReportFlags {
  readonly html?: string
  readonly lang: ReportLanguage
  readonly failures: number
  readonly json?: boolean
}

/** Kept results of one or several folders: in the terminal, or as one file for a browser. */
export async function report(folders: readonly string[], flags: ReportFlags): Promise<void> {
  const runs = await Promise.all(folders.map(async (name) => ({ name, tasks: await storedTasks(name) })))
  if (flags.html !== undefined) {
    if (flags.json) throw new UserError('--json and --html: expected one of both', 'invalid_argument')
    await writeNamed(flags.html, await htmlOf(runs, flags))
    process.stdout.write(`${flags.html}\n`)
  } else if (flags.json) printJson(asJson(runs))
  else process.stdout.write(asText(runs))
}

async function htmlOf(runs: readonly StoredRun[], { lang, failures: most }: ReportFlags): Promise<string> {
  if (most < 0) throw new UserError(`--failures: expected 0 or more, found ${most}`, 'invalid_argument')
  const failures = failureGroups(runs, most)
  const questions = new Map(
    await Promise.all(failures.map(async (group) => [group, await questionsOf(runs, group)] as const)),
  )
  const find: QuestionFinder = (group, id) => questions.get(group)?.get(id) ?? 'missing'
  const hash = (text: string): string => createHash('sha256').update(text).digest('base64')
  return reportPage(runs, { language: lang, failures, find, hash, chanceOf: (task) => builtIn(task)?.chance })
}

/** Runs of a group were asked the same, so that the samples of one of them do for all. */
async function questionsOf(
  runs: readonly StoredRun[],
  { task, runs: members, documents }: FailureGroup,
): Promise<Map<number, FoundQuestion>> {
  const ids = new Set(documents.map(({ id }) => id))
  const found = new Map<number, FoundQuestion>()
  for (const member of members) {
    const samples = await samplesOf(runs[member]!.name, task, ids)
    if (!samples) continue
    for (const [id, sample] of samples) {
      const isHidden = builtIn(task)?.isPrivate === true || sample['arguments'] === undefined
      found.set(id, isHidden ? 'hidden' : (questionOf(sample) ?? 'missing'))
    }
    break
  }
  if (found.size === 0 && builtIn(task)?.isPrivate) for (const id of ids) found.set(id, 'hidden')
  return found
}

/** Results may be of a task that this version does not have. */
function builtIn(name: string): Task | undefined {
  try {
    return taskNamed(name)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function pairsOf(runs: readonly StoredRun[]): [number, number][] {
  return runs.flatMap((_, a) => runs.slice(a + 1).map((_, i): [number, number] => [a, a + 1 + i]))
}

function asText(runs: readonly StoredRun[]): string {
  const tables = runs.map(
    ({ name, tasks }, i) =>
      `${letter(i)}: ${name}\n${resultTable(
        tasks.map(({ result }) => result),
        {},
      )}`,
  )
  const differences = pairsOf(runs).map(([a, b]) => {
    const found = compareTasks(runs[a]!.tasks, runs[b]!.tasks)
    const compared = found.filter((one) => 'pValue' in one)
    const notes = found.map((one) =>
      'pValue' in one
        ? ''
        : `${one.task}: ${letter(a)} and ${letter(b)} may not be compared: ${one.field} is ${one.a} in ${letter(a)}, and ${one.b} in ${letter(b)}\n`,
    )
    const none = found.length === 0 ? `${letter(a)} and ${letter(b)} have no task in common\n` : ''
    return (compared.length > 0 ? differenceTable(compared, letter(a), letter(b)) : none) + notes.join('')
  })
  return [...tables, ...differences].join('\n')
}

function asJson(runs: readonly StoredRun[]): object {
  return {
    runs: runs.map(({ name, tasks }) => ({ name, results: tasks.map(({ result }) => result) })),
    differences: pairsOf(runs).map(([a, b]) => ({
      a: runs[a]!.name,
      b: runs[b]!.name,
      comparisons: compareTasks(runs[a]!.tasks, runs[b]!.tasks),
    })),
  }
}
