// Asks the embedded model what models/mini/phrasings.jsonl has, and writes what came of it into its eval.json. Run after
// `npm run build`:
//   node tools/measure-mini.mjs [--model models/mini] [--phrasings models/mini/phrasings.jsonl] [--show] [--dry]
// A question of a task is right, declined, or wrong in all confidence; one from outside has to be declined; a tool has to be
// called with the right arguments, and the answer has to have its result.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadEngine } from '../dist/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: args } = parseArgs({
  options: {
    model: { type: 'string', default: join(root, 'models/mini') },
    phrasings: { type: 'string', default: join(root, 'models/mini/phrasings.jsonl') },
    threads: { type: 'string', default: '1' },
    show: { type: 'boolean' },
    dry: { type: 'boolean' },
  },
})
const TASKS = ['count', 'reverse', 'palindrome', 'add', 'sub', 'mul', 'compare', 'sort']
const COURTESY = ['hello', 'who', 'able', 'thanks', 'bye']
const DECLINED = /too small to know|我太小/
const OPTIONS = { temperature: 0, maxTokens: 480 }

/** `~` begins an expression; all else is the whole answer, whatever its case. */
const fits = (text, right) =>
  right.some((one) => (one.startsWith('~') ? new RegExp(one.slice(1)).test(text) : same(one, text)))
const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase()
const sameArguments = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())

const engine = await loadEngine(args.model, { threads: Number(args.threads), precision: 'exact' })

/** What the model says in the end, and what it did before. */
async function ask({ prompt, tools, call, result, right }) {
  const messages = [{ role: 'user', content: prompt }]
  const first = await engine.chat(messages, { ...OPTIONS, tools }).result
  const text = first.text.trim()
  if (!call) {
    const outcome = fits(text, right) ? 'right' : DECLINED.test(text) ? 'declined' : 'wrong'
    return { outcome, said: text || JSON.stringify(first.toolCalls) }
  }
  const [made] = first.toolCalls ?? []
  const given = made && JSON.parse(made.arguments)
  if (made?.name !== call.name || !sameArguments(given, call.arguments))
    return { outcome: DECLINED.test(text) ? 'declined' : 'wrong', said: made ? JSON.stringify(made) : text }
  const asked = { id: 'call_1', type: 'function', function: { name: made.name, arguments: made.arguments } }
  messages.push({ role: 'assistant', content: null, tool_calls: [asked] })
  messages.push({ role: 'tool', tool_call_id: 'call_1', content: result })
  const last = await engine.chat(messages, { ...OPTIONS, tools }).result
  return { outcome: fits(last.text.trim(), right) ? 'right' : 'wrong', said: last.text.trim() }
}

const counts = {}
for (const line of readFileSync(args.phrasings, 'utf8').trim().split('\n')) {
  const question = JSON.parse(line)
  const { outcome, said } = await ask(question)
  const count = (counts[question.task] ??= { asked: 0, right: 0, declined: 0, wrong: 0 })
  count.asked++
  count[outcome]++
  if (args.show && outcome !== 'right') console.log(`${question.task} ${outcome}: ${question.prompt} -> ${said}`)
}
await engine.close()

const sum = (tasks) => {
  const all = { asked: 0, right: 0, declined: 0, wrong: 0 }
  for (const task of tasks) for (const key of Object.keys(all)) all[key] += counts[task]?.[key] ?? 0
  return all
}
const phrasings = {
  tasks: sum(TASKS),
  courtesy: sum(COURTESY),
  outside: sum(['outside']),
  tools: sum(['tool']),
  each: counts,
}
for (const [name, { asked, right, declined, wrong }] of [
  ...Object.entries(counts),
  ...Object.entries(phrasings).slice(0, 4),
])
  console.log(`${name.padEnd(12)} ${asked} asked, ${right} right, ${declined} declined, ${wrong} wrong`)
if (!args.dry) {
  const path = join(args.model, 'eval.json')
  const before = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, `${JSON.stringify({ ...before, phrasings }, null, 1)}\n`)
}
