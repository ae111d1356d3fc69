// The longest time that an honest stream of a fast model waits for its next piece, while another client sends one attack after the other,
// next to the same stream in quiet. What the machine does otherwise is told apart: for each thread of the server, the longest turn of its
// event loop by the clock, and how much of it was its own work. Linux only. Before: npm run build.
// Usage: node bench/server/gaps.mjs [--model mini] [--times 3] [--seconds 2] [--only TEXT] [--out FILE]
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { percentile, startServer } from './load.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mini' },
    times: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
})
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const list = (count, item) => Array.from({ length: count }, (_, i) => item(i))
const properties = (count) => Object.fromEntries(list(count, (i) => [`p${i}`, { type: 'string' }]))

const chat = (more) => ({
  model: 'bench',
  messages: [{ role: 'user', content: 'hi' }],
  max_tokens: 3,
  temperature: 0,
  ...more,
})
const schema = (given) => chat({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: given } } })
const regex = (pattern) => chat({ response_format: { type: 'regex', pattern } })
const ebnf = (grammar) => chat({ response_format: { type: 'ebnf', grammar } })

/** Bodies of requests; a grammar that was compiled once is there the next time, so `round` makes each another one. */
const ATTACKS = {
  'a pattern that goes back and forth': (round) => [
    schema({
      title: `${round}`,
      type: 'object',
      properties: { [`${'a'.repeat(40)}!`]: {} },
      patternProperties: { '^(a+)+$': {} },
    }),
  ],
  'empty repetitions': (round) => [regex(`(?:){${1000 + round}}`), regex(`(?:){${1000 + round}}`)],
  '5,000 properties': (round) => [schema({ title: `${round}`, type: 'object', properties: properties(5000) })],
  'a string of counted parts': (round) => [regex(`(a{1,1000}b{1,1000}){1,${1000 - round}}`)],
  '20,000 words': (round) => [ebnf(`root ::= ${list(20_000, (i) => `"w${i}-${round}"`).join(' | ')}`)],
  '4,000 alternatives': (round) => [
    schema({
      anyOf: list(4000, (i) => ({ type: 'object', properties: { kind: { const: `k${i}-${round}` } } })),
    }),
  ],
  '50,000 values': (round) => [schema({ enum: list(50_000, (i) => `value ${i}-${round}`) })],
  '500 properties': (round) => [
    schema({ title: `${round}`, type: 'object', properties: properties(500), required: Object.keys(properties(500)) }),
  ],
  '16 grammars that allow nothing': (round) => list(16, (i) => regex(`(?:){${900 - 16 * round - i}}`)),
  'schemas that are wrong': () =>
    [
      { type: 'object', properties: { a: {} }, patternProperties: { '(': {} } },
      { allOf: [{ required: 5 }, { required: ['a'] }] },
      { allOf: [{ properties: null }, { properties: { a: {} } }] },
      { allOf: [{ enum: 5 }, { enum: [1] }] },
      { $ref: '#/%' },
      { type: 'string', format: 'constructor' },
      { oneOf: [{ enum: {} }, { enum: [1] }] },
    ].map(schema),
  'a grammar without an end': () => [ebnf('root ::= root'), chat({ repetition_penalty: 1e-320 })],
  'a prompt of 3.9 MB': () => [chat({ messages: [{ role: 'user', content: 'a'.repeat(3.9e6) }] })],
}

/** Asks for one stream after the other, and writes down when each piece came and how long after the one before, until it is told to end. */
async function honest(url, gaps, signal) {
  while (!signal.aborted) {
    const response = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'bench',
        prompt: 'Once upon a time',
        max_tokens: 1500,
        temperature: 0,
        ignore_eos: true,
        stream: true,
      }),
      signal,
    })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    let last
    for await (const chunk of response.body) {
      if (!Buffer.from(chunk).includes('"text"')) continue
      const now = performance.now()
      if (last !== undefined) gaps.push({ at: Date.now(), ms: now - last })
      last = now
    }
  }
}

/** In a process's lines between two moments: of each file that its threads run, the longest turn. */
function turns(folder, from, to) {
  const found = new Map()
  for (const file of readdirSync(folder))
    for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
      const [at, name, ...ms] = line.split(' ')
      if (Number(at) < from || Number(at) > to + 100) continue
      const known = found.get(name) ?? [0, 0, 0]
      found.set(
        name,
        known.map((most, i) => Math.max(most, Number(ms[i]))),
      )
    }
  return Object.fromEntries([...found].map(([name, [clock, own, others]]) => [name, { clock, own, others }]))
}

async function post(url, body) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await response.text()
  return response.status
}

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-gaps-'))
process.env.KAIYUAN_WATCH = folder
process.env.NODE_OPTIONS = `--import ${here('watch.mjs')}`
const server = await startServer(here('../../dist/cli/main.js'), values.model, '1', 8)
const controller = new globalThis.AbortController()
const gaps = []
const rows = []
/** What the stream and the threads did meanwhile. */
async function measure(name, work) {
  const from = Date.now()
  const statuses = await work()
  await sleep(150)
  const to = Date.now()
  const own = gaps.filter(({ at }) => at >= from && at <= to).map(({ ms }) => ms)
  const row = { name, statuses, ms: to - from, pieces: own.length, longest: Math.max(0, ...own) }
  rows.push({ ...row, p50: percentile(own, 50), p99: percentile(own, 99), turns: turns(folder, from, to) })
}
try {
  const streaming = honest(server.url, gaps, controller.signal).catch((error) => {
    if (!controller.signal.aborted) throw error
  })
  await sleep(2000)
  const quiet = () => measure('(quiet)', () => sleep(Number(values.seconds) * 1000))
  await quiet()
  for (const [name, bodies] of Object.entries(ATTACKS))
    if (name.includes(values.only))
      for (let round = 0; round < Number(values.times); round++)
        await measure(name, () => Promise.all(bodies(round).map((body) => post(server.url, body))))
  await quiet()
  controller.abort()
  await streaming
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

console.log(
  `load ${loadavg()[0].toFixed(1)}; ms: longest gap (p50, p99); the longest turn of a thread's events: by the clock, own work`,
)
for (const { name, statuses, longest, p50, p99, turns: found } of rows) {
  const threads = Object.entries(found).map(
    ([thread, { clock, own }]) => `${thread.replace('.js', '')} ${clock.toFixed(0)}, ${own.toFixed(0)}`,
  )
  const codes = statuses ? ` ${[...new Set(statuses)].join(' ')}` : ''
  console.log(`${name}${codes}: ${longest.toFixed(0)} (${p50.toFixed(1)}, ${p99.toFixed(0)}); ${threads.join('; ')}`)
}
if (values.out) writeFileSync(values.out, `${JSON.stringify(rows, null, 2)}\n`)
