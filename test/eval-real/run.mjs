// npm run test:eval [-- VITEST'S ARGUMENTS]: our evaluation against lm-evaluation-harness and bfcl-eval, which pip installs: prompts, what is
// read out of answers, scores, checks of instructions and calls; likelihoods too, through its API model of a real model that pip has
// (KAIYUAN_MODELS=FOLDER has it already), and where torch is there already (KAIYUAN_EVAL_PYTHON) and KAIYUAN_REFERENCE has a checkpoint. What cannot be had is a skip with the reason. Ends with `N passed, N failed`.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { obtain } from '../models-real/models.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, 'node_modules/.cache/eval')
const fixtures = join(root, 'test/fixtures/eval')
const script = (name) => join(root, 'test/eval-real', name)

/** Without their dependencies; those that are needed without a model come after. bfcl-eval wants every vendor's client. */
const HARNESSES = ['lm-eval==0.4.13', 'bfcl-eval==2026.3.23']
const NEEDED = [
  ...['transformers==5.24.0', 'datasets', 'evaluate', 'jinja2', 'sacrebleu', 'scikit-learn', 'more-itertools', 'dill'],
  ...['pytablewriter', 'rouge-score', 'sqlitedict', 'word2number', 'tenacity', 'aiohttp', 'requests', 'tiktoken'],
  ...['langdetect', 'nltk', 'immutabledict', 'numpy', 'scipy', 'wonderwords==3.0.1'],
]

const reasonOf = (error) => (error.stderr?.toString() || error.message).trim().split('\n').at(-1)

/** A Python with the harnesses; made once. */
function python() {
  const given = process.env.KAIYUAN_EVAL_PYTHON
  if (given) return given
  const binary = join(cache, 'venv/bin/python')
  if (existsSync(join(cache, 'venv/installed'))) return binary
  mkdirSync(cache, { recursive: true })
  execFileSync('python3', ['-m', 'venv', '--clear', join(cache, 'venv')], { stdio: 'pipe' })
  execFileSync(binary, ['-m', 'pip', 'install', '-q', ...NEEDED], { stdio: 'pipe' })
  execFileSync(binary, ['-m', 'pip', 'install', '-q', '--no-deps', ...HARNESSES], { stdio: 'pipe' })
  writeFileSync(join(cache, 'venv/installed'), [...HARNESSES, ...NEEDED].join('\n'))
  return binary
}

/** Runs a script of this folder; its output's path, or why there is none. */
function made(binary, name, out, ...args) {
  const path = join(cache, out)
  try {
    mkdirSync(cache, { recursive: true })
    execFileSync(binary, [script(name), ...args.map((arg) => (arg === 'OUT' ? path : arg))], {
      stdio: 'pipe',
      timeout: 600_000,
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    })
    return { path }
  } catch (error) {
    return { skipped: reasonOf(error) }
  }
}

const env = { ...process.env }
function give(variable, { path, skipped }, what) {
  if (path) env[variable] = path
  else env[`${variable}_SKIPPED`] = skipped
  console.log(`${what}: ${path ? 'made' : `skipped: ${skipped}`}`)
}

try {
  const binary = python()
  give('KAIYUAN_EVAL_REFERENCE', made(binary, 'reference.py', 'reference.json', fixtures, 'OUT'), 'prompts and scores')
  const instructions = made(binary, 'instructions.py', 'instructions.json', join(fixtures, 'instructions.json'), 'OUT')
  give('KAIYUAN_EVAL_INSTRUCTIONS', instructions, 'instructions')
  give(
    'KAIYUAN_EVAL_AIME',
    made(binary, 'aime.py', 'aime.json', join(fixtures, 'aime-verdicts.json'), 'OUT'),
    'results',
  )
  give('KAIYUAN_EVAL_CALLS', made(binary, 'calls.py', 'calls.jsonl', 'OUT'), 'calls')
  const where =
    'import importlib.util as i, os; print(os.path.dirname(os.path.dirname(i.find_spec("bfcl_eval").origin)))'
  env.KAIYUAN_EVAL_PACKAGES = execFileSync(binary, ['-c', where]).toString().trim()
  const checkpoint = join(process.env.KAIYUAN_REFERENCE ?? '', 'real/tinystories-656k')
  env.KAIYUAN_EVAL_CHECKPOINT = checkpoint
  const harness =
    process.env.KAIYUAN_REFERENCE && existsSync(checkpoint)
      ? made(binary, 'reference.py', 'harness.json', fixtures, 'OUT', checkpoint)
      : { skipped: 'KAIYUAN_REFERENCE is not set to the folder of reference files' }
  give('KAIYUAN_EVAL_HARNESS', harness, 'likelihoods')
  env.KAIYUAN_EVAL_API_PYTHON = binary
  const models = join(root, 'node_modules/.cache/models')
  give('KAIYUAN_EVAL_SMOLLM2', await obtain('smollm2', process.env.KAIYUAN_MODELS, models), 'a real model')
} catch (error) {
  console.log(`the harnesses: skipped: ${reasonOf(error)}`)
}
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const args = [vitest, 'run', '--config', script('vitest.config.ts'), ...process.argv.slice(2)]
process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1
