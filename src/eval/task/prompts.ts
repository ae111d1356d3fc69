/** Prompts, byte for byte as lm-evaluation-harness 0.4.13 makes them (`ConfigurableTask.fewshot_context`, `build_qa_turn`). */
import { UserError } from '../../errors.js'
import { PythonRandom } from '../python/random.js'
import type { Item, Task, TaskData, TaskMessage } from './task.js'

/** Of the reference, `--seed`'s fourth. */
export const EXAMPLES_SEED = 1234
const BETWEEN_EXAMPLES = '\n\n'

/** A question as it is asked. */
export interface Prompt {
  readonly item: Item
  /** As text: what a model without a chat template goes on with. */
  readonly context: string
  /** As a conversation. */
  readonly messages: readonly TaskMessage[]
}

/**
 * The prompts of some items in their order: examples that are drawn are drawn one document after the other, as the reference does.
 * @throws UserError where the task has not so many examples
 */
export function promptsOf(task: Task, data: TaskData, items: readonly Item[], shots: number): Prompt[] {
  checkShots(task, shots)
  const random = new PythonRandom(EXAMPLES_SEED)
  return items.map((item) => {
    const examples = shots === 0 ? [] : examplesOf(task, data, item, shots, random)
    const before = examples.map(({ text, answer }) => text + delimiterOf(task) + answer + BETWEEN_EXAMPLES).join('')
    return promptOf(task, item, before)
  })
}

function promptOf(task: Task, item: Item, before: string): Prompt {
  const { description = '', text, prefix, messages } = item
  if (messages) return { item, context: messages.map(({ content }) => content).join(BETWEEN_EXAMPLES), messages }
  const asked = before + text
  const gap = prefix !== undefined && needsDelimiter(asked, prefix) ? delimiterOf(task) : ''
  return {
    item,
    context: description + asked + gap + (prefix ?? ''),
    messages: [
      ...(description === '' ? [] : [{ role: 'system', content: description } as const]),
      { role: 'user', content: asked },
      ...(prefix === undefined ? [] : [{ role: 'assistant', content: prefix } as const]),
    ],
  }
}

function examplesOf(task: Task, data: TaskData, item: Item, shots: number, random: PythonRandom): readonly Item[] {
  const pool = data.examples?.(item) ?? []
  if (shots > pool.length)
    throw new UserError(
      `${task.name}: ${shots} examples are asked for, and there are ${pool.length}`,
      'invalid_argument',
    )
  return task.take === 'first' ? pool.slice(0, shots) : random.sample(pool, shots)
}

function checkShots(task: Task, shots: number): void {
  if (!Number.isSafeInteger(shots) || shots < 0)
    throw new UserError(`shots: expected a whole number of at least 0, found ${shots}`, 'invalid_argument')
  if (shots > 0 && task.take === undefined)
    throw new UserError(
      `${task.name}: ${shots} examples are asked for, and its data have none. Leave them out.`,
      'invalid_argument',
    )
}

export function delimiterOf(task: Task): string {
  return task.delimiter ?? ' '
}

/** Where neither the text's end nor the answer's beginning is white space. */
function needsDelimiter(text: string, prefix: string): boolean {
  return !/\s$/.test(text) && !/^\s/.test(prefix)
}
