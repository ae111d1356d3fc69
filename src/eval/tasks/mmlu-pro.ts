/** MMLU-Pro: questions of 14 categories with ten answers, worked out in steps. Wang et al., arXiv 2406.01574. */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import { strip } from '../../chat/python/text.js'
import { textOf, textsOf } from '../data/fields.js'
import { parquetRows } from '../parquet/parquet.js'
import type { Grade, Item, Task, TaskData, TaskFiles } from '../task/task.js'

const FOLDER =
  'https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro/resolve/b189ec765aa7ed75c8acfea42df31fdae71f97be/data'
const LETTERS = 'ABCDEFGHIJ'
const INVALID = '[invalid]'
const METRIC = 'exact_match,custom-extract'
/** In the reference's order. */
const CATEGORIES = [
  ...['biology', 'business', 'chemistry', 'computer science', 'economics', 'engineering', 'health', 'history', 'law'],
  ...['math', 'other', 'philosophy', 'physics', 'psychology'],
]

/** It is published as Parquet alone. */
export const mmluPro: Task = {
  name: 'mmlu_pro',
  title: '14 categories with ten answers, in steps',
  version: '3.1',
  class: 'generation',
  license: 'MIT',
  files: [
    {
      name: 'test',
      bytes: 4144185,
      sha256: '0e24a191921c2f453518a537a8b2117bd137e7714d4ef1565e9ba06c1ecb9ad8',
      source: { url: `${FOLDER}/test-00000-of-00001.parquet` },
    },
    {
      name: 'validation',
      bytes: 42857,
      sha256: '139423c23722e480c807ac4a191409a710cfce4eba744c1d641cf88e730e2078',
      source: { url: `${FOLDER}/validation-00000-of-00001.parquet` },
    },
  ],
  metrics: [METRIC],
  shots: 5,
  chance: 0.1,
  take: 'first',
  writing: { stop: ['Question:'], maxTokens: 2048 },
  read: (files) => dataOf(files, CATEGORIES),
  score: ({ answer }, { text }) => gradeOf(answer, text),
}

/** One category alone, as the reference's `mmlu_pro_CATEGORY`. @throws UserError for a name that is none */
export function mmluProCategory(name: string): Task {
  const category = name.replaceAll('_', ' ')
  if (!CATEGORIES.includes(category))
    throw new UserError(
      `there is no category ${name} in MMLU-Pro. There are: ${CATEGORIES.join(', ').replaceAll(' ', '_').replaceAll(',_', ', ')}.`,
      'invalid_argument',
    )
  return {
    ...mmluPro,
    name: `mmlu_pro_${name}`,
    title: `MMLU-Pro: ${category}`,
    read: (files) => dataOf(files, [category]),
  }
}

function dataOf(files: TaskFiles, categories: readonly string[]): TaskData {
  const [test, validation] = ['test', 'validation'].map((name) => parquetRows(files.get(name)!, `mmlu_pro ${name}`))
  const of = (docs: readonly JsonObject[], category: string): JsonObject[] =>
    docs.filter((doc) => textOf(doc, 'category') === category)
  const examples = new Map(
    categories.map((category) => [category, of(validation!, category).map((doc) => itemOf(doc, workedOut(doc)))]),
  )
  const items = categories.flatMap((category) => of(test!, category))
  return {
    items: items.map((doc) => itemOf(doc, textOf(doc, 'answer'))),
    examples: ({ group = '' }) => examples.get(group) ?? [],
  }
}

function itemOf(doc: JsonObject, answer: string): Item {
  const category = textOf(doc, 'category')
  const options = textsOf(doc, 'options')
    .slice(0, LETTERS.length)
    .map((option, i) => `${LETTERS[i]}. ${strip(option)}\n`)
  const asked =
    'Think step by step and then finish your answer with "the answer is (X)" where X is the correct letter choice.'
  return {
    doc,
    description: `The following are multiple choice questions (with answers) about ${category}. ${asked}\n`,
    text: `Question:\n${textOf(doc, 'question')}\nOptions:\n${options.join('')}Answer: Let's think step by step.`,
    answer,
    group: category,
  }
}

function workedOut(doc: JsonObject): string {
  return textOf(doc, 'cot_content').replaceAll("A: Let's think step by step. ", '')
}

/** The letter of the first "answer is (X)". */
function gradeOf(answer: string, text: string): Grade {
  const [, found] = /answer is \(?([A-J])\)?/.exec(text) ?? []
  return {
    scores: { [METRIC]: found === answer ? 1 : 0 },
    extracted: [found ?? INVALID],
    isInvalid: found === undefined,
  }
}
