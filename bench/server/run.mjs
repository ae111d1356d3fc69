// Load on `kaiyuan serve`: tokens per second, time to the first piece of text and between pieces, at several numbers of streams;
// and how much sooner a prompt is answered whose beginning is in the cache.
// Usage: node bench/server/run.mjs [--model mini | --shape qwen3-0.6b --format q4_0] [--streams 1,4,16,64] [-p 64] [-n 64]
//          [--threads 2] [--prefix 2000] [--peer] [--out FILE]
// Before: npm run build. --peer runs llama.cpp on the same file with as many sequences; it needs bench/peers to be installed.
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { writeSyntheticGguf } from '../peers/synthetic-gguf.mjs'
import { completion, percentile, startServer } from './load.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mini' },
    shape: { type: 'string' },
    format: { type: 'string', default: 'q4_0' },
    streams: { type: 'string', default: '1,4,16,64' },
    prompt: { type: 'string', short: 'p', default: '64' },
    new: { type: 'string', short: 'n', default: '64' },
    threads: { type: 'string', default: '2' },
    prefix: { type: 'string', default: '2000' },
    peer: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const [promptTokens, newTokens, prefixTokens] = [values.prompt, values.new, values.prefix].map(Number)
const streams = values.streams.split(',').map(Number)

/** Another prompt for each request, so that only the last measurement finds anything in the cache. */
let requests = 0
function prompt(length) {
  const number = ++requests
  return Array.from({ length }, (_, i) => 1 + ((i * 37 + number * 101 + ((number * i) % 7)) % 240))
}

/** `count` streams side by side, each asking until all have asked twice. */
async function measure(url, count) {
  const results = []
  const started = performance.now()
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let round = 0; round < 2; round++) results.push(await completion(url, prompt(promptTokens), newTokens))
    }),
  )
  const seconds = (performance.now() - started) / 1000
  const first = results.map(({ firstMs }) => firstMs)
  const gaps = results.flatMap((result) => result.gapsMs)
  const spread = (list) => ({ p50: percentile(list, 50), p95: percentile(list, 95), p99: percentile(list, 99) })
  const tokens = results.reduce((sum, result) => sum + result.tokens, 0)
  return {
    streams: count,
    requests: results.length,
    tokensPerSecond: tokens / seconds,
    firstMs: spread(first),
    betweenMs: spread(gaps),
  }
}

/** The first piece of a long prompt, then of the same prompt again; medians of three prompts. */
async function measurePrefix(url) {
  const cold = []
  const warm = []
  for (let round = 0; round < 3; round++) {
    const ids = prompt(prefixTokens)
    cold.push((await completion(url, ids, 4)).firstMs)
    warm.push((await completion(url, ids, 4)).firstMs)
  }
  const [coldMs, warmMs] = [percentile(cold, 50), percentile(warm, 50)]
  return { tokens: prefixTokens, coldMs, warmMs, ratio: coldMs / warmMs }
}

const name = values.shape === undefined ? values.model : `${values.shape}-${values.format}`
const file = join(tmpdir(), `kaiyuan-bench-server-${process.pid}.gguf`)
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: { cpu: cpus()[0].model.trim(), cores: cpus().length },
  node: process.version,
  command: `node bench/server/run.mjs ${process.argv.slice(2).join(' ')}`.trim(),
  model: name,
  promptTokens,
  newTokens,
  threads: Number(values.threads),
}
try {
  if (values.shape !== undefined) await writeSyntheticGguf(file, values.shape, values.format)
  const model = values.shape === undefined ? values.model : file
  const server = await startServer(here('../../dist/cli/main.js'), model, values.threads, Math.max(...streams))
  try {
    // Compilers and caches first.
    await completion(server.url, prompt(promptTokens), newTokens)
    report.load = []
    for (const count of streams) report.load.push(await measure(server.url, count))
    report.prefix = await measurePrefix(server.url)
  } finally {
    await server.stop()
  }
  if (values.peer) {
    report.peer = []
    for (const count of streams) {
      const args = [model, values.threads, values.prompt, values.new, String(count)]
      const { stdout } = await promisify(execFile)(process.execPath, [here('../peers/llama-batch.mjs'), ...args])
      report.peer.push(JSON.parse(stdout.trim().split('\n').at(-1)))
    }
  }
} finally {
  rmSync(file, { force: true })
}

const out = values.out ?? here(`../results/server-${name}-node${process.versions.node.split('.')[0]}.json`)
mkdirSync(join(out, '..'), { recursive: true })
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)

const ms = ({ p50, p95, p99 }) => [p50, p95, p99].map((value) => value.toFixed(1)).join(' / ')
console.log(
  `${name}, prompts of ${promptTokens}, answers of ${newTokens} tokens, ${report.machine.cpu}, Node ${report.node}`,
)
console.log('streams   tok/s   first piece, ms: p50 / p95 / p99   between pieces, ms: p50 / p95 / p99')
for (const row of report.load) {
  const [count, speed] = [String(row.streams).padStart(7), row.tokensPerSecond.toFixed(1).padStart(7)]
  console.log(`${count} ${speed}   ${ms(row.firstMs).padEnd(33)} ${ms(row.betweenMs)}`)
}
for (const row of report.peer ?? []) {
  const [count, speed] = [String(row.streams).padStart(7), row.tokensPerSecond.toFixed(1).padStart(7)]
  console.log(`${count} ${speed}   llama.cpp, in process: first token p50 ${row.firstMs.p50.toFixed(1)} ms`)
}
const { tokens, coldMs, warmMs, ratio } = report.prefix
console.log(
  `a prompt of ${tokens} tokens: first piece after ${coldMs.toFixed(0)} ms, again after ${warmMs.toFixed(1)} ms (${ratio.toFixed(0)}x)`,
)
