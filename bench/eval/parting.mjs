// Where the greedy answers of two runs part, and how likely `exact` finds what each of them says there. Quantised products that
// are added in another order decide between tokens that are about as likely; anything else would be a fault.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadEngine } from '../../dist/index.js'

const HELP = `Usage: node bench/eval/parting.mjs MODEL RUN_A RUN_B [--task humaneval_chat] [--threads 2] [--json]

  MODEL          the file that both runs were made from
  RUN_A, RUN_B   folders that \`kaiyuan eval run --out\` left, of one task that is asked in a conversation
`
const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: 'string', default: 'humaneval_chat' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (args.help || positionals.length !== 3) {
  console.log(HELP)
  process.exit(args.help ? 0 : 2)
}
const [model, ...runs] = positionals
/** Likelier tokens than these are not named. */
const NAMED = 50

const linesOf = (folder, name) =>
  readFileSync(join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const prompts = new Map(
  linesOf(runs[0], `samples_${args.task}.jsonl`).map((one) => [one.doc_id, one.arguments.gen_args_0.arg_0]),
)
const [texts, others] = runs.map((run) => {
  const answers = linesOf(run, `${args.task}.jsonl`).filter(({ doc_id }) => doc_id !== undefined)
  return new Map(answers.sort((a, b) => a.doc_id - b.doc_id).map(({ doc_id, text }) => [doc_id, text]))
})

const engine = await loadEngine(model, { precision: 'exact', threads: Number(args.threads) })

/** What exact says where two answers part; undefined where one of them ends there. */
async function parting(prompt, text, other) {
  const [ids, otherIds] = [engine.encode(text), engine.encode(other)]
  const at = ids.findIndex((id, i) => id !== otherIds[i])
  if (at < 0 || otherIds[at] === undefined) return undefined
  // The last message of the prompt is the beginning of the answer.
  const cut = prompt.lastIndexOf('\n\n')
  const messages = [
    { role: 'user', content: prompt.slice(0, cut) },
    { role: 'assistant', content: prompt.slice(cut + 2) + engine.decode(ids.slice(0, at)) },
  ]
  const options = { continueFinalMessage: true, temperature: 0, maxTokens: 1, logprobs: NAMED }
  const generation = engine.chat(messages, options)
  await generation.result
  const { top } = generation.choices[0]
  const likely = (id) => top.find((one) => one.id === id)
  return { at, best: top[0], a: likely(ids[at]), b: likely(otherIds[at]) }
}

const found = []
for (const [id, text] of texts) {
  const other = others.get(id)
  if (other === undefined || other === text) continue
  const place = await parting(prompts.get(id), text, other)
  if (place === undefined) continue
  found.push({ doc_id: id, ...place })
  const said = (token) => (token ? `${JSON.stringify(token.text)} ${token.logprob.toFixed(3)}` : `none of the ${NAMED}`)
  if (!args.json) console.log(`document ${id}, token ${place.at}: A ${said(place.a)}, B ${said(place.b)}`)
}
await engine.close()

const near = found.filter(({ a, b }) => a && b)
const gaps = near.map(({ a, b }) => Math.abs(a.logprob - b.logprob)).sort((x, y) => x - y)
const summary = {
  parted: found.length,
  exactSaysA: near.filter(({ a, best }) => a.id === best.id).length,
  exactSaysB: near.filter(({ b, best }) => b.id === best.id).length,
  unnamed: found.length - near.length,
  medianGap: gaps[Math.floor(gaps.length / 2)],
  largestGap: gaps.at(-1),
}
if (args.json) console.log(JSON.stringify({ summary, found }))
else console.log(summary)
