import { expect, it } from 'vitest'
import { draftVocabulary } from '../../src/engine/schedule/draft-vocabulary.js'

const VOCAB = 151_936
const COMMON = 38_016

/** A sequence of which so many of the last hundred tokens are rare. */
function sequence(rare: number, before: readonly number[] = []): { tokens: number[] } {
  return { tokens: [...before, ...Array.from({ length: 128 }, (_, i) => (i < rare ? COMMON : COMMON - 1))] }
}

it('is a quarter where the last tokens are of it, in whole rows of the head', () => {
  expect(COMMON % 64).toBe(0)
  expect(draftVocabulary([sequence(0), sequence(12)], VOCAB)).toBe(COMMON)
  expect(draftVocabulary([], VOCAB)).toBe(COMMON)
})

it('is all where a tenth of any sequence is not', () => {
  expect(draftVocabulary([sequence(13)], VOCAB)).toBe(VOCAB)
  expect(draftVocabulary([sequence(0), sequence(128)], VOCAB)).toBe(VOCAB)
  expect(draftVocabulary([{ tokens: [COMMON] }], VOCAB)).toBe(VOCAB)
})

it('looks at what was written lately', () => {
  const chinese = Array.from({ length: 500 }, () => 100_000)
  expect(draftVocabulary([sequence(3, chinese)], VOCAB)).toBe(COMMON)
})

it.each([512, 16_384])('is all of a small vocabulary (%i)', (vocab) => {
  expect(draftVocabulary([{ tokens: [1, 2, 3] }], vocab)).toBe(vocab)
})
