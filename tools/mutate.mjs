// Changes the source in small wrong ways, one at a time, and says which of the changes no test notices.
//   npm run test:mutation -- [--only FOLDER] [--sample N] [--seed S] [--fresh]
// What is known from an earlier run is kept in .mutation/ and used as long as the source and the tests are the same; a run that was
// ended continues where it was.
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Memory, hash } from './mutation/memory.mjs'
import { instrument } from './mutation/operators.mjs'

/** Folders of policies, and where their tests are. */
const FOLDERS = {
  'engine/sample': ['test/engine', 'test/grammar'],
  'engine/schedule': ['test/engine'],
  chat: ['test/chat', 'test/grammar'],
  'server/admission': ['test/server'],
}
/** Too slow for every change, or of whole models or a built package. */
const EXCLUDED = /soak|worker\.test|docs\.test|shared-|(engine|plan|backends)\.test/
/** A test, and a file of them, may take so many times as long as without a change, and some seconds more. */
const PATIENCE = 4
const PATIENCE_MS = 5000

const root = fileURLToPath(new URL('../', import.meta.url))
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(FOLDERS) },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
  },
})

function filesOf(folder, wanted) {
  const found = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
  return paths.filter(wanted).sort()
}

const sessions = new Set()
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const session of sessions) session.end()
    process.exit(1)
  })

const patient = (milliseconds) => PATIENCE * milliseconds + PATIENCE_MS

/** A process with Vitest in it, and a folder of its own. */
class Session {
  constructor(files, tests, limits) {
    this.folder = mkdtempSync(join(tmpdir(), 'mutation-'))
    writeFileSync(
      join(this.folder, 'setup.json'),
      JSON.stringify({ files, tests, limits, collect: limits === undefined }),
    )
    sessions.add(this)
  }

  /** Runs test files; `failed` names the test that noticed the change, `by` its file, `late` says that time ran out. */
  async run(mutant, files, limitMs) {
    this.child ??= await this.start()
    const { child } = this
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ by: files[0], failed: 'the time limit', late: true }), limitMs)
      const settle = (result) => {
        clearTimeout(timer)
        child.removeAllListeners()
        if (result.late) this.stop()
        resolve(result)
      }
      child.once('message', settle)
      child.once('exit', () => settle({ by: files[0], failed: 'the process ended', late: true }))
      child.send({ mutant, files })
    })
  }

  start() {
    const module = fileURLToPath(new URL('mutation/session.mjs', import.meta.url))
    const env = { ...process.env, MUTATION_FOLDER: this.folder }
    // A group of its own, so that the test processes end with it.
    const child = fork(module, { cwd: root, env, detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    child.stderr.on('data', (text) => (this.complaint = `${this.complaint ?? ''}${text}`.slice(-2000)))
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve(child))
      child.once('exit', () => reject(new Error(`Vitest did not start: ${this.complaint}`)))
    })
  }

  stop() {
    const { child } = this
    this.child = undefined
    if (!child) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }

  end() {
    this.stop()
    sessions.delete(this)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The changes that a test file reached. */
  reached(test) {
    const mark = join(this.folder, `${encodeURIComponent(join(root, test))}.reached`)
    return existsSync(mark) ? JSON.parse(readFileSync(mark, 'utf8')) : []
  }
}

/** The test files of a folder with their times and what they reach, the quick ones first. */
async function dryRun(files, tests, memory) {
  const session = new Session(files, tests)
  try {
    for (const test of tests) {
      if (memory.dry[test]) continue
      const { failed, milliseconds, longest } = await session.run(undefined, [test], 600_000)
      memory.dry[test] = { failed, milliseconds, longest, reached: session.reached(test) }
      memory.save()
    }
  } finally {
    session.end()
  }
  for (const test of tests)
    if (memory.dry[test].failed)
      console.log(`left out, since it fails without a change: ${test}: ${memory.dry[test].failed}`)
  return tests
    .map((test) => ({ test, ...memory.dry[test] }))
    .filter(({ failed, reached }) => !failed && reached.length > 0)
    .sort((a, b) => a.milliseconds - b.milliseconds)
}

