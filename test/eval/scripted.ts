/** A subject whose likelihoods and answers follow from the request's text, as test/eval-real/reference.py computes them too. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { DataFile } from '../../src/eval/data/data-file.js'
import type { Subject } from '../../src/eval/subject/subject.js'

export const FIXTURES = new URL('../fixtures/eval/', import.meta.url)

export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(name, FIXTURES))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function scriptedSubject(): Subject {
  const answers = fixture('answers.jsonl')
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string)
  return {
    identity: { model: 'scripted', precision: 'exact', settings: {}, template: 'none', engine: 'test' },
    concurrency: 4,
    countTokens: (text) => Promise.resolve(Math.ceil(text.length / 4)),
    async likelihoods(context, continuations) {
      const likelihoods = continuations.map((continuation) => {
        const bytes = digest(`${context}\0${continuation}`)
        return { logprob: -bytes.readUIntBE(0, 3) / 2 ** 20, isGreedy: bytes[3]! % 2 === 0 }
      })
      return { likelihoods, isTruncated: false }
    },
    async write({ context, writing }) {
      const whole = answers[digest(context).readUIntBE(0, 3) % answers.length]!
      const text = writing.stop.reduce((rest, stop) => rest.split(stop)[0]!, whole)
      return { text, calls: [], isCut: false, promptTokens: 1, tokens: 1, isTruncated: false }
    },
  }
}

/** A tape archive of the files of MMLU, from the fixture. */
function mmluArchive(): Uint8Array {
  const subjects = JSON.parse(fixture('mmlu.json').toString()) as Record<string, Record<'dev' | 'test', string>>
  const blocks = Object.entries(subjects).flatMap(([subject, splits]) =>
    Object.entries(splits).map(([split, text]) => tarEntry(`data/${split}/${subject}_${split}.csv`, text)),
  )
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function tarEntry(name: string, text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(512)
  head.write(name, 0)
  head.write(body.length.toString(8).padStart(11, '0'), 124)
  head.write('0', 156)
  head.write('ustar', 257)
  return Buffer.concat([head, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

/** Our own documents in the forms in which those of the tasks are published. */
export function ownDocuments(task: string): (files: readonly DataFile[]) => Promise<Map<string, Uint8Array>> {
  return async (files) => new Map(files.map(({ name }) => [name, ownFile(task, name)]))
}

function ownFile(task: string, name: string): Uint8Array {
  if (task.startsWith('arc')) return fixture('arc.jsonl')
  if (task === 'hellaswag') return fixture('hellaswag.jsonl')
  if (task.startsWith('mmlu_pro')) return fixture(`mmlu-pro-${name}.parquet`)
  if (/^(?:niah|ruler)_/.test(task))
    return Buffer.from((JSON.parse(fixture('words.json').toString()) as Record<string, string[]>)[name]!.join('\n'))
  if (task.startsWith('livecodebench')) return fixture('livecodebench-own.jsonl')
  if (task === 'aime24') return fixture('aime24.parquet')
  if (task === 'aime25') return fixture('aime.jsonl')
  if (task.startsWith('mmlu')) return mmluArchive()
  if (task === 'gsm8k') return fixture(`gsm8k-${name}.jsonl`)
  const subject = /^bbh\/(.*)\.json$/.exec(name)?.[1]
  if (subject !== undefined) return fixture(`bbh-${subject}.json`)
  return fixture(name.replace('cot-prompts/', 'bbh-'))
}
