import { styleText } from 'node:util'
import { openModel } from './model.js'
import { run, stream } from './run.js'

/** What the embedded model was trained for, in two languages. */
const SHOWCASE = ["How many r's are in strawberry?", 'Which is larger, 9.11 or 9.9?', '把"kaiyuan"倒过来写']

/** The package's main job: answer a question, open the chat, or, without a terminal, show what there is. */
export async function start(question: string): Promise<void> {
  if (question !== '') return run('mini', question, {})
  if (process.stdin.isTTY && process.stdout.isTTY) return (await import('./chat.js')).chat('mini', {})
  const engine = await openModel('mini', {})
  for (const content of SHOWCASE) {
    process.stdout.write(`${styleText('bold', `> ${content}`)}\n`)
    await stream(engine.chat([{ role: 'user', content }]))
    process.stdout.write('\n')
  }
  await engine.close()
}
