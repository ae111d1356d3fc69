// A process that runs test files against instrumented sources, one change after the other, so that Vitest starts once.
// Whoever started it ends it where a change makes a test run for ever.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseSequencer, createVitest } from 'vitest/node'
import { instrument } from './operators.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = process.env.MUTATION_FOLDER
const { files, tests, collect } = JSON.parse(readFileSync(join(folder, 'setup.json'), 'utf8'))
const active = join(folder, 'active')

const sources = new Map()
let next = 1
for (const file of files) {
  const { code, mutants } = instrument(readFileSync(join(root, file), 'utf8'), file, next, collect)
  next += mutants.length
  sources.set(join(root, file), code)
}

/** The quick files first, as whoever asks has them. */
let order = []
class InOrder extends BaseSequencer {
  sort(specifications) {
    return Promise.resolve([...specifications].sort((a, b) => order.indexOf(a) - order.indexOf(b)))
  }
}

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    include: tests,
    pool: 'forks',
    maxWorkers: 1,
    // One process for all files of a run. To tell what each file reaches, each has its own.
    isolate: collect,
    sequence: { sequencer: InOrder },
    bail: collect ? 0 : 1,
    // Whole models say little about policies, and take long.
    testNamePattern: /^(?!.*the cpu backend)/,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: [fileURLToPath(new URL('setup.mjs', import.meta.url))],
    reporters: [{}],
  },
  {
    plugins: [
      {
        name: 'mutants',
        enforce: 'pre',
        transform: (_code, id) => {
          const code = sources.get(id.replace(/\?.*/, ''))
          return code === undefined ? undefined : { code, map: null }
        },
      },
    ],
  },
)
await vitest.standalone?.()
const specifications = new Map(
  (await vitest.globTestSpecifications()).map((spec) => [relative(root, spec.moduleId), spec]),
)

/** Runs test files one after the other, up to the first failure. */
async function run(files) {
  const started = performance.now()
  order = files.map((file) => specifications.get(file))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(order)
  // The modules of earlier runs are there too.
  const modules = order.map(({ moduleId }) => testModules.find((module) => module.moduleId === moduleId))
  const failures = []
  let longest = 0
  for (const [i, module] of modules.entries()) {
    const tests = module ? [...module.children.allTests()] : []
    for (const test of tests) longest = Math.max(longest, test.diagnostic()?.duration ?? 0)
    const failed = tests.find((test) => test.result().state === 'failed')?.fullName ?? module?.errors()[0]?.message
    if (failed !== undefined) failures.push({ by: files[i], failed })
  }
  for (const { message } of unhandledErrors)
    failures.push({ by: files[0], failed: `an error outside of tests: ${message}` })
  return { ...failures[0], longest, milliseconds: performance.now() - started }
}

process.on('message', async ({ mutant, files }) => {
  if (mutant === undefined) rmSync(active, { force: true })
  else writeFileSync(active, String(mutant))
  process.send(await run(files).catch((error) => ({ by: files[0], failed: `the run failed: ${error}` })))
})
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
