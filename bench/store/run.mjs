// How fast a pull is on this machine, where the network is none: from a fake hub over loopback, versus reading, hashing and writing
// the same bytes alone, in turns. `npm run build`, then: node bench/store/run.mjs [--megabytes 1024] [--rounds 3] [--json FILE]
// Says its rate as a share of the other's, and the largest that the process was. Exit 1 below 0.7 or above 200 MB.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MIB = 1 << 20
const LEAST = 0.7
const MOST_MEMORY = 200e6
const HUB = fileURLToPath(new URL('../../test/store/hub.mjs', import.meta.url))
const STORE = new URL('../../dist/store.js', import.meta.url)
const self = fileURLToPath(import.meta.url)

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
    job: { type: 'string' },
  },
})

/** In a process of its own, so that its memory is its own: what it did, and how long that took. */
const JOBS = {
  /** Reads a file, hashes it and writes it, piece by piece, as a copy that is sure of its bytes would. */
  alone({ source, target }) {
    const [from, to] = [openSync(source, 'r'), openSync(target, 'w')]
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafe(MIB)
    for (let count; (count = readSync(from, piece)) > 0;) {
      hash.update(piece.subarray(0, count))
      writeSync(to, piece, 0, count)
    }
    hash.digest()
    fsyncSync(to)
    closeSync(from)
    closeSync(to)
  },
  async source({ source, bytes }) {
    const { contentOf } = await import(HUB)
    writeFileSync(source, contentOf(2, bytes))
  },
  async pull({ endpoint, folder }) {
    const { openStore } = await import(STORE)
    const store = openStore({ folder, environment: { HF_HOME: folder, HF_ENDPOINT: endpoint } })
    await store.pull({ source: 'hugging-face', id: 'org/model' })
  },
}

if (values.job !== undefined) {
  const { name, ...inputs } = JSON.parse(values.job)
  // Modules are loaded before the clock starts.
  if (name === 'pull') await import(STORE)
  const begun = performance.now()
  await JOBS[name](inputs)
  const ms = performance.now() - begun
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, memory: process.resourceUsage().maxRSS * 1024 }))
} else await main()

function output(child) {
  let text = ''
  child.stdout.on('data', (data) => (text += data))
  return new Promise((resolve, reject) => {
    child.once('close', (status) =>
      status === 0 ? resolve(JSON.parse(text)) : reject(new Error(`exit ${status}: ${text}`)),
    )
  })
}

function job(inputs) {
  const child = spawn(process.execPath, [self, '--job', JSON.stringify(inputs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return output(child)
}

async function startHub(bytes) {
  const files = { 'config.json': '{}', 'model.safetensors': bytes }
  const hub = spawn(process.execPath, [HUB, JSON.stringify({ files, chunk: 256 << 10 })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const line = await new Promise((resolve) => hub.stdout.once('data', resolve))
  return { ...JSON.parse(line), close: () => hub.stdin.end() }
}

async function main() {
  const bytes = Number(values.megabytes) * MIB
  const folder = mkdtempSync(join(values.folder, 'kaiyuan-bench-store-'))
  const hub = await startHub(bytes)
  const rounds = []
  try {
    const source = join(folder, 'source')
    // Not here: a process begins with the memory of the one that starts it.
    await job({ name: 'source', source, bytes })
    for (let i = 0; i < Number(values.rounds); i++) {
      const target = join(folder, 'copy')
      const alone = await job({ name: 'alone', source, target })
      rmSync(target)
      const cache = join(folder, 'cache')
      const pulled = await job({ name: 'pull', endpoint: hub.endpoint, folder: cache })
      rmSync(cache, { recursive: true })
      const rate = ({ ms }) => bytes / 1e3 / ms
      rounds.push({ alone: rate(alone), pull: rate(pulled), memory: pulled.memory, cpuMs: [alone.cpu, pulled.cpu] })
      const { alone: a, pull: p, memory, cpuMs } = rounds.at(-1)
      const said = `alone ${a.toFixed(0)} MB/s, pull ${p.toFixed(0)} MB/s (${(p / a).toFixed(2)})`
      const seconds = cpuMs.map((ms) => (ms / 1000).toFixed(1)).join(' and ')
      console.log(`${said}, memory ${(memory / 1e6).toFixed(0)} MB, processor ${seconds} s`)
    }
  } finally {
    hub.close()
    rmSync(folder, { recursive: true, force: true })
  }
  // Of the same round: what else the machine does changes from one to the next.
  const shares = rounds.map(({ alone, pull }) => pull / alone).sort((a, b) => a - b)
  const share = shares[shares.length >> 1]
  const memory = Math.max(...rounds.map((round) => round.memory))
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version }
  console.log(
    `share ${share.toFixed(2)} (at least ${LEAST}), memory ${(memory / 1e6).toFixed(0)} MB (at most ${MOST_MEMORY / 1e6})`,
  )
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, bytes, rounds, share, memory }, null, 2)}\n`)
  process.exitCode = share >= LEAST && memory <= MOST_MEMORY ? 0 : 1
}
