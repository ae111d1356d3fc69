// Which results are the same, against lm-evaluation-harness 0.4.13 on answers of our own (test/eval-real/aime.py). test:eval asks it again.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { taskNamed } from '../../src/eval/tasks/registry.js'
import { FIXTURES } from './scripted.js'

const path = process.env['KAIYUAN_EVAL_AIME'] ?? new URL('aime-verdicts.json', FIXTURES)
const verdicts = JSON.parse(readFileSync(path, 'utf8')) as [answer: string, right: string, verdict: number][]

it('has the verdicts of the harness', async () => {
  const found = verdicts.map(async ([text, answer]) => {
    const grade = await taskNamed('aime25').score!({ doc: {}, text: '', answer }, { text, calls: [], isCut: false }, {})
    return [text, answer, grade.scores['exact_match']]
  })
  expect(await Promise.all(found)).toEqual(verdicts)
  expect(verdicts.filter(([, , verdict]) => verdict === 1).length).toBeGreaterThan(20)
})

it('says when nothing could be read out of an answer', async () => {
  const isInvalid = async (text: string): Promise<boolean> => {
    const item = { doc: {}, text: '', answer: '204' }
    return (await taskNamed('aime24').score!(item, { text, calls: [], isCut: false }, {})).isInvalid
  }
  const found = await Promise.all(['\\boxed{3}', '$3$', ' 204\n', 'I do not know', ''].map(isInvalid))
  expect(found).toEqual([false, false, false, true, true])
})
