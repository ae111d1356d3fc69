// Writes the README's table of speed from bench/results/*.json, which bench/peers makes: four rows.
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'
import { MACHINES, PEERS, bytes, nameOf, oneOfEach, titleOf, whereOf } from './speed-results.mjs'

const SHOWN = ['smollm2-native-node', 'gemma3-native-node', 'coder-native-node', 'coder-4096-native-node']

/** The results that the README shows. */
function chosen(machine) {
  const all = oneOfEach(machine)
  return SHOWN.flatMap((name) => all.filter((result) => nameOf(result) === name))
}

const number = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0))

function row(result) {
  const { fileBytes, context = 0, medians } = result
  const [peer] = Object.keys(medians).filter((name) => name !== 'kaiyuan')
  const speeds = ['prefill', 'decode'].map((what) => {
    const [own, other] = [medians.kaiyuan, medians[peer]].map((each) => each[`${what}TokensPerSecond`])
    return `${number(own)} / ${number(other)}`
  })
  const after = context > 0 ? `, after ${context} tokens` : ''
  return [`${titleOf(result)} (${bytes(fileBytes)}${after})`, whereOf(result), PEERS[peer] ?? peer, ...speeds]
}

/** From the least to the most of so many ratios. */
function range(ratios) {
  return [Math.min, Math.max].map((of) => of(...ratios).toFixed(1)).join(' to ')
}

/** How the same rows compare on another machine. */
function elsewhere(machine, where) {
  const results = chosen(machine)
  const [prompts, answers] = ['prefill', 'decode'].map((what) => range(results.map(({ ratios }) => ratios[what])))
  return `${where}, on the same files: ${prompts} times the speed of llama.cpp for prompts, ${answers} times for answers.`
}

/** The lines of the section. */
export function speedLines() {
  const results = chosen(MACHINES.usual)
  const head = ['tokens per second, Kaiyuan / the other', 'in', 'the other', 'prompt', 'answer']
  const days = [...new Set(results.map(({ date }) => date))].sort()
  const machines = [...new Set(results.map(({ machine }) => `${machine.cpu}, ${machine.cores} cores`))].join('; ')
  const threads = [...new Set(results.map(({ threads }) => threads).filter(Boolean))].join(' or ')
  return [
    ...table(head, results.map(row)),
    '',
    `Medians of alternating runs on the same files, ${threads} threads each, ${machines}, ${days.join(' and ')}.`,
    elsewhere(MACHINES.vnni, 'On a server of Intel'),
    elsewhere(MACHINES.avx2, 'On an older processor without AVX-512'),
    'Every command, and more rows: [docs/speed.md](docs/speed.md).',
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeSection('README.md', 'speed', speedLines())
