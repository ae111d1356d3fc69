// Honest streams next to one client that does its worst: the longest time that any of them waits for its next piece, answers that
// differ from those given in quiet, and memory.
// Usage: node bench/server/hostile.mjs [--model mini] [--streams 64] [--seconds 60] [-n 128] [--threads 1] [--only TEXT] [--out FILE]
// Before: npm run build. A third of the streams are left before they end. --only takes the attacks whose name has that text in it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { percentile, startServer } from './load.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mini' },
    streams: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '60' },
    new: { type: 'string', short: 'n', default: '128' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
})
const [streams, seconds, newTokens] = [values.streams, values.seconds, values.new].map(Number)

const KEYS = { honest: 'honest', other: 'other' }
const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEYS.honest}` }
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const prompt = (number) => Array.from({ length: 24 }, (_, i) => 1 + ((i * 37 + number * 101) % 240))

/** One stream of an honest client: its text, and when its pieces came. `leaveAfter` pieces it goes away. */
async function honest(url, number, leaveAfter = Infinity) {
  const controller = new globalThis.AbortController()
  const body = {
    model: 'bench',
    prompt: prompt(number),
    max_tokens: newTokens,
    temperature: 0,
    ignore_eos: true,
    stream: true,
    logprobs: 0,
  }
  const asked = performance.now()
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  const times = []
  let text = ''
  let rest = ''
  let isWhole = false
  let mostTokens = 0
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()
      for (const line of lines) {
        if (line === 'data: [DONE]') isWhole = true
        if (!line.startsWith('data: {')) continue
        const { choices, error } = JSON.parse(line.slice(6))
        if (error) throw new Error(error.message)
        text += choices[0]?.text ?? ''
        mostTokens = Math.max(mostTokens, choices[0]?.logprobs?.tokens.length ?? 0)
        times.push(performance.now())
      }
      if (times.length >= leaveAfter) controller.abort()
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error
  }
  return { text, isWhole, firstMs: (times[0] ?? performance.now()) - asked, times, mostTokens }
}

const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

// Too many for the arguments of one call.
const largest = (values) => values.reduce((most, value) => Math.max(most, value), 0)
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const thirds = (values) => [0, 1, 2].map((i) => values.slice((i * values.length) / 3, ((i + 1) * values.length) / 3))

/**
 * Of several times as many prompts those whose answers come most evenly: a piece that is held back until it is a character, or until
 * it is clear that it is no mark, has several tokens, and a gap should be the time of one. With the answers that they get in quiet.
 */
async function chosenPrompts(url) {
  const answers = []
  for (let first = 0; first < 4 * streams; first += streams) {
    const numbers = Array.from({ length: streams }, (_, i) => first + i)
    answers.push(...(await Promise.all(numbers.map(async (number) => ({ number, ...(await honest(url, number)) })))))
  }
  const chosen = answers.sort((a, b) => a.mostTokens - b.mostTokens).slice(0, streams)
  return { known: new Map(chosen.map(({ number, text }) => [number, text])), mostTokens: chosen.at(-1).mostTokens }
}

/** Honest streams for a while; each number always asks the same, and `known` has what it is answered in quiet. */
async function run(url, pid, known, end, hostile) {
  const gaps = []
  const firsts = []
  const memory = []
  const counts = { whole: 0, left: 0, wrong: 0, failed: 0 }
  const one = async (number) => {
    for (let round = 0; performance.now() < end; round++) {
      const leaves = (number + round) % 3 === 0
      try {
        const { text, isWhole, times, firstMs } = await honest(url, number, leaves ? 5 + (round % 40) : Infinity)
        firsts.push(firstMs)
        times.slice(1).forEach((time, i) => gaps.push(time - times[i]))
        const right = known.get(number)
        if (leaves) counts.left++
        else counts.whole++
        if (right === undefined ? !isWhole : leaves ? !right.startsWith(text) : text !== right) counts.wrong++
        if (right === undefined && !leaves) known.set(number, text)
      } catch (error) {
        counts.failed++
        console.error(String(error))
        await sleep(100)
      }
    }
  }
  const watch = async () => {
    while (performance.now() < end) {
      memory.push(memoryOf(pid))
      await sleep(1000)
    }
  }
  const other = hostile
    ? new Worker(here('attacks.mjs'), { workerData: { url, key: KEYS.other, only: values.only } })
    : undefined
  const attacked = other && new Promise((resolve) => other.once('message', resolve))
  // What this program itself was late is in the gaps too.
  const late = monitorEventLoopDelay({ resolution: 5 })
  late.enable()
  await Promise.all([...[...known.keys()].map(one), watch()])
  late.disable()
  other?.postMessage('end')
  return {
    ...counts,
    gapMs: { p50: percentile(gaps, 50), p99: percentile(gaps, 99), longest: largest(gaps) },
    firstMs: { p50: percentile(firsts, 50), longest: largest(firsts) },
    memoryMB: { thirds: thirds(memory).map(mean), most: largest(memory) },
    ownDelayMs: late.max / 1e6,
    ...(attacked && { attacked: await attacked }),
  }
}

// The honest clients and the other one are told apart by their keys.
const server = await startServer(
  here('../../dist/cli/main.js'),
  values.model,
  values.threads,
  streams,
  Object.values(KEYS),
)
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: { cpu: cpus()[0].model.trim(), cores: cpus().length },
  node: process.version,
  command: `node bench/server/hostile.mjs ${process.argv.slice(2).join(' ')}`.trim(),
}
try {
  const { known, mostTokens } = await chosenPrompts(server.url)
  report.mostTokens = mostTokens
  report.quiet = await run(server.url, server.pid, known, performance.now() + (seconds * 1000) / 2, false)
  report.hostile = await run(server.url, server.pid, known, performance.now() + seconds * 1000, true)
  const asked = performance.now()
  report.healthAfterMs = (await fetch(`${server.url}/health`)).ok && performance.now() - asked
} finally {
  await server.stop()
}

if (values.out) {
  mkdirSync(join(values.out, '..'), { recursive: true })
  writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`)
}
console.log(`up to ${report.mostTokens} tokens a piece`)
for (const [name, { whole, left, wrong, failed, gapMs, firstMs, memoryMB, ownDelayMs }] of Object.entries({
  quiet: report.quiet,
  hostile: report.hostile,
})) {
  console.log(`${name}: ${whole} whole answers, ${left} left early, ${wrong} wrong, ${failed} failed`)
  console.log(
    `  between pieces, ms: p50 ${gapMs.p50.toFixed(1)}, p99 ${gapMs.p99.toFixed(1)}, longest ${gapMs.longest.toFixed(0)}; this program was late by ${ownDelayMs.toFixed(0)} at most`,
  )
  console.log(`  first piece, ms: p50 ${firstMs.p50.toFixed(0)}, longest ${firstMs.longest.toFixed(0)}`)
  console.log(
    `  memory, MB: ${memoryMB.thirds.map((mb) => mb.toFixed(0)).join(', ')} in the thirds of that time, most ${memoryMB.most.toFixed(0)}`,
  )
}
for (const [name, { count, statuses, longestMs }] of Object.entries(report.hostile.attacked))
  console.log(`  ${name}: ${count} times, ${JSON.stringify(statuses)}, longest ${longestMs.toFixed(0)} ms`)
