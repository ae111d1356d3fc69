// Writes the table of docs/speed.md, and how each row was measured, from bench/results/*.json, which bench/peers makes.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'

const folder = new URL('../bench/results/', import.meta.url)
const results = readdirSync(fileURLToPath(folder))
  .filter((file) => /-(node\d+|chromium)\.json$/.test(file))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
  // Those of other programs are in the folder too.
  .filter(({ medians, shape }) => medians !== undefined && shape !== undefined)
if (results.length === 0) throw new Error('bench/results is empty: run bench/peers/run.mjs first')

/** The rows in order of interest: real models first, then as in the list; one stream and short contexts first. */
const SHAPES = ['qwen3-0.6b', 'deepseek-v2-lite']
const place = ({ real, fileBytes, shape, context = 0, streams = 1 }) =>
  (real ? fileBytes / 1e9 : 100 * (SHAPES.indexOf(shape.split(':')[0]) + 1 || 99)) * 1e9 + streams * 1e6 + context
results.sort((a, b) => place(a) - place(b))

const bytes = (count) => (count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`)
const where = ({ node, browser }) => (browser ? 'Chromium' : `Node ${node.replace(/^v|\..*$/g, '')}`)
const PEERS = { native: 'llama.cpp, native', llama: 'llama.cpp, node-llama-cpp', wllama: 'wllama' }
const peerOf = ({ medians }) => Object.keys(PEERS).find((name) => name in medians)
const model = ({ real, shape, format, fileBytes, context = 0, streams = 1, cache = 'f16' }) =>
  `${[shape, format].filter(Boolean).join(' ')} (${bytes(fileBytes)}${real ? '' : ', random weights'})` +
  `${context > 0 ? `, after ${context} tokens` : ''}${streams > 1 ? `, ${streams} at once` : ''}${cache === 'f16' ? '' : `, ${cache} cache`}`
const share = (part) => (part === undefined ? '' : `${(100 * part).toFixed(0)} %`)

const rows = results.map((result) => {
  const [own, peer] = [result.medians.kaiyuan, result.medians[peerOf(result)]]
  const speeds = ['prefill', 'decode'].map((what) => {
    const field = `${what}TokensPerSecond`
    return `${own[field].toFixed(1)} / ${peer[field].toFixed(1)} (${result.ratios[what].toFixed(2)}x)`
  })
  const memory = own.peakRssBytes ? `${bytes(own.peakRssBytes)} / ${bytes(peer.peakRssBytes)}` : ''
  return [model(result), where(result), PEERS[peerOf(result)], ...speeds, share(result.readShares?.kaiyuan), memory]
})
const head = ['model', 'in', 'other engine', 'prompt, tok/s', 'answer, tok/s', 'of read speed', 'peak memory']
writeSection('docs/speed.md', 'speed', table(head, rows))
writeSection(
  'docs/speed.md',
  'speed-runs',
  results.map((result) => {
    const version = result.browser ?? `Node ${result.node.replace(/^v/, '')}`
    const { machine, date, peer, command } = result
    return `- ${date}, ${machine.cpu} (${machine.cores} cores), ${version}, ${peer}: \`${command}\``
  }),
)
