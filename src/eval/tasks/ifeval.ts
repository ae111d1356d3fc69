/** IFEval: instructions that a program can check. Zhou et al., arXiv 2311.07911. */
import { isJsonObject, type JsonObject } from '../../json.js'
import { textOf, textsOf } from '../data/fields.js'
import { jsonLines } from '../data/formats.js'
import { follows, readings } from '../score/instructions/checks.js'
import type { Grade, Item, Scores, Task } from '../task/task.js'

/** Names of single instructions: how many of an answer's were followed, of how many. */
const [STRICT, LOOSE, COUNT] = ['instructions_strict', 'instructions_loose', 'instructions'] as const

export const ifeval: Task = {
  name: 'ifeval',
  title: 'instructions that a program can check',
  version: '4.0',
  class: 'generation',
  license: 'Apache-2.0',
  files: [
    {
      name: 'docs',
      bytes: 203931,
      sha256: '48a13f6e56fcd38da37fb9a7da78277792643bb96a1b0e60e79405e6a5d10fca',
      source: {
        url: 'https://raw.githubusercontent.com/shisa-ai/M-IFEval/06f08ff3b2681a7e875124aa6946bcc93739aced/data/en_input_data.jsonl',
      },
    },
  ],
  metrics: ['prompt_level_strict_acc', 'prompt_level_loose_acc'],
  shots: 0,
  writing: { stop: [], maxTokens: 1280 },
  read: (files) => ({
    items: jsonLines(files.get('docs')!, 'ifeval').map((doc) => ({ doc, text: textOf(doc, 'prompt'), answer: '' })),
  }),
  score: ({ doc }, { text }) => gradeOf(doc, text),
  aggregate: (scores) => ({ inst_level_strict_acc: share(scores, STRICT), inst_level_loose_acc: share(scores, LOOSE) }),
}

/** Instructions of a document with what they are given; the file's own names begin with the language. */
export function instructionsOf(doc: JsonObject): { readonly id: string; readonly given: JsonObject }[] {
  const given = Array.isArray(doc['kwargs']) ? doc['kwargs'] : []
  return textsOf(doc, 'instruction_id_list').map((id, i) => {
    const own: unknown = given[i]
    return { id: id.replace(/^en:/, ''), given: isJsonObject(own) ? own : {} }
  })
}

function gradeOf(doc: Item['doc'], text: string): Grade {
  const instructions = instructionsOf(doc)
  const strict = instructions.map(({ id, given }) => follows(id, text, given))
  const loose = instructions.map(({ id, given }) => readings(text).some((reading) => follows(id, reading, given)))
  const all = (found: readonly boolean[]): number => (found.every(Boolean) ? 1 : 0)
  const count = (found: readonly boolean[]): number => found.filter(Boolean).length
  return {
    scores: {
      prompt_level_strict_acc: all(strict),
      prompt_level_loose_acc: all(loose),
      [STRICT]: count(strict),
      [LOOSE]: count(loose),
      [COUNT]: instructions.length,
    },
    extracted: strict.map((followed, i) => `${instructions[i]!.id}: ${followed ? 'followed' : 'not followed'}`),
    isInvalid: false,
  }
}

function share(scores: readonly Scores[], field: string): number {
  const total = (name: string): number => scores.reduce((sum, one) => sum + (one[name] ?? 0), 0)
  return total(field) / total(COUNT)
}
