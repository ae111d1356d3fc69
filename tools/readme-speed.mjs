// Writes the README's table of speed from bench/results/*.json, which bench/peers/run.mjs made.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'

const folder = new URL('../bench/results/', import.meta.url)
const results = readdirSync(fileURLToPath(folder))
  .filter((file) => /^(?!server-).*-node\d+\.json$/.test(file))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')))
if (results.length === 0) throw new Error('bench/results is empty: run bench/peers/run.mjs first')

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const rate = (numbers, field) => numbers[field].toFixed(1)
const rows = results.flatMap(({ shape, format, fileBytes, node, medians, ratios }) => {
  const row = (name, m, prefill, decode) => [
    `${shape} ${format} (${megabytes(fileBytes)})`,
    `${name}, Node ${node.replace(/^v|\..*$/g, '')}`,
    `${rate(m, 'prefillTokensPerSecond')}${prefill}`,
    `${rate(m, 'decodeTokensPerSecond')}${decode}`,
    megabytes(m.peakRssBytes),
  ]
  const times = (ratio) => ` (${ratio.toFixed(2)}x)`
  return [
    row('kaiyuan', medians.kaiyuan, times(ratios.prefill), times(ratios.decode)),
    row('llama.cpp', medians.llama, '', ''),
  ]
})
const settings = results.map(
  ({ date, machine, node, peer, command }) =>
    `- ${date}, ${machine.cpu} (${machine.cores} cores), Node ${node.replace(/^v/, '')}, ${peer}: \`${command}\``,
)
writeSection('README.md', 'speed', [
  ...table(['random weights', 'engine', 'prefill, tok/s', 'decode, tok/s', 'peak memory'], rows),
  '',
  ...settings,
])
