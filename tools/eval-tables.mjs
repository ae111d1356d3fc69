// Writes the tables of docs/eval.md from the folders that bench/eval/lab.sh made, and keeps their numbers in bench/results/eval-lab.json:
//   node tools/eval-tables.mjs [OUT]      without OUT: from what was kept
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { table, writeSection } from './measured-section.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const KEPT = join(root, 'bench/results/eval-lab.json')
/** What the lab says of its own weights in BF16 (Qwen2.5-Coder technical report, table of instruct models). */
const PUBLISHED = { humaneval_chat: 0.707 }
const SUBJECTS = {
  'coder-fast': 'Qwen2.5-Coder-1.5B-Instruct Q4_K_M, `fast`',
  'coder-exact': 'the same file, `exact`',
  'coder-native': 'the same file, llama.cpp',
  'coder-bfcl': 'Qwen2.5-Coder-1.5B-Instruct Q4_K_M, `fast`',
  smollm2: 'SmolLM2-135M-Instruct Q4_1, `fast`',
  mini: 'mini, `fast`',
}

/** Which model a folder has the answers of. */
const fileOf = (name) => name.split('-')[0]

/** The report of the folders that are there, without what only this machine has. */
function measured(out) {
  const names = Object.keys(SUBJECTS).filter((name) => existsSync(join(out, name, 'results.json')))
  if (names.length === 0)
    throw new Error(`${out}: expected a folder of bench/eval/lab.sh, found ${readdirSync(out).join(', ') || 'nothing'}`)
  const main = join(root, 'dist/cli/main.js')
  const options = { encoding: 'utf8', cwd: out, maxBuffer: 1 << 28 }
  const report = JSON.parse(execFileSync(process.execPath, [main, 'eval', 'report', ...names, '--json'], options))
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length },
    node: process.version,
    runs: report.runs.map(({ name, results }) => ({
      name,
      results: results.map(
        ({ identity: { task, version, isWhole, prompts }, documents, metrics, cutShare, tokens }) => {
          const [metric] = Object.keys(metrics)
          return { task, version, isWhole, prompts, documents, metric, ...metrics[metric], cutShare, tokens }
        },
      ),
    })),
    // Of the same weights: what another precision or another engine changes.
    differences: (report.differences ?? []).filter(
      ({ a, b, comparisons }) => fileOf(a) === fileOf(b) && comparisons?.length > 0,
    ),
  }
}

const percent = (value) => `${(100 * value).toFixed(1)} %`

function scoreRows({ runs }) {
  return runs.flatMap(({ name, results }) =>
    results.map(({ task, value, interval, documents, isWhole, cutShare }) => [
      `\`${task}\``,
      SUBJECTS[name],
      percent(value),
      `${percent(interval.low)} to ${percent(interval.high)}`,
      `${documents}${isWhole ? '' : ' (a part)'}`,
      percent(cutShare),
      PUBLISHED[task] && name.startsWith('coder') ? percent(PUBLISHED[task]) : '',
    ]),
  )
}

function pairRows({ differences }) {
  return differences.flatMap(({ a, b, comparisons }) =>
    comparisons.map(({ task, difference, bootstrap, onlyA, onlyB, pValue, detectable, sameText }) => [
      `\`${task}\``,
      `${SUBJECTS[a]}; ${SUBJECTS[b]}`,
      `${(100 * difference).toFixed(1)} points (${(100 * bootstrap.low).toFixed(1)} to ${(100 * bootstrap.high).toFixed(1)})`,
      `${onlyA} and ${onlyB}`,
      sameText === undefined ? '' : String(sameText),
      pValue.toFixed(2),
      `${(100 * detectable).toFixed(1)} points`,
    ]),
  )
}

const [out] = process.argv.slice(2)
if (out !== undefined) writeFileSync(KEPT, `${JSON.stringify(measured(out), null, 2)}\n`)
if (!existsSync(KEPT))
  throw new Error('bench/results/eval-lab.json: not there; run bench/eval/lab.sh MODELS LLAMA OUT first')
const kept = JSON.parse(readFileSync(KEPT, 'utf8'))
const pairs = pairRows(kept)
writeSection('docs/eval.md', 'lab', [
  ...table(['task', 'model', 'score', '95 % interval', 'documents', 'cut', 'the lab, BF16'], scoreRows(kept)),
  '',
  ...(pairs.length === 0
    ? []
    : [
        ...table(['task', 'pair', 'difference', 'right only in one', 'same text', 'p (McNemar)', 'shows from'], pairs),
        '',
      ]),
  `Greedy, ${kept.machine.cpu}, ${kept.machine.cores} cores, Node ${kept.node.replace(/^v/, '')}, ${kept.date}: \`bench/eval/lab.sh MODELS LLAMA OUT\`.`,
])
