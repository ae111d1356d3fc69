// How long loading a model keeps its thread from anything else: the most processor time between two turns of the event loop, in this
// thread while it loads (kaiyuan), and while a worker does (kaiyuan/worker). Processor time, so that other programs do not count.
// Usage: node bench/loading/run.mjs MODEL... (Node 23.9 or newer, after npm run build); exits with 1 where a turn took over 100 ms
import { setImmediate } from 'node:timers'
import { loadEngine } from '../../dist/index.js'
import { loadEngine as loadInWorker } from '../../dist/worker.js'

const LIMIT_MS = 100
if (!process.threadCpuUsage)
  throw new Error(`Node 23.9 or newer is needed, which tells the time of a thread; this is ${process.version}`)

/** The longest turns while `work` runs, in milliseconds of this thread's processor time. */
async function turnsOf(work) {
  const turns = []
  let [before, runs] = [process.threadCpuUsage(), true]
  const turn = () => {
    const { user, system } = process.threadCpuUsage(before)
    before = process.threadCpuUsage()
    turns.push((user + system) / 1000)
    if (runs) setImmediate(turn)
  }
  setImmediate(turn)
  const done = await work()
  await new Promise((resolve) => setImmediate(resolve))
  runs = false
  await done.close()
  return turns.sort((a, b) => b - a).slice(0, 3)
}

for (const model of process.argv.slice(2)) {
  for (const [name, load] of [
    ['this thread', loadEngine],
    ['a worker', loadInWorker],
  ]) {
    const longest = await turnsOf(() => load(model))
    console.log(`${model}, ${name}: longest turns ${longest.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    if (longest[0] > LIMIT_MS) process.exitCode = 1
  }
}
process.exit()
