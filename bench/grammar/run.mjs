// What grammars cost with a vocabulary of 151,936 tokens: compiling, the longest time in which nobody else runs, masks that are not
// kept yet along documents, and memory; with --old the library that was used before too. The model is prepared as a server prepares
// it. Each grammar is compiled again in every round, small ones in more rounds; the least time counts, since others may use the
// processor meanwhile.
// `npm run build && node bench/grammar/run.mjs [--model FILE] [--only NAME,...] [--rounds COUNT] [--old] [--json]`.
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { setImmediate } from 'node:timers'
import v8 from 'node:v8'
import vm from 'node:vm'
import { TokenMasks } from '../../dist/grammar/masks/masks.js'
import { automatonOf } from '../../dist/grammar/build.js'
import { MEMORY } from '../../dist/grammar/grammars.js'
import { Pauses } from '../../dist/grammar/pauses.js'
import { practise } from '../../dist/grammar/practice.js'
import { Vocabulary } from '../../dist/grammar/vocabulary/vocabulary.js'
import { CASES } from './cases.mjs'
import { TOO_LONG, oldLibrary } from './old.mjs'
import { vocabularyOf } from './vocabulary.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
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

/** Rounds continue until this many masks were made, for this many milliseconds at most. */
const LEAST_MASKS = 3000
const MOST_MS = 8000

const { tokens, stops, encode } = await vocabularyOf(options.model)
const built = await timed(() => Vocabulary.of(tokens, new Map()))
const vocabulary = built.result
const completed = await timed(() => new Pauses().run(vocabulary.complete()))
await practise(vocabulary, stops, new globalThis.AbortController().signal)
const rows = []

async function measure(name, { what, schema, options: style = {}, documents, goal }) {
  const before = megabytes()
  const compiles = []
  let [times, first, longest, compiledMB, usedMB] = [[], [], Infinity, 0, 0]
  const until = performance.now() + MOST_MS
  let count = 0
  for (let round = 0; round < options.rounds || (count < LEAST_MASKS && performance.now() < until); round++) {
    const spec = { kind: 'json-schema', schema, ...style }
    const { result: automaton, ms, longest: slice } = await timed(() => automatonOf(spec, {}))
    compiles.push(ms)
    longest = Math.min(longest, slice)
    if (round === 0) compiledMB = megabytes() - before
    const masks = new TokenMasks(automaton, vocabulary, stops)
    const own = documents.flatMap((document) => masksAlong(name, masks, encode(JSON.stringify(document))))
    count += own.length
    if (round === 0) [first, usedMB] = [own, megabytes() - before]
    times = own.map(({ took, isNew }, i) => ({ took: Math.min(took, times[i]?.took ?? Infinity), isNew }))
  }
  const fresh = (all) => summary(all.filter(({ isNew }) => isNew).map(({ took }) => took))
  const perToken = times.reduce((sum, { took }) => sum + took, 0) / times.length
  const mask = { ...fresh(times), perToken, first: fresh(first) }
  const ms = { first: compiles[0], again: Math.min(...compiles.slice(1)) }
  rows.push({ name, what, goal, ms, longest, mask, compiledMB, usedMB })
}

/** Milliseconds of each mask, and whether its state was not asked for before. What grows too large is trimmed, as for answers. */
function masksAlong(name, masks, ids) {
  const seen = new Set()
  let state = masks.automaton.initial
  return ids.map((id) => {
    const isNew = !seen.has(state)
    seen.add(state)
    const started = performance.now()
    masks.mask(state)
    const took = performance.now() - started
    state = masks.after(state, id)
    if (state === 0) throw new Error(`${name}: token ${id} of the document is refused`)
    if (masks.bytes > MEMORY.trimmed) {
      state = masks.trim([state])[0]
      seen.clear()
    }
    return { took, isNew }
  })
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
  const columns = { count: tokens.length, ms: built.ms, longest: built.longest, completed: completed.ms }
  console.log(JSON.stringify({ date, machine, node: process.version, vocabulary: columns, rows }, null, 2))
} else {
  console.log(
    `Node ${process.version}, load ${machine.load?.toFixed(1)}; vocabulary ${cell(built.ms)} ms, longest slice ${cell(built.longest)} ms; its tries ${cell(completed.ms)} ms`,
  )
  console.log(
    'schema | compile ms, again (goal) | longest slice | new masks median / p99 / worst ms | MB compiled / after documents' +
      (options.old ? ' | old compile ms | old masks median / p99 / worst ms' : ''),
  )
  for (const { what, goal, ms, longest, mask, compiledMB, usedMB, old } of rows)
    console.log(
      [
        what,
        `${cell(ms.first)}, ${cell(ms.again)}${goal ? ` (${goal})` : ''}`,
        cell(longest),
        maskCell(mask),
        `${compiledMB.toFixed(1)} / ${usedMB.toFixed(1)}`,
        ...(old ? [cell(old.ms), old.mask ? maskCell(old.mask) : 'it refuses the documents'] : []),
      ].join(' | '),
    )
}
