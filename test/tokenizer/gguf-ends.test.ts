import { describe, expect, it } from 'vitest'
import { ggufTokenizer } from '../../src/tokenizer/gguf-vocabulary.js'
import { atOnce } from '../../src/slices.js'

/** The ids that end an answer, of a vocabulary with these tokens, and eos 0. */
function ends(...texts: string[]): number[] {
  const tokens = ['</s>', 'a', ...texts]
  const vocabulary = new Map<string, unknown>([
    ...Object.entries({ model: 'llama', tokens, scores: tokens.map(() => 0), token_type: tokens.map(() => 1) }),
  ])
  const tokenizer = atOnce(ggufTokenizer(vocabulary, 'model.gguf', [0]))!
  // They are no text, whatever the file says of their types.
  for (const id of tokenizer.eosIds.slice(1)) expect(tokenizer.decode([1, id])).toBe('a')
  return [...tokenizer.eosIds]
}

describe('tokens that end a turn, in files that name another one', () => {
  it('are known by their texts, as in llama.cpp', () => {
    expect(ends('b', '<|im_end|>')).toEqual([0, 3])
    expect(ends('<|eot_id|>', '<end_of_turn>')).toEqual([0, 2, 3])
    expect(ends('<|im_start|>')).toEqual([0])
  })

  it('but <|end|> ends a message only where <|return|> and <|call|> end turns', () => {
    expect(ends('<|end|>')).toEqual([0, 2])
    expect(ends('<|return|>', '<|call|>', '<|end|>')).toEqual([0, 2, 3])
  })
})
