// llama.cpp (through node-llama-cpp) and kaiyuan on the same random-weight file, alternating, each in its own process.
// Usage: node bench/peers/run.mjs [--shape qwen3-0.6b] [--format q4_0] [-p 256] [-n 64] [--threads 2] [--rounds 5]
//   --context 4096: behind so many tokens in the cache; --cache q8: keys and values in q8 (llama.cpp: q8_0); --streams 16: so many answers side by side; --inner 3: rounds inside a process
// Before: npm run build; cd bench/peers && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install
// Both run on the Node that runs this; another: npx -y node@26 bench/peers/run.mjs
// Writes bench/results/<shape>-<format>[-<context>][-x<streams>][-<cache>]-node<major>.json; `node tools/readme-speed.mjs` puts the results into the README.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { writeSyntheticGguf } from './synthetic-gguf.mjs'

const DEFAULTS = { context: '0', streams: '1', inner: '3', cache: 'f16' }
const FIELDS = ['loadSeconds', 'prefillTokensPerSecond', 'decodeTokensPerSecond', 'peakRssBytes']
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const run = promisify(execFile)

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen3-0.6b' },
    format: { type: 'string', default: 'q4_0' },
    prompt: { type: 'string', short: 'p', default: '256' },
    new: { type: 'string', short: 'n', default: '64' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    context: { type: 'string', default: DEFAULTS.context },
    streams: { type: 'string', default: DEFAULTS.streams },
    inner: { type: 'string', default: DEFAULTS.inner },
    cache: { type: 'string', default: DEFAULTS.cache },
    file: { type: 'string' },
    out: { type: 'string' },
  },
})
const { shape, format, threads, context, streams, inner, cache } = values
const rounds = Number(values.rounds)

const cli = here('../../dist/cli/main.js')
if (!existsSync(cli))
  throw new Error('dist/cli/main.js is missing: run `npm run build` in the root of the project first')
if (!existsSync(here('node_modules/node-llama-cpp'))) {
  throw new Error('node-llama-cpp is missing: cd bench/peers && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install')
}

// With --file a file that was written before is used and kept.
const file = values.file ?? join(tmpdir(), `kaiyuan-bench-${process.pid}-${shape}-${format}.gguf`)
const numbers = { '-p': values.prompt, '-n': values.new, '--depth': context, '--streams': streams, '--rounds': inner }
const contestants = {
  llama: [here('llama.mjs'), file, threads, ...Object.values(numbers), cache],
  kaiyuan: [cli, 'bench', file, '--json', '--kv-cache', cache, '--threads', threads, ...Object.entries(numbers).flat()],
}

/** Runs one contestant and returns the JSON object of its last line. */
async function measure(name) {
  const { stdout } = await run(process.execPath, contestants[name], { maxBuffer: 64 * 1024 * 1024 })
  const result = JSON.parse(stdout.trim().split('\n').at(-1))
  for (const field of FIELDS) {
    if (!Number.isFinite(result[field])) throw new Error(`${name}: ${field} is missing in ${JSON.stringify(result)}`)
  }
  return result
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
const medians = (runs) => Object.fromEntries(FIELDS.map((field) => [field, median(runs.map((r) => r[field]))]))

const runs = { llama: [], kaiyuan: [] }
let fileBytes
try {
  fileBytes = values.file && existsSync(file) ? statSync(file).size : await writeSyntheticGguf(file, shape, format)
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first changes every round: heat and caches favour neither.
    const order = round % 2 === 0 ? ['llama', 'kaiyuan'] : ['kaiyuan', 'llama']
    for (const name of order) {
      const result = await measure(name)
      runs[name].push(result)
      const { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = result
      console.log(
        `${round + 1}/${rounds} ${name.padEnd(8)} prefill ${prefill.toFixed(1)} tok/s, decode ${decode.toFixed(2)} tok/s`,
      )
    }
  }
} finally {
  if (!values.file) rmSync(file, { force: true })
}

const { llama, kaiyuan } = { llama: medians(runs.llama), kaiyuan: medians(runs.kaiyuan) }
const ratios = {
  prefill: kaiyuan.prefillTokensPerSecond / llama.prefillTokensPerSecond,
  decode: kaiyuan.decodeTokensPerSecond / llama.decodeTokensPerSecond,
  peakRss: kaiyuan.peakRssBytes / llama.peakRssBytes,
}
const peer = JSON.parse(readFileSync(here('node_modules/node-llama-cpp/package.json'), 'utf8'))
const extra = Object.entries({ context, streams, inner, cache }).filter(([name, value]) => value !== DEFAULTS[name])
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: { cpu: cpus()[0].model.trim(), cores: cpus().length },
  node: process.version,
  peer: `${peer.name} ${peer.version}`,
  command:
    `node bench/peers/run.mjs --shape ${shape} --format ${format} -p ${values.prompt} -n ${values.new} ` +
    `--threads ${threads} --rounds ${rounds}${extra.map(([name, value]) => ` --${name} ${value}`).join('')}`,
  shape,
  format,
  promptTokens: Number(values.prompt),
  newTokens: Number(values.new),
  context: Number(context),
  streams: Number(streams),
  cache,
  threads: Number(threads),
  rounds,
  fileBytes,
  medians: { llama, kaiyuan },
  ratios,
  runs,
}
const name = [
  shape,
  format,
  ...(context === '0' ? [] : [context]),
  ...(streams === '1' ? [] : [`x${streams}`]),
  ...(cache === 'f16' ? [] : [cache]),
].join('-')
const out = values.out ?? here(`../results/${name}-node${process.versions.node.split('.')[0]}.json`)
mkdirSync(join(out, '..'), { recursive: true })
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)
console.log(`\nmedians of ${rounds} rounds, ${report.machine.cpu}, ${threads} threads, Node ${process.version}`)
for (const [name, m] of Object.entries(report.medians)) {
  const memory = (m.peakRssBytes / 1e6).toFixed(0)
  const load = m.loadSeconds.toFixed(2)
  const prefill = m.prefillTokensPerSecond.toFixed(1)
  const decode = m.decodeTokensPerSecond.toFixed(2)
  console.log(`${name.padEnd(8)} load ${load} s, prefill ${prefill} tok/s, decode ${decode} tok/s, peak ${memory} MB`)
}
console.log(
  `kaiyuan / llama.cpp: prefill ${ratios.prefill.toFixed(2)}, decode ${ratios.decode.toFixed(2)}, ` +
    `peak memory ${ratios.peakRss.toFixed(2)}`,
)
