// A process that runs test files against instrumented sources, one change after the other, so that Vitest starts once.
// Whoever started it ends it where a change makes a test run for ever.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createVitest } from 'vitest/node'
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

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    include: tests,
    pool: 'forks',
    maxWorkers: 1,
    bail: collect ? 0 : 1,
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

async function runFile(file) {
  const started = performance.now()
  const specification = specifications.get(file)
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification])
  // The modules of earlier runs are there too.
  const module = testModules.find(({ moduleId }) => moduleId === specification.moduleId)
  const tests = module ? [...module.children.allTests()] : []
  const failed = tests.filter((test) => test.result().state === 'failed').map((test) => test.fullName)
  const errors = [...(module?.errors() ?? []), ...unhandledErrors].map(
    ({ message }) => `an error outside of tests: ${message}`,
  )
  if (tests.length === 0) errors.push('the file has no tests')
  const longest = Math.max(0, ...tests.map((test) => test.diagnostic()?.duration ?? 0))
  return { failed: [...failed, ...errors][0], longest, milliseconds: performance.now() - started }
}

process.on('message', async ({ mutant, file }) => {
  if (mutant === undefined) rmSync(active, { force: true })
  else writeFileSync(active, String(mutant))
  process.send(await runFile(file).catch((error) => ({ failed: `the run failed: ${error}`, milliseconds: 0 })))
})
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
