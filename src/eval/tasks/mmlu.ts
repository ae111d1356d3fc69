/** MMLU: 57 subjects in questions with four answers. Hendrycks et al., arXiv 2009.03300. */
import { csvRows, tarFiles } from '../data/formats.js'
import { strip } from '../../chat/python/text.js'
import type { Item, Task, TaskData } from '../task/task.js'

const LETTERS = ['A', 'B', 'C', 'D']
const FILE = /(?:^|\/)(test|dev)\/([a-z_]+)_(?:test|dev)\.csv$/

export const mmlu: Task = {
  name: 'mmlu',
  title: '57 subjects, from algebra to world religions',
  version: '1.0',
  class: 'likelihood',
  license: 'MIT',
  files: [
    {
      name: 'data.tar',
      bytes: 166184960,
      sha256: 'bec563ba4bac1d6aaf04141cd7d1605d7a5ca833e38f994051e818489592989b',
      source: { url: 'https://people.eecs.berkeley.edu/~hendrycks/data.tar' },
    },
  ],
  metrics: ['acc'],
  shots: 0,
  chance: 0.25,
  take: 'first',
  read: (files) => dataOf(files.get('data.tar')!),
}

/** One subject alone, as the reference's `mmlu_SUBJECT`. */
export function mmluSubject(subject: string): Task {
  return {
    ...mmlu,
    name: `mmlu_${subject}`,
    title: `MMLU: ${subject.replaceAll('_', ' ')}`,
    read: (files) => dataOf(files.get('data.tar')!, subject),
  }
}

/** @param only one subject */
function dataOf(archive: Uint8Array, only?: string): TaskData {
  const tests: Item[] = []
  const examples = new Map<string, Item[]>()
  for (const [path, bytes] of [...tarFiles(archive)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [, split, subject] = FILE.exec(path) ?? []
    if (subject === undefined || (only !== undefined && subject !== only)) continue
    const items = csvRows(bytes).map((row) => itemOf(row, subject))
    if (split === 'test') tests.push(...items)
    else examples.set(subject, items)
  }
  return { items: tests, examples: ({ group = '' }) => examples.get(group) ?? [] }
}

/** question, four answers, letter */
function itemOf(
  [question = '', a = '', b = '', c = '', d = '', letter = '']: readonly string[],
  subject: string,
): Item {
  const options = [a, b, c, d]
  const listed = options.map((option, i) => `${LETTERS[i]}. ${option}`).join('\n')
  return {
    doc: { question, subject, choices: options, answer: LETTERS.indexOf(letter) },
    description: `The following are multiple choice questions (with answers) about ${subject.replaceAll('_', ' ')}.\n\n`,
    text: `${strip(question)}\n${listed}\nAnswer:`,
    choices: LETTERS,
    gold: LETTERS.indexOf(letter),
    answer: letter,
    group: subject,
  }
}
