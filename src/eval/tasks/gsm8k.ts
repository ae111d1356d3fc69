/** GSM8K: word problems of primary school, with the way to the answer. Cobbe et al., arXiv 2110.14168. */
import { textOf } from '../data/fields.js'
import { jsonLines } from '../data/formats.js'
import { strip } from '../../chat/python/text.js'
import { numberOfAnswer } from '../score/exact-match.js'
import { allMatches } from '../score/extract.js'
import type { Grade, Item, Task, TaskFiles } from '../task/task.js'

const FOLDER =
  'https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data'
const INVALID = '[invalid]'

export const gsm8k: Task = {
  name: 'gsm8k',
  title: 'word problems of primary school',
  version: '3.0',
  class: 'generation',
  license: 'MIT',
  files: [
    {
      name: 'test',
      bytes: 749738,
      sha256: '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14',
      source: { url: `${FOLDER}/test.jsonl` },
    },
    {
      name: 'train',
      bytes: 4166206,
      sha256: '17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465',
      source: { url: `${FOLDER}/train.jsonl` },
    },
  ],
  metrics: ['exact_match,strict-match', 'exact_match,flexible-extract'],
  shots: 5,
  writing: { stop: ['Question:', '</s>', '<|im_end|>'], maxTokens: 256 },
  take: 'random',
  read(files) {
    const train = itemsOf(files, 'train')
    return { items: itemsOf(files, 'test'), examples: () => train }
  },
  score: ({ answer }, { text }) => gradeOf(answer, text),
}

function itemsOf(files: TaskFiles, split: 'test' | 'train'): Item[] {
  return jsonLines(files.get(split)!, `gsm8k ${split}`).map((doc) => ({
    doc,
    text: `Question: ${textOf(doc, 'question')}\nAnswer:`,
    answer: textOf(doc, 'answer'),
  }))
}

/** strict: the first number after ####. flexible: the last number of all. */
function gradeOf(answer: string, text: string): Grade {
  const strict = allMatches(/#### (-?[0-9.,]+)/g, text)[0]
  const flexible = allMatches(/(-?[$0-9.,]{2,})|(-?[0-9]+)/g, text).at(-1)
  const read = [strict, flexible].map((found) => strip(found ?? INVALID))
  const [isStrict, isFlexible] = read.map((found) => (numberOfAnswer(found) === numberOfAnswer(answer) ? 1 : 0))
  return {
    scores: { 'exact_match,strict-match': isStrict!, 'exact_match,flexible-extract': isFlexible! },
    extracted: read,
    isInvalid: flexible === undefined,
  }
}
