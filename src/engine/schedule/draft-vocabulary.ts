import type { Sequence } from './sequence.js'

/** Of the vocabulary, from its first token on; and so many at least, since the head over a small one costs little. */
const COMMON_PART = 1 / 4
const LEAST = 16_384
/** Last tokens of a sequence that are looked at. */
const LOOK_BACK = 128
/** A text in which fewer tokens lie outside of that part is made of common tokens. */
const RARE = 1 / 10
/** Rows of the head are counted in these. */
const WHOLE = 64

/**
 * How many tokens, from the first on, a draft chooses from. The head over a large vocabulary is most of what a draft costs, and
 * most tokens of a text are among a quarter of it (FR-Spec, arXiv 2502.14856). Byte-pair vocabularies are in the order in which
 * they were merged, the most frequent first: the first quarter of Qwen2.5's are 92 to 96 % of code and English, and 31 % of
 * Chinese. So it depends on what the sequences have been made of lately; what is drafted is checked, whatever it is.
 */
export function draftVocabulary(sequences: readonly Pick<Sequence, 'tokens'>[], vocabSize: number): number {
  const common = Math.max(LEAST, Math.ceil((vocabSize * COMMON_PART) / WHOLE) * WHOLE)
  if (common >= vocabSize) return vocabSize
  const isCommon = sequences.every(({ tokens }) => {
    const from = Math.max(0, tokens.length - LOOK_BACK)
    let rare = 0
    for (let i = from; i < tokens.length; i++) if (tokens[i]! >= common) rare++
    return rare < (tokens.length - from) * RARE
  })
  return isCommon ? common : vocabSize
}
