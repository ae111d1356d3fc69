// Writes the tables of docs/speed.md, and how each row was measured, from bench/results, which bench/peers makes.
import { table, writeSection } from './measured-section.mjs'
import { MACHINES, PEERS, allResults, bytes, titleOf, whereOf } from './speed-results.mjs'

/** The rows in order of interest: real models first, then as in the list; one stream and short contexts first. */
const SHAPES = ['qwen3-0.6b', 'deepseek-v2-lite']
const place = ({ real, fileBytes, shape, promptTokens, context = 0, streams = 1 }) => [
  real ? -1 : SHAPES.indexOf(shape.split(':')[0]) + 1 || 99,
  real ? fileBytes : 0,
  streams,
  promptTokens + context,
]
function byInterest(a, b) {
  const [first, second] = [place(a), place(b)]
  const i = first.findIndex((value, n) => value !== second[n])
  return i < 0 ? 0 : first[i] - second[i]
}

const peerOf = ({ medians }) => Object.keys(PEERS).find((name) => name in medians)
function model(result) {
  const { real, fileBytes, promptTokens, context = 0, streams = 1, cache = 'f16', precision = 'fast' } = result
  const parts = [
    `${titleOf(result)} (${bytes(fileBytes)}${real ? '' : ', random weights'})`,
    promptTokens > 256 && `prompt of ${promptTokens}`,
    context > 0 && `after ${context} tokens`,
    streams > 1 && `${streams} at once`,
    cache !== 'f16' && `${cache} cache`,
    precision !== 'fast' && precision,
  ]
  return parts.filter(Boolean).join(', ')
}
const share = (part) => (part === undefined ? '' : `${(100 * part).toFixed(0)} %`)

function row(result) {
  const [own, peer] = [result.medians.kaiyuan, result.medians[peerOf(result)]]
  const speeds = ['prefill', 'decode'].map((what) => {
    const field = `${what}TokensPerSecond`
    return `${own[field].toFixed(1)} / ${peer[field].toFixed(1)} (${result.ratios[what].toFixed(2)}x)`
  })
  const memory = own.peakRssBytes ? `${bytes(own.peakRssBytes)} / ${bytes(peer.peakRssBytes)}` : ''
  return [model(result), whereOf(result), PEERS[peerOf(result)], ...speeds, share(result.readShares?.kaiyuan), memory]
}

function run(result) {
  const version = result.browser ?? `Node ${result.node.replace(/^v/, '')}`
  const { machine, date, peer, command } = result
  return `- ${date}, ${[machine.cpu, machine.vectors].filter(Boolean).join(', ')} (${machine.cores} cores), ${version}, ${peer}: \`${command}\``
}

const head = ['model', 'in', 'other engine', 'prompt, tok/s', 'answer, tok/s', 'of read speed', 'peak memory']
for (const [machine, folder] of Object.entries(MACHINES)) {
  const results = allResults(folder).sort(byInterest)
  if (results.length === 0) throw new Error(`bench/results/${folder} is empty: run bench/peers/run.mjs first`)
  const name = machine === 'usual' ? 'speed' : `speed-${machine}`
  writeSection('docs/speed.md', name, table(head, results.map(row)))
  writeSection('docs/speed.md', `${name}-runs`, results.map(run))
}
