// Prompts byte for byte as transformers makes them: published templates and our own, each with every conversation, and one-liners.
// Needs Python with pip, and KAIYUAN_REFERENCE with real/llama-cpp.sh for the published templates; what cannot be had is skipped.
// `--record` writes what `npm test` compares with. Ends with `N passed, N failed`.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { compared, comparedOneLiners, renderOurs } from './outcomes.mjs'
import { contextText, conversations, oneLiners, ownTemplates, templatesOf } from './sets.mjs'

const PACKAGES = ['transformers==5.24.0', 'jinja2==3.1.6']
const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules/.cache/templates')
const recorded = join(root, 'test/fixtures/templates/expected.json')
const { values: flags } = parseArgs({ options: { record: { type: 'boolean' } } })

/** Ends without a failure: what is missing is not ours. */
function skip(reason) {
  console.log(`skipped: ${reason}`)
  console.log('0 passed, 0 failed')
  process.exit(0)
}

const reasonOf = (error) => (error.stderr?.toString() || error.message).trim().split('\n').at(-1)

/** A Python with the packages; made once. */
function python() {
  const given = process.env.KAIYUAN_TEMPLATES_PYTHON
  if (given) return given
  const binary = join(cache, 'venv/bin/python')
  if (existsSync(join(cache, 'venv/installed'))) return binary
  try {
    mkdirSync(cache, { recursive: true })
    execFileSync('python3', ['-m', 'venv', '--clear', join(cache, 'venv')], { stdio: 'pipe' })
    execFileSync(binary, ['-m', 'pip', 'install', '-q', ...PACKAGES], { stdio: 'pipe' })
    writeFileSync(join(cache, 'venv/installed'), PACKAGES.join('\n'))
    return binary
  } catch (error) {
    return skip(`no Python with ${PACKAGES.join(' and ')}: ${reasonOf(error)}`)
  }
}

/** Where the templates are that llama.cpp collects. */
const published = join(cache, 'llama.cpp/models/templates')

/** The templates that llama.cpp collects; none where its source cannot be had. */
function publishedTemplates() {
  const reference = process.env.KAIYUAN_REFERENCE
  if (!reference) {
    console.log('published templates: skipped: KAIYUAN_REFERENCE is not set to the folder of reference files')
    return {}
  }
  try {
    if (!existsSync(published))
      execFileSync('bash', [resolve(reference, 'real/llama-cpp.sh'), join(cache, 'llama.cpp')], { stdio: 'pipe' })
    return templatesOf(pathToFileURL(`${published}/`))
  } catch (error) {
    console.log(`published templates: skipped: ${reasonOf(error)}`)
    return {}
  }
}

/** What the published templates write of an assistant's turns, read back: tests that passed, and that failed. */
function roundTrips() {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const options = { cwd: root, env: { ...process.env, KAIYUAN_TEMPLATES: published }, encoding: 'utf8' }
  const { stdout } = spawnSync(process.execPath, [vitest, 'run', 'test/templates/round-trip.test.ts'], options)
  const line = /^(\d+) passed, (\d+) failed/m.exec(stdout)
  if (!line || line[2] !== '0') console.log(stdout)
  return line ? { passed: Number(line[1]), failed: Number(line[2]) } : { passed: 0, failed: 1 }
}

function expectedOf(templates) {
  const job = join(cache, 'job.json')
  mkdirSync(cache, { recursive: true })
  writeFileSync(job, JSON.stringify({ templates, conversations, context: contextText, oneLiners }))
  const oracle = join(root, 'tools/oracle/render_templates.py')
  return JSON.parse(execFileSync(python(), [oracle, job], { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] }))
}

const load = (path) => import(pathToFileURL(join(root, 'dist/chat', path)).href)
const chat = { ...(await load('template.js')), ...(await load('python/json.js')) }
const templates = { ...ownTemplates, ...(flags.record ? {} : publishedTemplates()) }
const expected = expectedOf(templates)
if (flags.record) {
  mkdirSync(join(recorded, '..'), { recursive: true })
  writeFileSync(recorded, `${JSON.stringify(expected, null, 1)}\n`)
}

const counts = { same: 0, meant: 0, refused: 0, known: 0, different: 0 }
const reasons = new Map()
for (const [file, source] of Object.entries(templates)) {
  const ours = renderOurs(chat, file, source, conversations)
  for (const name of Object.keys(conversations)) {
    const { kind, where, reason } = compared(file, name, expected.rendered[file][name], ours(name))
    counts[kind]++
    if (kind === 'different') console.log(`FAILED ${file} ${name}: ${where}`)
    if (kind === 'known') reasons.set(`${file}: ${reason}`, [...(reasons.get(`${file}: ${reason}`) ?? []), name])
  }
}
const wrong = comparedOneLiners(chat, expected.oneLiners)
for (const line of wrong) console.log(`FAILED one line ${line}`)
for (const [reason, names] of reasons) console.log(`not the reference's (${names.length}): ${reason}`)
console.log({
  templates: Object.keys(templates).length,
  conversations: Object.keys(conversations).length,
  ...counts,
  oneLiners: oneLiners.length,
})
const trips = existsSync(published) && !flags.record ? roundTrips() : { passed: 0, failed: 0 }
console.log({ roundTrips: trips })
const total = Object.values(counts).reduce((a, b) => a + b) + oneLiners.length
const failed = counts.different + wrong.length
console.log(`${total - failed + trips.passed} passed, ${failed + trips.failed} failed`)
process.exit(failed + trips.failed === 0 ? 0 : 1)