/** `count` of the changes, the same for the same seed. */
function sampled(mutants, count, seed) {
  const keyed = mutants.map((mutant) => [hash(`${seed} ${keyOf(mutant)}`), mutant])
  return keyed
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, count)
    .map(([, mutant]) => mutant)
}

const keyOf = ({ file, operator, original, replacement, line, column }) =>
  `${file} ${line}:${column} ${operator} ${original} => ${replacement}`

async function testMutant(session, mutant, tests) {
  const useful = tests.filter(({ reached }) => reached.includes(mutant.id))
  if (useful.length === 0) return { verdict: 'not reached' }
  const limit = useful.reduce((sum, { milliseconds }) => sum + patient(milliseconds), PATIENCE_MS)
  const files = useful.map(({ test }) => test)
  const { by, failed, late } = await session.run(mutant.id, files, limit)
  return failed === undefined ? { verdict: 'survived' } : { verdict: late ? 'time limit' : 'killed', by, failed }
}

async function mutateFolder(folder) {
  const files = filesOf(`src/${folder}`, (path) => path.endsWith('.ts'))
  const tests = FOLDERS[folder].flatMap((place) =>
    filesOf(place, (path) => path.endsWith('.test.ts') && !EXCLUDED.test(path)),
  )
  const mutants = []
  for (const file of files)
    mutants.push(...instrument(readFileSync(join(root, file), 'utf8'), file, mutants.length + 1).mutants)
  const chosen = options.sample === undefined ? mutants : sampled(mutants, Number(options.sample), options.seed)
  const memory = new Memory(root, folder, files, tests, options.fresh)
  const known = memory.verdicts
  const ordered = await dryRun(files, tests, memory)
  console.log(`${folder}: ${chosen.length} of ${mutants.length} changes, ${ordered.length} test files`)
  const limits = Object.fromEntries(ordered.map(({ test, longest }) => [test, Math.round(patient(longest))]))
  const session = new Session(files, Object.keys(limits), limits)
  try {
    for (;;) {
      const { by, failed } = await session.run(
        0,
        ordered.map(({ test }) => test),
        600_000,
      )
      if (failed === undefined) break
      console.log(`left out, since it fails without a change after the others: ${by}: ${failed}`)
      ordered.splice(
        ordered.findIndex(({ test }) => test === by),
        1,
      )
    }
    for (const [i, mutant] of chosen.entries()) {
      const key = keyOf(mutant)
      if (known[key]) continue
      known[key] = await testMutant(session, mutant, ordered)
      memory.save()
      if (known[key].verdict !== 'killed')
        console.log(`[${i + 1}/${chosen.length}] ${known[key].verdict}: ${shown(mutant)}`)
    }
  } finally {
    session.end()
  }
  return summary(
    folder,
    chosen,
    chosen.map((mutant) => known[keyOf(mutant)]),
  )
}

function shown({ file, line, column, operator, original, replacement }) {
  const short = (text) => text.replace(/\s+/g, ' ').slice(0, 90)
  return `${file}:${line}:${column} ${operator}: ${short(original)} => ${short(replacement) || 'nothing'}`
}

function summary(folder, chosen, results) {
  const count = (verdict) => results.filter((result) => result.verdict === verdict).length
  const noticed = count('killed') + count('time limit')
  const [all, score] = [chosen.length, noticed / chosen.length]
  // Of a sample: within this much of the score of all, in 95 of 100 samples.
  const error = options.sample === undefined ? '' : ` ± ${(196 * Math.sqrt((score * (1 - score)) / all)).toFixed(1)}`
  return (
    `${folder.padEnd(18)} ${(100 * score).toFixed(1)}${error} % noticed: ${count('killed')} by a failing test, ` +
    `${count('time limit')} by a time limit; ${count('survived')} survived, ${count('not reached')} are reached by no test; of ${all}`
  )
}

const lines = []
for (const folder of options.only) {
  if (!FOLDERS[folder]) throw new Error(`--only ${folder}: expected one of ${Object.keys(FOLDERS).join(', ')}`)
  lines.push(await mutateFolder(folder))
}
console.log(`\n${lines.join('\n')}`)
