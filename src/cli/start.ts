import { UserError } from '../errors.js'
import { cancelOnInterrupt, openModel } from './model.js'
import { run, stream } from './run.js'
import { style } from './style.js'

/** What the embedded model was trained for, in two languages. */
const SHOWCASE = ["How many r's are in strawberry?", 'Which is larger, 9.11 or 9.9?', '把"kaiyuan"倒过来写']

/** The package's main job: answer a question, open the chat, or, without a terminal, show what there is. */
export async function start(question: string): Promise<void> {
  if (question !== '') return run('mini', question, {})
  if (process.stdin.isTTY && process.stdout.isTTY) return (await import('./chat.js')).chat('mini', {})
  const signal = cancelOnInterrupt()
  const engine = await openModel('mini', {}, signal)
  for (const content of SHOWCASE) {
    process.stdout.write(`${style('bold', `> ${content}`)}\n`)
    const { finishReason } = await stream(engine.chat([{ role: 'user', content }], { signal }))
    if (finishReason === 'abort') throw new UserError('cancelled', 'aborted')
    process.stdout.write('\n')
  }
  await engine.close()
}
