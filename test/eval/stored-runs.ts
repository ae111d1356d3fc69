/** Folders of results as `kaiyuan eval run --out` leaves them, of our own documents and of answers that follow from their text. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keepResult } from '../../src/cli/eval/results.js'
import { prepare, runPrepared, type RunOptions } from '../../src/eval/run/evaluate.js'
import { Journal } from '../../src/eval/run/node-journal.js'
import type { Subject } from '../../src/eval/subject/subject.js'
import type { Task } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { ownDocuments, scriptedSubject } from './scripted.js'

/** A subject by another name, whose answers are others. */
export function otherSubject(model: string, write?: Subject['write']): Subject {
  const subject = scriptedSubject()
  return {
    ...subject,
    identity: { ...subject.identity, model },
    likelihoods: (context, continuations) => subject.likelihoods(model + context, continuations),
    write: write ?? ((request) => subject.write({ ...request, context: model + request.context })),
  }
}

export async function storeRun(
  folder: string,
  tasks: readonly (string | Task)[],
  subject = scriptedSubject(),
  options: RunOptions = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const name of tasks) {
    const task = typeof name === 'string' ? taskNamed(name) : name
    const prepared = await prepare(task, subject, ownDocuments(task.name.replace(/^private_/, '')), options)
    const journal = await Journal.open(join(folder, `${task.name}.jsonl`), prepared.identity)
    try {
      await keepResult(folder, task, await runPrepared(prepared, subject, journal, {}, options))
    } finally {
      await journal.close()
    }
  }
}
