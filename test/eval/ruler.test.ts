// RULER's documents against those that lm-evaluation-harness makes of the same words, lengths and seeds; a token is four characters.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { promptsOfTask } from '../../src/eval/evaluate.js'
import { prepare } from '../../src/eval/run/evaluate.js'
import { NumpyRandom, PythonRandom } from '../../src/eval/python/random.js'
import { wordPairs } from '../../src/eval/ruler/word-pairs.js'
import type { Item } from '../../src/eval/task/task.js'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { FIXTURES, ownDocuments, scriptedSubject } from './scripted.js'

const path = process.env['KAIYUAN_EVAL_REFERENCE'] ?? new URL('reference.json', FIXTURES)
const reference = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { made?: Record<string, string[]> }>
const made = Object.entries(reference).flatMap(([name, task]) =>
  Object.entries(task.made ?? {}).map(([length, hashes]) => [name, Number(length), hashes] as const),
)

async function itemsOf(name: string, limit: number): Promise<readonly Item[]> {
  const { questions } = await prepare(taskNamed(name), scriptedSubject(), ownDocuments(name), { limit })
  return questions.map(({ prompt }) => prompt.item)
}

it('was recorded', () => expect(made).toHaveLength(18))

it.each(made)('%s in %i tokens is made as the harness makes it', async (name, length, hashes) => {
  const items = await itemsOf(`${name}_${length}`, hashes.length)
  const own = items.map(({ text, prefix = '', doc }) => {
    const parts = [text, prefix, ...(doc['outputs'] as string[])]
    return createHash('sha256').update(parts.join('\0')).digest('hex')
  })
  expect(own).toEqual(hashes)
})

it('makes no more documents than are asked for, and says that they are a part', async () => {
  const task = taskNamed('niah_multikey_3')
  const { identity } = await prepare(task, scriptedSubject(), ownDocuments(task.name), { limit: 2 })
  expect(identity).toMatchObject({ documents: 2, isWhole: false, shots: 0, maxTokens: 128 })
  // The first are the same, however many there are.
  const [few, more] = [await itemsOf('niah_multikey_3', 2), await itemsOf('niah_multikey_3', 4)]
  expect(more.slice(0, 2)).toEqual(few)
})

it('scores the share of what was asked for, in whatever case', async () => {
  const [item] = await itemsOf('ruler_vt', 1)
  const names = item!.doc['outputs'] as string[]
  const scoreOf = async (text: string): Promise<unknown> => {
    const { scores, isInvalid } = await taskNamed('ruler_vt').score!(item!, { text, calls: [], isCut: false }, {})
    return [scores['4096'], isInvalid]
  }
  expect(names).toHaveLength(5)
  expect(await scoreOf(names.join(', ').toLowerCase())).toEqual([1, false])
  expect(await scoreOf(`They are ${names[0]} and\t${names[3]}`)).toEqual([2 / 5, false])
  expect(await scoreOf(' \n')).toEqual([0, true])
})

describe('names', () => {
  it('have other lengths', async () => {
    const [{ context } = { context: '' }] = await promptsOfTask('niah_multikey_3_8192', { limit: 1 })
    expect(context.length / 4).toBeGreaterThan(7000)
    expect(context.length / 4).toBeLessThan(8192)
    expect(taskNamed('niah_multikey_3_4096').name).toBe('niah_multikey_3')
    expect(taskNamed('ruler_fwe_32768').metrics).toEqual(['32768'])
  })

  it('that are left out say why, and which there are', () => {
    expect(() => taskNamed('niah_single_2')).toThrow(/essays that have no licence.*Take niah_single_1, niah_multikey_2/)
    expect(() => taskNamed('niah_multiquery_8192')).toThrow(/essays/)
    expect(() => taskNamed('ruler_qa_squad')).toThrow(/SQuAD/)
    expect(() => taskNamed('ruler_cwx')).toThrow(/no task ruler_cwx of RULER/)
    expect(() => taskNamed('ruler_cwe_100')).toThrow(/expected a length of 1024 to 4194304 tokens, found 100/)
  })
})

it('has pairs of words in their order, each once, also where one begins like another', () => {
  const [adjectives, nouns] = [
    ['well-known', 'well', 'dead', 'deadly', 'well', "o'clock"],
    ['known', 'sea', 'known-sea', 'é'],
  ]
  const pairs = wordPairs(adjectives, nouns)
  const all = [...new Set(adjectives.flatMap((adjective) => nouns.map((noun) => `${adjective}-${noun}`)))].sort()
  expect(Array.from({ length: pairs.length }, (_, i) => pairs.at(i))).toEqual(all)
  expect([pairs.at(pairs.length), pairs.at(-1)]).toEqual([undefined, undefined])
})

it('a text that does not fit is a sentence', async () => {
  const subject = { ...scriptedSubject(), countTokens: (text: string) => Promise.resolve(text.length) }
  for (const name of ['niah_multikey_3_1024', 'ruler_vt_1024', 'ruler_cwe_1024']) {
    const words = ownDocuments(name)
    const found = await prepare(taskNamed(name), subject, words, { limit: 1 }).catch((error: unknown) => String(error))
    if (typeof found === 'string') expect(found).toMatch(/a prompt of \d+ tokens has no room/)
  }
  await expect(prepare(taskNamed('ruler_vt_1024'), subject, ownDocuments('ruler_vt'), {})).rejects.toThrow(
    /a prompt of 500 tokens has no room for the question. Take a greater length/,
  )
})

// Vectors of CPython 3.11 and NumPy 2.
it('draws as Python and NumPy do', () => {
  const random = new PythonRandom(0)
  expect([random.uuid(), random.uuid()]).toEqual([
    'e3e70682-c209-4cac-a29f-6fbed82c07cd',
    'f728b4fa-4248-4e3a-8a5d-2f346baa9455',
  ])
  const numpy = new NumpyRandom(1234)
  expect(Array.from({ length: 5 }, () => numpy.range(10000, 99999))).toEqual([68067, 44086, 70620, 99460, 92584])
})
