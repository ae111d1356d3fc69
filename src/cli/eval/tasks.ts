import { UserError } from '../../errors.js'
import { promptsOfTask } from '../../eval/evaluate.js'
import { taskNamed, TASKS } from '../../eval/tasks/registry.js'
import { printJson } from '../model.js'
import { table } from './words.js'

export interface ShowFlags {
  readonly limit?: number
  readonly shots?: number
  readonly data?: string
  readonly document?: number
}

export function listTasks({ json }: { readonly json?: boolean }): void {
  if (json)
    return printJson(
      TASKS.map(({ name, title, class: kind, version, shots, metrics, license, code }) => {
        return { name, title, class: kind, version, shots, metrics, license, ...(code && { code }) }
      }),
    )
  const rows = TASKS.map(({ name, title, class: kind, shots, license, code }) => {
    return [name, kind, String(shots), license, code === undefined ? title : `${title} (runs code: --run-code)`]
  })
  const [head, ...lines] = table([['task', 'class', 'shots', 'license', 'what it asks'], ...rows]).split('\n')
  process.stdout.write([head, ...lines].join('\n'))
}

/** The prompt between lines of its own, since spaces at its end count. */
export async function showTask(name: string, flags: ShowFlags): Promise<void> {
  const { document = 0, limit = document + 1, shots, data } = flags
  const task = taskNamed(name)
  const prompts = await promptsOfTask(task, { limit, shots, data })
  const prompt = prompts[document]
  if (!prompt)
    throw new UserError(`--document: expected a number below ${prompts.length}, found ${document}`, 'invalid_argument')
  process.stdout.write(`${prompt.context}\n`)
  const { choices, answer } = prompt
  const listed = choices.map((choice) => `${choice === answer ? '*' : ' '} ${JSON.stringify(choice)}\n`)
  process.stderr.write(`\n${choices.length > 0 ? 'ranked after it (* is right):\n' : 'right: '}`)
  process.stderr.write(choices.length > 0 ? listed.join('') : `${JSON.stringify(answer)}\n`)
}
