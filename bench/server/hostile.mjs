// Honest streams next to one client that does its worst: the longest time that any of them waits for its next piece, answers that
// differ from those given in quiet, and memory.
// Usage: node bench/server/hostile.mjs [--model mini] [--streams 64] [--seconds 60] [-n 128] [--threads 1] [--out FILE]
// Before: npm run build. A third of the streams are left before they end.
import { setMaxListeners } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { percentile, startServer } from './load.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mini' },
    streams: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '60' },
    new: { type: 'string', short: 'n', default: '128' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
})
const [streams, seconds, newTokens] = [values.streams, values.seconds, values.new].map(Number)

const KEYS = { honest: 'honest', other: 'other' }
const headersOf = (who) => ({ 'content-type': 'application/json', authorization: `Bearer ${KEYS[who]}` })
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
  }
  const asked = performance.now()
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: headersOf('honest'),
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  const times = []
  let text = ''
  let rest = ''
  let isWhole = false
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
        times.push(performance.now())
      }
      if (times.length >= leaveAfter) controller.abort()
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error
  }
  return { text, isWhole, firstMs: (times[0] ?? performance.now()) - asked, times }
}

/** What the other client sends, again and again, as much at once as it can. */
const properties = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string' }]))
const schemas = {
  'a pattern that goes back and forth': {
    properties: { [`${'a'.repeat(40)}!`]: {} },
    patternProperties: { '^(a+)+$': {} },
  },
  '5,000 properties': { type: 'object', properties: properties(5000), required: Object.keys(properties(5000)) },
  '4,000 alternatives': {
    anyOf: Array.from({ length: 4000 }, (_, i) => ({ type: 'object', properties: { kind: { const: `k${i}` } } })),
  },
  '50,000 values': { enum: Array.from({ length: 50_000 }, (_, i) => `value ${i}`) },
  'many counted repetitions': { type: 'string', pattern: `^${'(a?b{0,900}c?){0,900}'.repeat(8)}$` },
  'deep nesting': Array.from({ length: 12 }).reduce(
    (inner) => ({ type: 'object', properties: { a: inner, b: inner } }),
    {},
  ),
}
const chat = (more) => ({ model: 'bench', messages: [{ role: 'user', content: 'hi' }], max_tokens: 3, ...more })
const attacks = [
  ...Object.entries(schemas).map(([name, schema]) => ({
    name: `schema: ${name}`,
    body: () =>
      JSON.stringify(
        chat({
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'x', schema: { ...schema, title: String(Math.random()) } },
          },
        }),
      ),
  })),
  {
    name: 'an expression',
    body: () => JSON.stringify(chat({ response_format: { type: 'regex', pattern: '(?:){1000}' } })),
  },
  {
    name: '20,000 words',
    body: () =>
      JSON.stringify(
        chat({
          response_format: {
            type: 'ebnf',
            grammar: `root ::= ${Array.from({ length: 20_000 }, (_, i) => `"w${i}"`).join(' | ')}`,
          },
        }),
      ),
  },
  {
    name: 'a prompt of 3.9 MB',
    body: () => JSON.stringify(chat({ messages: [{ role: 'user', content: 'a'.repeat(3.9e6) }] })),
  },
  {
    name: 'a text of 3.9 MB to tokenize',
    path: '/tokenize',
    body: () => JSON.stringify({ model: 'bench', prompt: 'é a'.repeat(9.7e5) }),
  },
  { name: '1.3 million lists', body: () => `{"model":"bench","messages":[${'[],'.repeat(1.3e6)}[]]}` },
  {
    name: 'two million numbers',
    path: '/v1/completions',
    body: () => `{"model":"bench","prompt":[${'1,'.repeat(1.9e6)}1]}`,
  },
  {
    name: '50,000 empty parts',
    body: () => JSON.stringify(chat({ messages: [{ role: 'user', content: Array(45_000).fill({}) }] })),
  },
]

async function attack(url, { path = '/v1/chat/completions', body }, signal) {
  const started = performance.now()
  try {
    const response = await fetch(url + path, { method: 'POST', headers: headersOf('other'), body: body(), signal })
    await response.text()
    return { status: response.status, ms: performance.now() - started }
  } catch {
    return { status: 0, ms: performance.now() - started }
  }
}

/** A body that is announced and does not come. */
function stall(url, signal) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${KEYS.other}\r\ncontent-type: application/json\r\ncontent-length: 3900000\r\n\r\n{"model":`,
    )
  })
  socket.on('error', () => undefined)
  signal.addEventListener('abort', () => socket.destroy())
}

const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

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
  const controller = new globalThis.AbortController()
  setMaxListeners(100, controller.signal)
  setTimeout(() => controller.abort(), end - performance.now())
  const attacked = {}
  const worst = async (first) => {
    for (let i = first; performance.now() < end; i++) {
      const chosen = attacks[i % attacks.length]
      const { status, ms } = await attack(url, chosen, controller.signal)
      const row = (attacked[chosen.name] ??= { count: 0, statuses: {}, longestMs: 0 })
      row.count++
      row.statuses[status] = (row.statuses[status] ?? 0) + 1
      row.longestMs = Math.max(row.longestMs, ms)
    }
  }
  if (hostile) for (let i = 0; i < 40; i++) stall(url, controller.signal)
  await Promise.all([
    ...Array.from({ length: streams }, (_, number) => one(number)),
    ...(hostile ? [0, 3, 6, 9].map(worst) : []),
    watch(),
  ])
  const half = memory.length >> 1
  return {
    ...counts,
    gapMs: { p50: percentile(gaps, 50), p99: percentile(gaps, 99), longest: Math.max(0, ...gaps) },
    firstMs: { p50: percentile(firsts, 50), longest: Math.max(0, ...firsts) },
    memoryMB: { start: memory[0], middle: memory[half], end: memory.at(-1), most: Math.max(...memory) },
    ...(hostile && { attacked }),
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
  const known = new Map()
  const numbers = Array.from({ length: streams }, (_, number) => number)
  await Promise.all(numbers.map(async (number) => known.set(number, (await honest(server.url, number)).text)))
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
for (const [name, { whole, left, wrong, failed, gapMs, firstMs, memoryMB }] of Object.entries({
  quiet: report.quiet,
  hostile: report.hostile,
})) {
  console.log(`${name}: ${whole} whole answers, ${left} left early, ${wrong} wrong, ${failed} failed`)
  console.log(
    `  between pieces, ms: p50 ${gapMs.p50.toFixed(1)}, p99 ${gapMs.p99.toFixed(1)}, longest ${gapMs.longest.toFixed(0)}`,
  )
  console.log(`  first piece, ms: p50 ${firstMs.p50.toFixed(0)}, longest ${firstMs.longest.toFixed(0)}`)
  console.log(
    `  memory, MB: ${[memoryMB.start, memoryMB.middle, memoryMB.end].map((mb) => mb.toFixed(0)).join(' -> ')}, most ${memoryMB.most.toFixed(0)}`,
  )
}
for (const [name, { count, statuses, longestMs }] of Object.entries(report.hostile.attacked))
  console.log(`  ${name}: ${count} times, ${JSON.stringify(statuses)}, longest ${longestMs.toFixed(0)} ms`)
