// Reads damaged files, to find what is not refused as it should be: an internal error, a crash, a hang, or much memory.
//   npm run fuzz -- --files N [--seed S] [--from K] [--jobs J] [--only READER] [--show K]
// --files how many; --seed and --from say which; --only: others are passed over; --show K writes mutant K's files and ends.
import { fork } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Chance } from './chance.mjs'
import { wholeModels } from './models.mjs'
import { mutant } from './readers.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    show: { type: 'string' },
  },
})
const [files, seed, from, jobs] = ['files', 'seed', 'from', 'jobs'].map((name) => Number(options[name]))

/** Seconds of processor time, and megabytes beyond what the process had. */
const LIMITS = { seconds: 5, megabytes: 500 }
const LOOK_MS = 250
/** Where the system does not say how much time a process took. */
const WALL_SECONDS = 60
const FAILURES = ['internal', 'crash', 'hang', 'memory']

if (options.show !== undefined) {
  show(Number(options.show))
  process.exit(0)
}

const table = new Map()
const failures = []

function count(reader, end) {
  const row = table.get(reader) ?? { read: 0, refused: 0, internal: 0, crash: 0, hang: 0, memory: 0, seconds: 0 }
  row[end]++
  table.set(reader, row)
}

function fail(number, reader, end, said = '') {
  count(reader, end)
  failures.push(number)
  console.log(
    `${end}: mutant ${number} (${reader}), seed ${seed} ${said.split('\n').slice(0, 4).join(' | ').slice(0, 400)}`,
  )
}

/** Processor time of a process in seconds, by Linux. */
function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

/** Reads every `jobs`-th mutant from `first` on; a process that ends early is followed by another. */
function readMutants(first) {
  return new Promise((resolve) => {
    const start = (next) => {
      if (next >= from + files) return resolve()
      const worker = fork(join(root, 'tools/fuzz/worker.mjs'), [root, seed, next, from + files, jobs, options.only], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      let at
      let said = ''
      let killed = false
      worker.stderr.on('data', (part) => (said = (said + part).slice(-2000)))
      worker.on('message', (message) => {
        if (message.begun)
          at = { number: message.number, reader: message.begun, cpu: cpuOf(worker.pid), wall: performance.now() }
        else {
          at = { number: message.number, reader: message.reader, done: true }
          if (message.end === 'passed over') return
          if (message.end === 'internal') fail(message.number, message.reader, 'internal', message.said)
          else if (message.seconds > LIMITS.seconds)
            fail(message.number, message.reader, 'hang', `${message.seconds.toFixed(1)} s`)
          else if (message.megabytes > LIMITS.megabytes)
            fail(message.number, message.reader, 'memory', `${Math.round(message.megabytes)} MB`)
          else count(message.reader, message.end)
          table.get(message.reader).seconds += message.seconds
          if (message.number % 1000 < jobs) console.log(`${message.number - from} of ${files}`)
        }
      })
      const look = setInterval(() => {
        if (!at || at.done || killed) return
        const cpu = cpuOf(worker.pid)
        const seconds = cpu === undefined || at.cpu === undefined ? 0 : cpu - at.cpu
        if (seconds <= LIMITS.seconds && performance.now() - at.wall < WALL_SECONDS * 1000) return
        killed = true
        worker.kill('SIGKILL')
      }, LOOK_MS)
      worker.once('exit', (code, signal) => {
        clearInterval(look)
        if (code === 0) return resolve()
        if (!at) throw new Error(`a worker did not start: ${said}`)
        if (!at.done)
          fail(at.number, at.reader, killed ? 'hang' : 'crash', killed ? '' : `${code ?? signal} ${said.trim()}`)
        start(at.number + jobs)
      })
    }
    start(first)
  })
}

function show(number) {
  const made = mutant(wholeModels(root), new Chance(seed, number), number)
  const folder = join(root, '.fuzz', `${seed}-${number}`)
  for (const [name, bytes] of Object.entries(made.files)) {
    if (bytes === undefined) continue
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
  console.log(`${made.reader}: ${folder}`)
}

const begun = performance.now()
await Promise.all(Array.from({ length: jobs }, (_, i) => readMutants(from + i)))
const ENDS = ['read', 'refused', ...FAILURES]
const total = [...table.values()].flatMap((row) => ENDS.map((end) => row[end])).reduce((a, b) => a + b, 0)
console.log(`\n${'reader'.padEnd(16)}${[...ENDS, 'seconds'].map((name) => name.padStart(10)).join('')}`)
for (const [reader, row] of [...table].sort())
  console.log(
    reader.padEnd(16) + [...ENDS, 'seconds'].map((name) => String(Math.round(row[name])).padStart(10)).join(''),
  )
console.log(`${total} files in ${Math.round((performance.now() - begun) / 1000)} s, seed ${seed}, from ${from}`)
if (failures.length > 0)
  console.log(`npm run fuzz -- --seed ${seed} --show ${failures[0]} writes the first one that failed`)
console.log(`${total - failures.length} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 ? 1 : 0
