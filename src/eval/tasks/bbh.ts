/** BIG-Bench Hard: 27 tasks that older models did worse than people, with three worked examples. Suzgun et al., arXiv 2210.09261. */
import { textOf } from '../data/fields.js'
import { jsonObject } from '../data/formats.js'
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import { strip } from '../../chat/python/text.js'
import { allMatches } from '../score/extract.js'
import type { Grade, Item, Task, TaskData, TaskFiles } from '../task/task.js'
import { BBH_FILES } from './bbh-files.js'

const FOLDER = 'https://raw.githubusercontent.com/suzgunmirac/BIG-Bench-Hard/9ee07bd481feebf959a6b59d61ea57bdcf30964d'
const THINK = "A: Let's think step by step.\n"
const SHOTS = 3
const INVALID = '[invalid]'

/** With the harness's three examples, which are those of the paper. @param subjects of {@link BBH_FILES} */
function bbh(name: string, title: string, subjects: readonly string[]): Task {
  return {
    name,
    title,
    version: '4.0',
    class: 'generation',
    license: 'MIT',
    files: subjects.flatMap((subject) =>
      BBH_FILES[subject]!.map((file) => ({ ...file, source: { url: `${FOLDER}/${file.name}` } })),
    ),
    metrics: ['exact_match,get-answer'],
    shots: SHOTS,
    delimiter: '',
    take: 'first',
    writing: { stop: ['</s>', 'Q', '\n\n'], maxTokens: 1024 },
    read: (files) => dataOf(subjects, files),
    score: ({ answer }, { text }) => gradeOf(answer, text),
  }
}

export const bbhFewShot = bbh('bbh', '27 tasks of reasoning in steps', Object.keys(BBH_FILES))

/** @throws UserError for a task that is none of the 27 */
export function bbhSubject(subject: string): Task {
  if (!(subject in BBH_FILES))
    throw new UserError(
      `there is no task ${subject} in BIG-Bench Hard. There are: ${Object.keys(BBH_FILES).join(', ')}.`,
      'invalid_argument',
    )
  return bbh(`bbh_cot_fewshot_${subject}`, `BIG-Bench Hard: ${subject.replaceAll('_', ' ')}`, [subject])
}

function dataOf(subjects: readonly string[], files: TaskFiles): TaskData {
  const examples = new Map<string, readonly Item[]>()
  const items = subjects.flatMap((subject) => {
    const { description, shown } = promptFile(decoded(files, `cot-prompts/${subject}.txt`), subject)
    examples.set(subject, shown)
    const { examples: docs } = jsonObject(decoded(files, `bbh/${subject}.json`), subject)
    if (!Array.isArray(docs)) throw new UserError(`${subject}: expected examples, found none`, 'invalid_file')
    return docs.filter(isJsonObject).map((doc) => {
      const text = `Q: ${textOf(doc, 'input')}\n${THINK}`
      return { doc, description, text, answer: textOf(doc, 'target'), group: subject }
    })
  })
  return { items, examples: ({ group = '' }) => examples.get(group) ?? [] }
}

function decoded(files: TaskFiles, name: string): string {
  return new TextDecoder().decode(files.get(name))
}

/** A line for contamination tests, a rule, what the task is, and its examples. */
function promptFile(text: string, subject: string): { description: string; shown: readonly Item[] } {
  const body = strip(text.slice(text.indexOf('-----\n') + '-----\n'.length))
  const [description = '', ...examples] = body.split(/\n\n(?=Q: )/)
  const shown = examples.map((example) => {
    const at = example.indexOf(THINK) + THINK.length
    return { doc: {}, text: example.slice(0, at), answer: example.slice(at), group: subject }
  })
  return { description: `${description}\n\n`, shown }
}

/** What follows the first "the answer is ", without its last character, which is the full stop of a well-formed answer. */
function gradeOf(answer: string, text: string): Grade {
  const [found] = allMatches(/(?<=the answer is )([^\n]*)(?=[^\n])/g, text)
  const read = strip(found ?? INVALID)
  const right = found !== undefined && read === answer ? 1 : 0
  return { scores: { 'exact_match,get-answer': right }, extracted: [read], isInvalid: found === undefined }
}
