import { UserError } from '../../errors.js'
import { serveModels, type ModelServer } from '../../server/serve-models.js'
import { openBrowser } from './browser.js'
import { cancelOnInterrupt, openModel } from '../model.js'
import { printAnswer } from '../print/answer-printer.js'
import { run } from '../run/run.js'
import { style } from '../style.js'

/** What the embedded model was trained for, in two languages. */
const SHOWCASE = ["How many r's are in strawberry?", 'Which is larger, 9.11 or 9.9?', '把"kaiyuan"倒过来写']

const HINTS = [
  `It knows a few small tasks. Try: ${SHOWCASE.join('  ')}`,
  'A real model: kaiyuan chat smollm2 (98 MB), or any folder or .gguf file that you have.',
]

/** The package's main job: answer a question, open the chat, or, without a terminal, show what there is. */
export async function start(question: string): Promise<void> {
  if (question !== '') return run(['mini', question], {})
  if (process.stdin.isTTY && process.stdout.isTTY) return chatHereAndInBrowser()
  const signal = cancelOnInterrupt()
  const engine = await openModel('mini', {}, signal)
  for (const content of SHOWCASE) {
    process.stdout.write(`${style('bold', `> ${content}`)}\n`)
    const { finishReason } = await printAnswer(engine.chat([{ role: 'user', content }], { signal }))
    if (finishReason === 'abort') throw new UserError('cancelled', 'aborted')
    process.stdout.write('\n')
  }
  await engine.close()
}

/** One chat in the terminal and one in the browser, until the one in the terminal ends. */
async function chatHereAndInBrowser(): Promise<void> {
  const server = await serveMini()
  process.stdout.write(`Chat in your browser: ${style('bold', `${server.url}/`)}  or here:\n`)
  openBrowser(`${server.url}/`)
  try {
    await (await import('../chat/chat.js')).chat('mini', {}, HINTS)
  } finally {
    await server.close(0)
  }
}

/** At the usual port, so that the browser finds its conversations again; another one where that is taken. */
async function serveMini(): Promise<ModelServer> {
  const models = { mini: 'mini' }
  try {
    return await serveModels({ models })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return serveModels({ models, port: 0 })
  }
}
