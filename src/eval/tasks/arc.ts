/** ARC: questions of school science with the answer's text to rank. Clark et al., arXiv 1803.05457. */
import { numberOf, textOf, textsOf } from '../data/fields.js'
import { jsonLines } from '../data/formats.js'
import type { Task } from '../task/task.js'

const FOLDER =
  'https://raw.githubusercontent.com/mosaicml/llm-foundry/8c8dd48f72168c5d51e2f7b151595892a8fba43d/scripts/eval/local_data/world_knowledge'

function arc(name: string, title: string, bytes: number, sha256: string): Task {
  return {
    name,
    title,
    version: '1.0',
    class: 'likelihood',
    license: 'CC-BY-SA-4.0',
    files: [{ name: 'test', bytes, sha256, source: { url: `${FOLDER}/${name}.jsonl` } }],
    metrics: ['acc_norm', 'acc'],
    shots: 0,
    chance: 0.25,
    read: (files) => ({
      items: jsonLines(files.get('test')!, name).map((doc) => {
        const [choices, gold] = [textsOf(doc, 'choices'), numberOf(doc, 'gold')]
        return { doc, text: `${textOf(doc, 'query')}\nAnswer:`, choices, gold, answer: choices[gold] ?? '' }
      }),
    }),
  }
}

export const arcEasy = arc(
  'arc_easy',
  'school science, the easier part',
  636665,
  'd2d12e59543acf9a5ef6079634a72b30215e36c2fd4236fff3bc855d287b87f5',
)
export const arcChallenge = arc(
  'arc_challenge',
  'school science, the harder part',
  365606,
  '1ae3aeedf1951d881cbd5c2e3a31e78a1993d251479afbe4cb413b6707244636',
)
