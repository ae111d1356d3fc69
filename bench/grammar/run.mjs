// What grammars cost with a vocabulary of 151,936 tokens: compiling, the longest time in which nobody else runs, masks that are not
// kept yet along documents, and memory; with --old the library that was used before too.
// `npm run build && node bench/grammar/run.mjs [--model FILE] [--only NAME,...] [--old] [--json]`.
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { setImmediate } from 'node:timers'
import v8 from 'node:v8'
import vm from 'node:vm'
import { TokenMasks } from '../../dist/grammar/masks/masks.js'
import { automatonOf } from '../../dist/grammar/build.js'
import { Vocabulary } from '../../dist/grammar/vocabulary/vocabulary.js'
import { CASES } from './cases.mjs'
import { TOO_LONG, oldLibrary } from './old.mjs'
import { vocabularyOf } from './vocabulary.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    only: { type: 'string' },
    old: { type: 'boolean' },
    json: { type: 'boolean' },
  },
})
v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc')
const megabytes = () => {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

/** Runs work, and tells how long it took and the longest slice of it. */
async function timed(work) {
  let longest = 0
  let last = performance.now()
  let over = false
  const turn = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!over) setImmediate(turn)
  }
  setImmediate(turn)
  const started = performance.now()
  const result = await work()
  const ms = performance.now() - started
  over = true
  await new Promise((resolve) => setImmediate(resolve))
  return { result, ms, longest }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

function summary(times) {
  times.sort((a, b) => a - b)
  return { median: at(times, 0.5), p99: at(times, 0.99), worst: at(times, 1), count: times.length }
}

const { tokens, stops, encode } = await vocabularyOf(options.model)
const built = await timed(() => Vocabulary.of(tokens, new Map()))
const vocabulary = built.result
const rows = []

async function measure(name, { what, schema, options: style = {}, documents, goal }, keep = true) {
  const before = megabytes()
  const {
    result: automaton,
    ms,
    longest,
  } = await timed(() => automatonOf({ kind: 'json-schema', schema, ...style }, {}))
  const compiledMB = megabytes() - before
  const masks = new TokenMasks(automaton, vocabulary, stops)
  const times = []
  let [all, count] = [0, 0]
  for (const document of documents) {
    let state = automaton.initial
    const seen = new Set()
    for (const id of encode(JSON.stringify(document))) {
      const isNew = !seen.has(state)
      seen.add(state)
      const started = performance.now()
      masks.mask(state)
      const took = performance.now() - started
      if (isNew) times.push(took)
      all += took
      count++
      state = masks.after(state, id)
      if (state === 0) throw new Error(`${name}: token ${id} of the document is refused`)
    }
  }
  const usedMB = megabytes() - before
  const mask = { ...summary(times), perToken: all / count }
  if (keep) rows.push({ name, what, goal, ms, longest, mask, compiledMB, usedMB })
}

/** The same with the library: it compiles in one piece, and keeps no masks. */
async function measureOld(library, name, { schema, documents }) {
  const row = rows.find((one) => one.name === name)
  if (TOO_LONG.has(name)) return
  const started = performance.now()
  const compiled = await library.compile(schema)
  row.old = { ms: performance.now() - started }
  const times = []
  for (const document of documents) {
    const along = await library.masksAlong(compiled, encode(JSON.stringify(document)))
    if (along) times.push(...along)
  }
  compiled.dispose()
  if (times.length > 0)
    row.old.mask = { ...summary(times), perToken: times.reduce((sum, ms) => sum + ms, 0) / times.length }
}

// The first grammar of a process runs in code that is not compiled yet.
await measure('person', CASES.person, false)
const only = options.only?.split(',')
for (const [name, one] of Object.entries(CASES)) if (!only || only.includes(name)) await measure(name, one)

if (options.old) {
  const library = await oldLibrary(tokens, stops)
  for (const [name, one] of Object.entries(CASES))
    if (!only || only.includes(name)) await measureOld(library, name, one)
}

const cell = (value) => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3))
const maskCell = ({ median, p99, worst, count }) => `${cell(median)} / ${cell(p99)} / ${cell(worst)} (${count})`
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0] }
if (options.json) {
  const date = new Date().toISOString().slice(0, 10)
  const columns = { count: tokens.length, ms: built.ms, longest: built.longest }
  console.log(JSON.stringify({ date, machine, node: process.version, vocabulary: columns, rows }, null, 2))
} else {
  console.log(
    `Node ${process.version}, load ${machine.load?.toFixed(1)}; vocabulary ${cell(built.ms)} ms, longest slice ${cell(built.longest)} ms`,
  )
  console.log(
    'schema | compile ms (goal) | longest slice | new masks median / p99 / worst ms | MB compiled / after documents' +
      (options.old ? ' | old compile ms | old masks median / p99 / worst ms' : ''),
  )
  for (const { what, goal, ms, longest, mask, compiledMB, usedMB, old } of rows)
    console.log(
      [
        what,
        `${cell(ms)}${goal ? ` (${goal})` : ''}`,
        cell(longest),
        maskCell(mask),
        `${compiledMB.toFixed(1)} / ${usedMB.toFixed(1)}`,
        ...(old ? [cell(old.ms), old.mask ? maskCell(old.mask) : 'it refuses the documents'] : []),
      ].join(' | '),
    )
}
