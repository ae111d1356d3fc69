// The checks of IFEval against lm-evaluation-harness', on answers with traps. `npm test` compares with what was recorded; test:eval runs
// the harness (KAIYUAN_EVAL_INSTRUCTIONS).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { APPROXIMATE, CHECKS, follows, readings } from '../../src/eval/score/instructions/checks.js'
import { capitalWords, countSentences } from '../../src/eval/score/instructions/tokens.js'
import { writtenIn } from '../../src/eval/score/instructions/language.js'
import type { JsonObject } from '../../src/json.js'
import { FIXTURES, fixture } from './scripted.js'

const { instructions, answers } = JSON.parse(fixture('instructions.json').toString()) as {
  readonly instructions: readonly (readonly [string, JsonObject])[]
  readonly answers: readonly string[]
}
const path = process.env['KAIYUAN_EVAL_INSTRUCTIONS'] ?? new URL('instruction-verdicts.json', FIXTURES)
const verdicts = JSON.parse(readFileSync(path, 'utf8')) as readonly (readonly (boolean | null)[])[]

describe('instructions, as lm-evaluation-harness checks them', () => {
  it.each(instructions.map(([id, given], i) => ({ id, given, i })))('$id $given', ({ id, given, i }) => {
    // Of a few words langdetect says what its random numbers say.
    const asked = APPROXIMATE.has(id) ? answers.filter((answer) => answer.length > 45) : answers
    const wrong = asked.filter((answer) => {
      const verdict = verdicts[i]![answers.indexOf(answer)] ?? null
      return verdict !== null && follows(id, answer, given) !== verdict
    })
    expect(wrong).toEqual([])
  })

  it('are of all 25 kinds', () => {
    expect(Object.keys(CHECKS)).toHaveLength(25)
    const asked = new Set(instructions.map(([id]) => id))
    const unasked = Object.keys(CHECKS).filter((id) => !asked.has(id))
    expect(unasked).toEqual(['length_constraints:number_sentences', 'change_case:capital_word_frequency'])
  })
})

it('has the eight readings of the loose form', () => {
  expect(readings('Sure!\n*a*\nBye')).toEqual([
    'Sure!\n*a*\nBye',
    '*a*\nBye',
    'Sure!\n*a*',
    '*a*',
    'Sure!\na\nBye',
    'a\nBye',
    'Sure!\na',
    'a',
  ])
})

it('tells sentences, words in capitals and languages by rules', () => {
  expect(countSentences('Mr. Smith came at 5 p.m. and left. Did he? "Yes!" The end')).toBe(4)
  expect(countSentences('')).toBe(0)
  expect(capitalWords('NASA and ESA: a U.S. plan, OK? X-15')).toBe(5)
  expect(writtenIn('これは日本語の文章です。', 'ja')).toBe(true)
  expect(writtenIn('这是中文。', 'zh-cn')).toBe(true)
  expect(writtenIn('Это не английский язык, и мы это знаем.', 'ru')).toBe(true)
  expect(writtenIn('12 + 30', 'fi')).toBe(true)
})
