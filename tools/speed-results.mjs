// The reports of bench/peers in bench/results, as tables and pictures show them.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../bench/results/', import.meta.url)

export const PEERS = { native: 'llama.cpp, native', llama: 'llama.cpp, through node-llama-cpp', wllama: 'wllama' }

/** Files by the names that people know them by; others of the same weights end in their format. */
const NAMES = {
  smollm2: ['SmolLM2 135M', 'Q4_1'],
  gemma3: ['Gemma 3 270M', 'Q4_K_M'],
  coder: ['Qwen2.5-Coder 1.5B', 'Q4_K_M'],
}
const partsOf = (shape) => /^(\w+?)(?:-(i?q\w+))?$/.exec(shape)?.slice(1).filter(Boolean) ?? []

/** Whether a file was made of another of the same weights. */
export const isVariant = ({ shape }) => partsOf(shape).length > 1

export function titleOf({ shape, format }) {
  const [file, suffix] = partsOf(shape)
  if (!(file in NAMES)) return [shape, format].filter(Boolean).join(' ')
  const [name, own] = NAMES[file]
  return `${name}, ${suffix?.toUpperCase() ?? own}`
}

export const bytes = (count) => (count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`)
export const whereOf = ({ node, browser }) => (browser ? 'Chromium' : `Node ${node.replace(/^v|\..*$/g, '')}`)

/** The folders of bench/results: the machine of most measurements, and others, which are compared with themselves alone. */
export const MACHINES = { usual: './', vnni: 'vnni/', avx2: 'avx2/' }

/** All that compare two engines; those of other programs are in the folder too. */
export function allResults(machine = MACHINES.usual) {
  const within = new URL(machine, folder)
  return readdirSync(fileURLToPath(within))
    .filter((file) => /-(node\d+|chromium)\.json$/.test(file))
    .sort()
    .map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, within), 'utf8')) }))
    .filter(({ medians, shape }) => medians?.kaiyuan !== undefined && shape !== undefined)
}

/** A measurement's name, whatever Node it was made in. */
export const nameOf = ({ file }) => file.replace(/\d*\.json$/, '')
const nodeOf = ({ file }) => Number(/-node(\d+)\.json$/.exec(file)?.[1] ?? 0)

/** The one that most people have. */
const USUAL_NODE = 24

/** Of the same measurement in several versions of Node, that of the usual one, else of the newest. */
export function oneOfEach(machine = MACHINES.usual) {
  const byName = new Map()
  const rank = (result) => (nodeOf(result) === USUAL_NODE ? Infinity : nodeOf(result))
  for (const result of allResults(machine).sort((a, b) => rank(a) - rank(b))) byName.set(nameOf(result), result)
  return [...byName.values()]
}
