// How full an evaluation keeps the engine: the time that `bench` takes for as many tokens, divided by the time that the task takes.
// `bench --streams` has all answers of one length; a task's end one by one, and its programs are run next to them.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadEngine } from '../../dist/index.js'
import { evaluate } from '../../dist/eval.js'
import { median } from '../peers/native.mjs'

const HELP = `Usage: node bench/eval/throughput.mjs MODEL [--task humaneval_chat] [--limit 64] [--streams 16] [--rounds 3] [--threads 2] [--json]

  The task and \`bench\` take turns; each round has its ratio, and the median of them is what counts.
`
const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: 'string', default: 'humaneval_chat' },
    limit: { type: 'string', default: '64' },
    streams: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (args.help || positionals.length !== 1) {
  console.log(HELP)
  process.exit(args.help ? 0 : 2)
}
const [model] = positionals
const [limit, streams, rounds, threads] = [args.limit, args.streams, args.rounds, args.threads].map(Number)
const program = join(import.meta.dirname, '../../dist/cli/main.js')

/** The task on an engine that is loaded: its seconds, and the tokens that were computed. */
async function taskRun() {
  const engine = await loadEngine(model, { threads, maxConcurrency: streams })
  let begun = 0
  const { records } = await evaluate(engine, args.task, {
    limit,
    concurrency: streams,
    runCode: true,
    onEstimate: () => (begun = performance.now()),
  })
  const seconds = (performance.now() - begun) / 1000
  const { tokens, steps, sequences, stepSeconds } = engine.status()
  await engine.close()
  const answerTokens = records.reduce((sum, record) => sum + record.tokens, 0)
  return {
    seconds,
    answers: records.length,
    answerTokens,
    // The last token of an answer is not computed, and its first comes with the prompt.
    promptTokens: tokens - answerTokens + records.length,
    rows: sequences / steps,
    stepShare: stepSeconds / seconds,
  }
}

/** Tokens a second of prompts and answers about as long as the task's. */
function benchRun({ answers, promptTokens, answerTokens }) {
  const lengths = ['-p', Math.round(promptTokens / answers), '-n', Math.max(2, Math.round(answerTokens / answers))]
  const options = [...lengths, '--streams', streams, '--rounds', 1, '--threads', threads, '--json']
  const said = execFileSync(process.execPath, [program, 'bench', model, ...options.map(String)], { encoding: 'utf8' })
  const { prefillTokensPerSecond, decodeTokensPerSecond } = JSON.parse(said)
  return { prefill: prefillTokensPerSecond, decode: decodeTokensPerSecond }
}

const results = []
for (let round = 0; round < rounds; round++) {
  const task = await taskRun()
  const bench = benchRun(task)
  const benchSeconds = task.promptTokens / bench.prefill + task.answerTokens / bench.decode
  const ratio = benchSeconds / task.seconds
  results.push({ ...task, ...bench, benchSeconds, ratio })
  if (args.json) continue
  console.log(
    `round ${round + 1}: ${args.task} ${task.answers} answers, ${task.promptTokens} + ${task.answerTokens} tokens in ${task.seconds.toFixed(0)} s ` +
      `(${task.rows.toFixed(1)} sequences a step, ${(100 * task.stepShare).toFixed(0)} % of the time in steps); ` +
      `bench ${bench.prefill.toFixed(1)} and ${bench.decode.toFixed(1)} tok/s, ${benchSeconds.toFixed(0)} s; ratio ${ratio.toFixed(2)}`,
  )
}
const ratio = median(results.map((one) => one.ratio))
console.log(
  args.json
    ? JSON.stringify(
        { model, task: args.task, streams, threads, node: process.version, median: ratio, rounds: results },
        undefined,
        2,
      )
    : `median ${ratio.toFixed(2)}`,
)
