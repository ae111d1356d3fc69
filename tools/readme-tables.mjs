// Writes the README's table of speed from bench/results/*.json, which bench/peers makes: four rows, real models first.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'

const ROWS = 4
/** Results with random weights, in this order, where there are fewer real models than rows. */
const SYNTHETIC = [
  'qwen3-0.6b-q4_0-node',
  'qwen3-0.6b-q4_0-chromium',
  'deepseek-v2-lite-q4_0-node',
  'qwen3-0.6b-q4_0-4096-node',
]
const PEERS = { native: 'llama.cpp, native', llama: 'llama.cpp, through node-llama-cpp', wllama: 'wllama' }

const folder = new URL('../bench/results/', import.meta.url)
const nodeOf = (file) => Number(/-node(\d+)\.json$/.exec(file)?.[1] ?? 0)

/** Of the same measurement in several versions of Node, the newest. */
function newest(files) {
  const byName = new Map()
  for (const file of [...files].sort((a, b) => nodeOf(a) - nodeOf(b))) byName.set(file.replace(/\d*\.json$/, ''), file)
  return [...byName.values()]
}

const read = (file) => ({ file, ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')) })

/** The results that the README shows. */
function chosen() {
  const all = newest(readdirSync(fileURLToPath(folder)).filter((file) => /-(node\d+|chromium)\.json$/.test(file)))
    .map(read)
    .filter(({ medians, shape }) => medians?.kaiyuan !== undefined && shape !== undefined)
  const real = all
    .filter(
      ({ real, context = 0, streams = 1, cache = 'f16' }) => real && context === 0 && streams === 1 && cache === 'f16',
    )
    .sort((a, b) => a.fileBytes - b.fileBytes)
  const synthetic = SYNTHETIC.flatMap((name) =>
    all.filter(({ file }) => file.replace(/\d*\.json$/, '') === name.replace(/\.json$/, '')),
  )
  return [...real, ...synthetic].slice(0, ROWS)
}

const bytes = (count) => (count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`)
const number = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0))

function row({ real, shape, format, fileBytes, context = 0, node, browser, medians }) {
  const [peer] = Object.keys(medians).filter((name) => name !== 'kaiyuan')
  const speeds = ['prefill', 'decode'].map((what) => {
    const [own, other] = [medians.kaiyuan, medians[peer]].map((each) => each[`${what}TokensPerSecond`])
    return `${number(own)} / ${number(other)}`
  })
  const weights = real ? '' : ', random weights'
  const after = context > 0 ? `, after ${context} tokens` : ''
  const name = [shape, format].filter(Boolean).join(' ')
  const where = browser ? 'Chromium' : `Node ${node.replace(/^v|\..*$/g, '')}`
  return [`${name} (${bytes(fileBytes)}${weights}${after})`, where, PEERS[peer] ?? peer, ...speeds]
}

/** The lines of the section. */
export function speedLines() {
  const results = chosen()
  const head = ['tokens per second, Kaiyuan / the other', 'in', 'the other', 'prompt', 'answer']
  const days = [...new Set(results.map(({ date }) => date))].sort()
  const machines = [...new Set(results.map(({ machine }) => `${machine.cpu}, ${machine.cores} cores`))].join('; ')
  const threads = [...new Set(results.map(({ threads }) => threads).filter(Boolean))].join(' or ')
  return [
    ...table(head, results.map(row)),
    '',
    `Medians of alternating runs on the same files, ${threads} threads each, ${machines}, ${days.join(' and ')}.`,
    'Every command, and more rows: [docs/speed.md](docs/speed.md).',
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeSection('README.md', 'speed', speedLines())
