// Writes the README's table of speed from bench/results/*.json, which bench/peers makes: four rows, real models first.
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'
import { PEERS, bytes, nameOf, newestResults, whereOf } from './speed-results.mjs'

const ROWS = 4
/** Results with random weights, in this order, where there are fewer real models than rows. */
const SYNTHETIC = [
  'qwen3-0.6b-q4_0-node',
  'qwen3-0.6b-q4_0-chromium',
  'deepseek-v2-lite-q4_0-node',
  'qwen3-0.6b-q4_0-4096-node',
]
/** The results that the README shows. */
function chosen() {
  const all = newestResults()
  const real = all
    .filter(
      ({ real, context = 0, streams = 1, cache = 'f16' }) => real && context === 0 && streams === 1 && cache === 'f16',
    )
    .sort((a, b) => a.fileBytes - b.fileBytes)
  const synthetic = SYNTHETIC.flatMap((name) => all.filter((result) => nameOf(result) === name.replace(/\.json$/, '')))
  return [...real, ...synthetic].slice(0, ROWS)
}

const number = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0))

function row(result) {
  const { real, shape, format, fileBytes, context = 0, medians } = result
  const [peer] = Object.keys(medians).filter((name) => name !== 'kaiyuan')
  const speeds = ['prefill', 'decode'].map((what) => {
    const [own, other] = [medians.kaiyuan, medians[peer]].map((each) => each[`${what}TokensPerSecond`])
    return `${number(own)} / ${number(other)}`
  })
  const weights = real ? '' : ', random weights'
  const after = context > 0 ? `, after ${context} tokens` : ''
  const name = [shape, format].filter(Boolean).join(' ')
  return [`${name} (${bytes(fileBytes)}${weights}${after})`, whereOf(result), PEERS[peer] ?? peer, ...speeds]
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
