/** HellaSwag: how a described scene goes on. Zellers et al., arXiv 1905.07830. */
import { numberOf, textOf, textsOf } from '../data/fields.js'
import { jsonLines } from '../data/formats.js'
import { capitalized } from '../../chat/python/string-methods.js'
import { strip } from '../../chat/python/text.js'
import type { Task } from '../task/task.js'

export const hellaswag: Task = {
  name: 'hellaswag',
  title: 'how a scene goes on',
  version: '1.0',
  class: 'likelihood',
  license: 'MIT',
  files: [
    {
      name: 'validation',
      bytes: 12246618,
      sha256: '0aa3b88843990f3f10a97b9575c94d7b71fb2205240ba04ae4884d9e9c992588',
      source: {
        url: 'https://raw.githubusercontent.com/rowanz/hellaswag/a29ff8e9a04bba4bd6588223785ce105328adc57/data/hellaswag_val.jsonl',
      },
    },
  ],
  metrics: ['acc_norm', 'acc'],
  shots: 0,
  chance: 0.25,
  read: (files) => ({
    items: jsonLines(files.get('validation')!, 'hellaswag').map((doc) => {
      const scene = `${textOf(doc, 'ctx_a')} ${capitalized(textOf(doc, 'ctx_b'))}`
      const choices = textsOf(doc, 'endings').map(cleaned)
      const gold = numberOf(doc, 'label')
      const text = cleaned(`${textOf(doc, 'activity_label')}: ${scene}`)
      return { doc, text, choices, gold, answer: choices[gold] ?? '' }
    }),
  }),
}

/** Marks of WikiHow, as the reference takes them out. Double spaces are halved once. */
function cleaned(text: string): string {
  return strip(text)
    .replaceAll(' [title]', '. ')
    .replaceAll(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ')
}
