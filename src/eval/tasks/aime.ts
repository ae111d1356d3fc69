/**
 * AIME: problems of the American Invitational Mathematics Examination, whose answers are whole numbers from 0 to 999. The problems are the
 * Mathematical Association of America's, and are not in the package. Thirty of them show little in one run: results are reported over
 * many answers to each (16 to 64), drawn with a temperature.
 */
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { DataFile } from '../data/data-file.js'
import { textOf } from '../data/fields.js'
import { jsonLines } from '../data/formats.js'
import { parquetRows } from '../parquet/parquet.js'
import { isSameResult, resultIn } from '../score/math-answer.js'
import type { Grade, Item, Task } from '../task/task.js'

const DATASETS = 'https://huggingface.co/datasets'
const METRIC = 'exact_match'
const STOPS = ['Question:', '</s>', '<|im_end|>', '<|eot_id|>']

/** How a year's problems are published. */
interface Form {
  readonly year: number
  readonly file: DataFile
  readonly rows: (bytes: Uint8Array, name: string) => JsonObject[]
  readonly problem: string
  readonly answer: string
}

function aime({ year, file, rows, problem, answer }: Form): Task {
  const name = `aime${year % 100}`
  return {
    name,
    title: `problems of the AIME ${year}, whose answers are whole numbers`,
    version: '0.0',
    class: 'generation',
    license: 'MAA (problems)',
    files: [file],
    metrics: [METRIC],
    shots: 0,
    writing: { stop: STOPS, maxTokens: 32768 },
    read: (files) => ({
      items: rows(files.get(file.name)!, name).map((doc): Item => {
        return { doc, text: `Question: ${textOf(doc, problem)}\nAnswer:`, answer: wholeNumber(doc, answer) }
      }),
    }),
    score: ({ answer: right }, { text }) => gradeOf(right, text),
  }
}

export const aime24 = aime({
  year: 2024,
  // Nobody published its hash: the commit in its address stands for the content.
  file: {
    name: 'problems',
    bytes: 1 << 20,
    source: {
      url: `${DATASETS}/Maxwell-Jia/AIME_2024/resolve/8d88b2876a82a080e2f172cc9b25d0d9d2cb4792/aime_2024_problems.parquet`,
    },
  },
  rows: parquetRows,
  problem: 'Problem',
  answer: 'Answer',
})

export const aime25 = aime({
  year: 2025,
  file: {
    name: 'problems',
    bytes: 15813,
    sha256: 'b4e273c02d3e7fe1b74b59eae768fc8230bfb0f79539890cb56f4361caac0331',
    source: { url: `${DATASETS}/math-ai/aime25/resolve/563bb8404243c5f09de6ec262f2db674fe5bce9b/test.jsonl` },
  },
  rows: jsonLines,
  problem: 'problem',
  answer: 'answer',
})

/** As its source writes it: 73 and "073" are two texts, and compared as such. */
function wholeNumber(doc: JsonObject, field: string): string {
  const value = doc[field]
  if (typeof value === 'number' || typeof value === 'string') return String(value)
  throw new UserError(`a document's ${field}: expected a number, found ${JSON.stringify(value)}`, 'invalid_file')
}

function gradeOf(answer: string, text: string): Grade {
  const { result, isMarked } = resultIn(text)
  return {
    scores: { [METRIC]: isSameResult(result, answer) ? 1 : 0 },
    extracted: [result],
    isInvalid: !isMarked && !/^\s*\d{1,3}\s*$/.test(text),
  }
}
