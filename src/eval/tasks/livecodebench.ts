/**
 * LiveCodeBench: problems of programming contests with the day on which each came out, so that a model can be asked only what is younger
 * than its training. Jain et al., arXiv 2403.07974. Prompts and what counts as right are those of its own runner for chat models.
 */
import { isJsonObject, type JsonObject } from '../../json.js'
import type { DataFile } from '../data/data-file.js'
import { textOf } from '../data/fields.js'
import { jsonLines, jsonObject } from '../data/formats.js'
import { checkingProgram } from '../livecodebench/program.js'
import { testsOf } from '../livecodebench/tests.js'
import { describeVerdict } from '../sandbox/verdict.js'
import { UserError } from '../../errors.js'
import type { Grade, Item, ScoreTools, Task } from '../task/task.js'

const FOLDER =
  'https://huggingface.co/datasets/livecodebench/code_generation_lite/resolve/0fe84c3912ea0c4d4a78037083943e8f0c4dd505'
const METRIC = 'pass@1'
const SYSTEM =
  'You are an expert Python programmer. You will be given a question (problem specification) and will generate a correct Python program ' +
  'that matches the specification and passes all tests.'
const WITH_STARTER =
  'You will use the following starter code to write the solution to the problem and enclose your code within delimiters.'
const WITHOUT_STARTER =
  'Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on the sample inputs). Enclose your ' +
  'code within delimiters as follows. Ensure that when the python program runs, it reads the inputs, runs the algorithm and writes output ' +
  'to STDOUT.'

/** What each release added: its file, and the months of its contests. */
const RELEASES: readonly (readonly [file: string, bytes: number, sha256: string])[] = [
  ['test.jsonl', 1252609773, '2bd02b38beb48e8c46b5b9987095d999ff38cd8efc255ea5d58974317c48f63f'],
  ['test2.jsonl', 713377060, '095df7c5daf15f882c51a9deb84085cff1e073495a5dbcf95015a564d485f3a3'],
  ['test3.jsonl', 623360766, '28ed26cc83363ce3f1fe2d5fad9f8393077beb1907b167a31bd3b32f80801b79'],
  ['test4.jsonl', 1204644685, 'd711138ddaebfcf5f8ec6a4283ee677298c0f5c5d374a235af92aaf0584510da'],
  ['test5.jsonl', 557699297, '7f77571c2a6df0c2a72a3277650309f67e01e0008e18117e624633df53f81214'],
  ['test6.jsonl', 134303240, 'bb4c364f71921c4495a6ad15abe1a927350b720009f4933e2e71f8af0f6fd1f5'],
]

/** `livecodebench_v1` to `livecodebench_v6`: the problems that a release added, as labs name their windows. */
export const liveCodeBenchTasks: readonly Task[] = RELEASES.map(([path, bytes, sha256], i) =>
  added(i + 1, { name: 'problems', bytes, sha256, source: { url: `${FOLDER}/${path}` } }),
)

function added(release: number, file: DataFile): Task {
  return {
    name: `livecodebench_v${release}`,
    title: `problems of contests that release ${release} added, in Python`,
    version: 'lcb_runner 28fef95',
    class: 'generation',
    license: "contest sites' (problems)",
    files: [file],
    metrics: [METRIC],
    shots: 0,
    writing: { stop: [], maxTokens: 2000 },
    code: 'python',
    // All tests of a problem run in one process, which is slower than CPython.
    codeLimits: { seconds: 120, bytes: 512 << 20 },
    read: (files) => ({ items: jsonLines(files.get('problems')!, `livecodebench_v${release}`).map(itemOf) }),
    score: gradeOf,
  }
}

function itemOf(source: JsonObject): Item {
  const { public_test_cases: shown, private_test_cases: hidden, ...doc } = source
  const starter = textOf(doc, 'starter_code')
  const format =
    starter === ''
      ? `### Format: ${WITHOUT_STARTER}\n\`\`\`python\n# YOUR CODE HERE\n\`\`\`\n\n`
      : `### Format: ${WITH_STARTER}\n\`\`\`python\n${starter}\n\`\`\`\n\n`
  const text = `### Question:\n${textOf(doc, 'question_content')}\n\n${format}### Answer: (use the provided format with backticks)\n\n`
  return {
    doc,
    text,
    answer: '',
    messages: [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: text },
    ],
    date: textOf(doc, 'contest_date').slice(0, 10),
    hidden: { question_id: doc['question_id'], public_test_cases: shown, private_test_cases: hidden },
  }
}

/** @throws UserError where programs cannot be run, or tests not be read: a problem is never counted as failed because of it */
async function gradeOf(
  { doc, hidden = {} }: Item,
  { text }: { readonly text: string },
  { runner }: ScoreTools,
): Promise<Grade> {
  if (!runner) throw new UserError('a program is to be run, and there is no sandbox', 'invalid_argument')
  const code = lastBlock(text)
  if (code === '') return { scores: { [METRIC]: 0 }, extracted: ['no block of code'], isInvalid: true }
  const verdict = await runner.run(checkingProgram(code, await testsOf(hidden), functionOf(doc)))
  if (verdict.outcome === 'not run')
    throw new UserError(`a program could not be run: ${verdict.reason}`, 'unsupported_platform')
  return {
    scores: { [METRIC]: verdict.outcome === 'passed' ? 1 : 0 },
    extracted: [describeVerdict(verdict)],
    isInvalid: false,
  }
}

/** What stands between the last two lines with a fence. */
function lastBlock(text: string): string {
  const lines = text.split('\n')
  const fences = lines.flatMap((line, i) => (line.includes('```') ? [i] : []))
  return fences.length < 2 ? '' : lines.slice(fences.at(-2)! + 1, fences.at(-1)).join('\n')
}

function functionOf(doc: JsonObject): string | undefined {
  const metadata = jsonObject(textOf(doc, 'metadata'), `metadata of ${textOf(doc, 'question_id')}`)
  const name: unknown = isJsonObject(metadata) ? metadata['func_name'] : undefined
  return typeof name === 'string' ? name : undefined
}
