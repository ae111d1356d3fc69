// Two built checkouts on the same shapes, alternately (A B B A ...), each run in a process of its own: has a change cost speed?
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const HELP = `Usage: node bench/interleave.mjs A B [options]

Runs \`kaiyuan bench --json\` of two built checkouts, A and B, alternately (A B B A A B ...) and prints for each shape the median
speeds, B / A, and how far the runs of one checkout lie apart. Weights are random, so nothing has to be downloaded. The Node that
runs this runs both; another: npx -y node@26 bench/interleave.mjs A B

  A, B               folders with a dist that \`npm run build\` made
  --rounds N         runs of each checkout and shape (default: 6)
  --only NAMES       some of the shapes, with commas between
  --threads N        threads of both (default: 2)
  --limit PERCENT    exit status 1 where a median of B is slower than A's by more (default: none)
  --json             one JSON object for each shape on a line, instead of the table
  --help             this text

Shapes:
`

/** Arguments of \`kaiyuan bench\` by the name of the shape. */
const SHAPES = {
  q4_0: ['--synthetic', 'qwen3-0.6b:q4_0'],
  q8_0: ['--synthetic', 'qwen3-0.6b:q8_0'],
  q4_k: ['--synthetic', 'qwen3-0.6b:q4_k'],
  'fp8-exact': ['--synthetic', 'qwen3-0.6b:fp8:8', '--precision', 'exact', '-p', '64', '-n', '32'],
  mixture: ['--synthetic', 'qwen3-30b-a3b:q4_0:4'],
  context: ['--synthetic', 'qwen3-0.6b:q4_0:7', '--depth', '4096', '-p', '128', '-n', '32'],
}
const SPEEDS = ['prefillTokensPerSecond', 'decodeTokensPerSecond']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '6' },
    only: { type: 'string' },
    threads: { type: 'string', default: '2' },
    limit: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const shapeLines = Object.entries(SHAPES).map(([name, args]) => `  ${name.padEnd(18)} ${args.join(' ')}\n`)
if (values.help) {
  console.log(HELP + shapeLines.join(''))
  process.exit(0)
}

function fail(message) {
  console.error(message)
  process.exit(2)
}

/** The built command line of a checkout. */
function cliOf(folder) {
  const cli = resolve(folder, 'dist/cli/main.js')
  return existsSync(cli) ? cli : fail(`${folder}: expected dist/cli/main.js, found none; run npm run build there`)
}
if (positionals.length !== 2) fail('expected two built checkouts, A and B; see --help')
const clis = positionals.map(cliOf)
const names = values.only?.split(',') ?? Object.keys(SHAPES)
for (const name of names)
  if (!SHAPES[name]) fail(`--only: expected some of ${Object.keys(SHAPES).join(', ')}; found ${name}`)
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds: expected a whole number from 1 on; found ${values.rounds}`)

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}
/** Largest by smallest, less one. */
const spread = (numbers) => Math.max(...numbers) / Math.min(...numbers) - 1

function measure(cli, name) {
  const args = [cli, 'bench', ...SHAPES[name], '--rounds', '3', '--threads', values.threads, '--json']
  const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n').at(-1))
  for (const speed of SPEEDS)
    if (!Number.isFinite(result[speed])) fail(`${cli}: expected ${speed} of ${name}, found ${JSON.stringify(result)}`)
  return result
}

const percent = (x) => `${(100 * x).toFixed(1)} %`
const log = (...cells) => console.log(cells.map((cell, i) => String(cell).padEnd([10, 8, 9, 9, 7, 0][i])).join(' '))
const slower = []

/** Measures one shape, prints it, and notes what is slower than the limit allows. */
function compare(name) {
  const runs = [[], []]
  // Each checkout is first as often as second, so that a machine that warms up or slows down favours neither.
  for (let i = 0; i < rounds; i++)
    for (const which of i % 2 === 0 ? [0, 1] : [1, 0]) runs[which].push(measure(clis[which], name))
  const rows = SPEEDS.map((speed) => {
    const [a, b] = runs.map((results) => results.map((result) => result[speed]))
    return { speed, a: median(a), b: median(b), ratio: median(b) / median(a), spreads: [spread(a), spread(b)] }
  })
  if (values.json) console.log(JSON.stringify({ shape: name, node: process.version, rounds, rows }))
  else
    for (const { speed, a, b, ratio, spreads } of rows)
      log(
        name,
        speed.startsWith('prefill') ? 'prompt' : 'answer',
        a.toFixed(1),
        b.toFixed(1),
        ratio.toFixed(3),
        spreads.map(percent).join(' / '),
      )
  for (const { speed, ratio } of rows) if (ratio < 1 - Number(values.limit) / 100) slower.push(`${name} ${speed}`)
}

if (!values.json) {
  console.log(`Node ${process.version}, ${values.threads} threads, medians of ${rounds} runs, tokens per second`)
  console.log(`A ${resolve(positionals[0])}\nB ${resolve(positionals[1])}`)
  log('shape', '', 'A', 'B', 'B / A', 'spread of A / B')
}
for (const name of names) compare(name)
if (slower.length > 0) {
  console.error(`slower by more than ${values.limit} %: ${slower.join(', ')}`)
  process.exitCode = 1
}
