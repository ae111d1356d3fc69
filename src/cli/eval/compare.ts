import { UserError } from '../../errors.js'
import { compareTasks, type Comparison } from '../../eval/run/compare.js'
import { printJson } from '../model.js'
import { storedTasks } from './results.js'
import { differenceTable } from './words.js'

export interface CompareFlags {
  readonly task?: string[]
  readonly json?: boolean
}

/** @throws UserError naming the field that differs, where two results may not be set side by side */
export async function compare(a: string, b: string, flags: CompareFlags): Promise<void> {
  const comparisons = await comparisonsOf(a, b, flags.task)
  if (flags.json) return printJson({ a, b, comparisons })
  process.stdout.write(`a: ${a}\nb: ${b}\n${differenceTable(comparisons)}`)
}

/** The tasks that both have. */
async function comparisonsOf(a: string, b: string, only?: readonly string[]): Promise<Comparison[]> {
  const found = compareTasks(await storedTasks(a, only), await storedTasks(b, only))
  if (found.length === 0) throw new UserError(`${a} and ${b} have no task in common`, 'invalid_argument')
  return found.map((one) => {
    if ('pValue' in one) return one
    throw new UserError(
      `${one.task}: the two results may not be compared: ${one.field} is ${one.a} in ${a}, and ${one.b} in ${b}`,
      'invalid_argument',
    )
  })
}
