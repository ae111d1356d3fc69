import { UserError } from '../../errors.js'
import type { Task } from '../task/task.js'
import { aime24, aime25 } from './aime.js'
import { arcChallenge, arcEasy } from './arc.js'
import { bbhFewShot, bbhSubject } from './bbh.js'
import { bfclTasks } from './bfcl.js'
import { gsm8k } from './gsm8k.js'
import { hellaswag } from './hellaswag.js'
import { humanEvalTasks } from './humaneval.js'
import { ifeval } from './ifeval.js'
import { mmlu, mmluSubject } from './mmlu.js'
import { liveCodeBenchTasks } from './livecodebench.js'
import { rulerNamed, rulerTasks } from './ruler.js'
import { mmluPro, mmluProCategory } from './mmlu-pro.js'

/** The benchmarks that are built in. */
export const TASKS: readonly Task[] = [
  ...[arcEasy, arcChallenge, hellaswag, mmlu, mmluPro, gsm8k, aime24, aime25, bbhFewShot, ifeval],
  ...rulerTasks,
  ...humanEvalTasks,
  ...liveCodeBenchTasks,
  ...bfclTasks,
]

/** Parts of a benchmark that may be asked for alone, by the beginning of their names. */
const PARTS: readonly { readonly prefix: string; readonly of: (rest: string) => Task }[] = [
  { prefix: 'mmlu_pro_', of: mmluProCategory },
  { prefix: 'mmlu_', of: mmluSubject },
  { prefix: 'bbh_cot_fewshot_', of: bbhSubject },
  { prefix: 'niah_', of: (rest) => rulerNamed(`niah_${rest}`) },
  { prefix: 'ruler_', of: (rest) => rulerNamed(`ruler_${rest}`) },
]

/** @throws UserError for a name that no task has, with those that there are */
export function taskNamed(name: string): Task {
  const found = TASKS.find((task) => task.name === name)
  if (found) return found
  const part = PARTS.find(({ prefix }) => name.startsWith(prefix))
  if (part) return part.of(name.slice(part.prefix.length))
  const names = TASKS.map((task) => task.name).join(', ')
  throw new UserError(`there is no task ${name}. There are: ${names}.`, 'invalid_argument')
}
