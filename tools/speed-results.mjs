// The reports of bench/peers in bench/results, as tables and pictures show them.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../bench/results/', import.meta.url)

export const PEERS = { native: 'llama.cpp, native', llama: 'llama.cpp, through node-llama-cpp', wllama: 'wllama' }

export const bytes = (count) => (count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(1)} GB`)
export const whereOf = ({ node, browser }) => (browser ? 'Chromium' : `Node ${node.replace(/^v|\..*$/g, '')}`)

/** All that compare two engines; those of other programs are in the folder too. */
export function allResults() {
  return readdirSync(fileURLToPath(folder))
    .filter((file) => /-(node\d+|chromium)\.json$/.test(file))
    .sort()
    .map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')) }))
    .filter(({ medians, shape }) => medians?.kaiyuan !== undefined && shape !== undefined)
}

/** A measurement's name, whatever Node it was made in. */
export const nameOf = ({ file }) => file.replace(/\d*\.json$/, '')
const nodeOf = ({ file }) => Number(/-node(\d+)\.json$/.exec(file)?.[1] ?? 0)

/** Of the same measurement in several versions of Node, the newest. */
export function newestResults() {
  const byName = new Map()
  for (const result of allResults().sort((a, b) => nodeOf(a) - nodeOf(b))) byName.set(nameOf(result), result)
  return [...byName.values()]
}
