/**
 * RULER: what a model finds in a long text, which is made as long as is asked for, by a seed. Hsieh et al., arXiv 2404.06654. Prompts are
 * those of lm-evaluation-harness for a task that it makes alone, with the seeds of its defaults.
 */
import { UserError } from '../../errors.js'
import { strip } from '../../chat/python/text.js'
import type { DataFile } from '../data/data-file.js'
import { commonWords, frequentWords } from '../ruler/common-words.js'
import { needles, type NeedleForm } from '../ruler/needles.js'
import type { RulerDocument, Sizing } from '../ruler/sizing.js'
import { variables } from '../ruler/variables.js'
import { ordered, wordPairs } from '../ruler/word-pairs.js'
import type { Grade, Item, Task, TaskFiles } from '../task/task.js'

const DOCUMENTS = 500
const LENGTH = 4096
const [SHORTEST, LONGEST] = [1024, 1 << 22]

function wordFile(name: string, bytes: number, sha256: string): DataFile {
  return { name, bytes, sha256, source: { package: 'wonderwords==3.0.1', path: `wonderwords/assets/${name}list.txt` } }
}
const NOUNS = wordFile('noun', 54752, '8d88b3ebc2e2969ed92ebe49cdb0c8a87c2ad3b27493d7afdff608f2e51c5bc9')
const ADJECTIVES = wordFile('adjective', 7403, '66814d46b7e292c83e839d12fe2fa083c8f66779b14b294e1be4e1342c5d4131')
const VERBS = wordFile('verb', 6967, '9fbf5e4e69b8869aebd88e6d545312ff9f878a747327ede5f6dbbba5c27b08ad')

interface Form {
  readonly title: string
  readonly files: readonly DataFile[]
  readonly maxTokens: number
  readonly delimiter?: string
  readonly make: (files: TaskFiles, sizing: Sizing) => Promise<RulerDocument[]>
}

function needle(title: string, form: NeedleForm): Form {
  return {
    title,
    files: form.key === 'words' ? [NOUNS, ADJECTIVES] : [],
    maxTokens: 128,
    make: (files, sizing) =>
      needles(form, form.key === 'words' ? wordPairs(wordsIn(files, ADJECTIVES), wordsIn(files, NOUNS)) : [], sizing),
  }
}

const FORMS: Readonly<Record<string, Form>> = {
  niah_single_1: needle('a number among the same sentences', { haystack: 'repeat', key: 'words', value: 'numbers' }),
  niah_multikey_2: needle('a number among other numbers', { haystack: 'needle', key: 'words', value: 'numbers' }),
  niah_multikey_3: needle('a UUID among other UUIDs', { haystack: 'needle', key: 'uuids', value: 'uuids' }),
  ruler_vt: {
    title: 'variables that are given the same value',
    files: [],
    maxTokens: 30,
    make: (_, sizing) => variables(sizing),
  },
  ruler_cwe: {
    title: 'the ten commonest words of a list',
    files: [NOUNS, ADJECTIVES, VERBS],
    maxTokens: 120,
    delimiter: '\n\n',
    make: (files, sizing) => commonWords(allWords(files), sizing),
  },
  ruler_fwe: {
    title: 'the three commonest of coded words',
    files: [],
    maxTokens: 50,
    make: (_, sizing) => frequentWords(sizing),
  },
}

function ruler(name: string, length: number): Task {
  const { title, files, maxTokens, delimiter, make } = FORMS[name]!
  const metric = String(length)
  return {
    name: length === LENGTH ? name : `${name}_${length}`,
    title: `RULER: ${title}, in ${length} tokens`,
    version: '1.0',
    class: 'generation',
    license: 'Apache-2.0',
    files,
    metrics: [metric],
    shots: 0,
    delimiter,
    writing: { stop: [], maxTokens },
    read: async (found, tools) => {
      if (!tools) throw new UserError(`${name}: how long a prompt is takes a tokenizer to tell`, 'invalid_argument')
      const { countTokens, limit = DOCUMENTS } = tools
      const documents = await make(found, { length, count: Math.min(limit, DOCUMENTS), countTokens })
      return { items: documents.map((one, index) => itemOf(one, index, length)), total: DOCUMENTS }
    },
    score: ({ doc }, { text }) => gradeOf(doc['outputs'] as readonly string[], text, metric),
  }
}

/** In 4,096 tokens, which is the reference's length too. */
export const rulerTasks: readonly Task[] = Object.keys(FORMS).map((name) => ruler(name, LENGTH))

/** In another length: `niah_single_1_32768`. @throws UserError for those that are left out, with the reason */
export function rulerNamed(name: string): Task {
  if (/^niah_(?:single_[23]|multikey_1|multivalue|multiquery)(?:_\d+)?$/.test(name))
    throw new UserError(
      `${name} hides its needles in essays that have no licence, cut into sentences by a model of NLTK; neither is here. Take ${Object.keys(FORMS).join(', ')}.`,
      'invalid_argument',
    )
  if (/^ruler_qa_/.test(name))
    throw new UserError(
      `${name} asks questions of SQuAD and HotpotQA, which are not here. Take ${Object.keys(FORMS).join(', ')}.`,
      'invalid_argument',
    )
  const [, form = '', digits = ''] = /^(.*)_(\d+)$/.exec(name) ?? []
  const length = Number(digits)
  if (!(form in FORMS))
    throw new UserError(
      `there is no task ${name} of RULER. There are: ${Object.keys(FORMS).join(', ')}, each with a length too, such as niah_single_1_32768.`,
      'invalid_argument',
    )
  if (length < SHORTEST || length > LONGEST)
    throw new UserError(
      `${name}: expected a length of ${SHORTEST} to ${LONGEST} tokens, found ${length}`,
      'invalid_argument',
    )
  return ruler(form, length)
}

function itemOf({ input, outputs, prefix }: RulerDocument, index: number, length: number): Item {
  const doc = { index, input, outputs, max_length: length, gen_prefix: prefix }
  return { doc, text: input, prefix, answer: outputs.join(', ') }
}

/** The share of what was asked for that the answer contains, in whatever case. */
function gradeOf(outputs: readonly string[], text: string, metric: string): Grade {
  const said = strip(printable(strip(text))).toLowerCase()
  const found = outputs.filter((output) => said.includes(output.toLowerCase()))
  return { scores: { [metric]: found.length / outputs.length }, extracted: found, isInvalid: said === '' }
}

/** Control characters are line ends. */
function printable(text: string): string {
  return Array.from(text, (character) => (character < ' ' ? '\n' : character)).join('')
}

function allWords(files: TaskFiles): string[] {
  return ordered([NOUNS, ADJECTIVES, VERBS].flatMap((file) => wordsIn(files, file)))
}

/** A word a line. */
function wordsIn(files: TaskFiles, { name }: DataFile): string[] {
  return new TextDecoder()
    .decode(files.get(name))
    .replace(/\n$/, '')
    .split('\n')
    .map((word) => strip(word, 'right'))
}
