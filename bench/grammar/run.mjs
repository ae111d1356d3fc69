// What grammars cost with a vocabulary of 151,936 tokens: compiling, the longest time in which nobody else runs, masks that are not
// kept yet along documents, and memory. `npm run build && node bench/grammar/run.mjs [--model FILE] [--only NAME,...] [--json]`.
import { parseArgs } from 'node:util'
import { setImmediate } from 'node:timers'
import v8 from 'node:v8'
import vm from 'node:vm'
import { TokenMasks } from '../../dist/grammar/automaton/masks.js'
import { automatonOf } from '../../dist/grammar/build.js'
import { Vocabulary } from '../../dist/grammar/vocabulary/vocabulary.js'
import { CASES } from './cases.mjs'
import { vocabularyOf } from './vocabulary.mjs'

const { values: options } = parseArgs({
  options: { model: { type: 'string' }, only: { type: 'string' }, json: { type: 'boolean' } },
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
  for (const document of documents) {
    let state = automaton.initial
    const seen = new Set()
    for (const id of encode(JSON.stringify(document))) {
      const isNew = !seen.has(state)
      seen.add(state)
      const started = performance.now()
      masks.mask(state)
      if (isNew) times.push(performance.now() - started)
      state = masks.after(state, id)
      if (state === 0) throw new Error(`${name}: token ${id} of the document is refused`)
    }
  }
  const usedMB = megabytes() - before
  times.sort((a, b) => a - b)
  const mask = { median: at(times, 0.5), p99: at(times, 0.99), worst: at(times, 1), count: times.length }
  if (keep) rows.push({ name, what, goal, ms, longest, mask, compiledMB, usedMB })
}

// The first grammar of a process runs in code that is not compiled yet.
await measure('person', CASES.person, false)
const only = options.only?.split(',')
for (const [name, one] of Object.entries(CASES)) if (!only || only.includes(name)) await measure(name, one)

const cell = (value) => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3))
if (options.json)
  console.log(JSON.stringify({ node: process.version, vocabulary: { ms: built.ms, longest: built.longest }, rows }))
else {
  console.log(`Node ${process.version}; vocabulary ${cell(built.ms)} ms, longest slice ${cell(built.longest)} ms`)
  console.log(
    'schema | compile ms (goal) | longest slice | new masks median / p99 / worst ms | MB compiled / after documents',
  )
  for (const { what, goal, ms, longest, mask, compiledMB, usedMB } of rows)
    console.log(
      [
        what,
        `${cell(ms)}${goal ? ` (${goal})` : ''}`,
        cell(longest),
        `${cell(mask.median)} / ${cell(mask.p99)} / ${cell(mask.worst)} (${mask.count})`,
        `${compiledMB.toFixed(1)} / ${usedMB.toFixed(1)}`,
      ].join(' | '),
    )
}
