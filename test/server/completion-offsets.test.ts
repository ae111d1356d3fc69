// Where tokens stand in the text (`text_offset`): tokens may be parts of letters, and an answer may begin with a byte that no letter wants.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { NamedChoice } from '../../src/remote/engine-like.js'
import { CompletionLogprobs } from '../../src/server/apis/openai/completion-logprobs.js'

const utf8 = new TextEncoder()
const textOf = (bytes: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(bytes))
const choice = (bytes: readonly number[], id = 1): NamedChoice => ({
  id,
  bytes,
  text: textOf(bytes),
  logprob: -1,
  top: [],
})

/** The bytes of a text in tokens of one to four of them. */
function tokensOf(text: string, sizes: readonly number[]): number[][] {
  const bytes = [...utf8.encode(text)]
  const tokens: number[][] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    tokens.push(bytes.slice(at, at + size))
    at += size
  }
  return tokens
}

/** Of each byte, the letter that it belongs to. */
const letters = (text: string): number[] =>
  Array.from(text).flatMap((letter, i) => Array.from(utf8.encode(letter), () => i))

it('a token stands where the letter of its first byte does', () => {
  const text = fc.array(fc.constantFrom('a', 'ß', '渡', '🙂', ' ')).map((parts) => parts.join(''))
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 })
  fc.assert(
    fc.property(text, text, sizes, (prompt, answer, sizes) => {
      fc.pre(prompt !== '')
      const shown = new CompletionLogprobs()
      const [first, ...rest] = tokensOf(prompt, sizes)
      const own = tokensOf(answer, sizes)
      const { text_offset: before } = shown.prompt(
        { text: textOf(first!) },
        rest.map((bytes) => choice(bytes)),
        prompt,
      )
      const { text_offset: after } = shown.answer(own.map((bytes) => choice(bytes)))
      const places = letters(prompt + answer)
      let at = 0
      const expected = [first!, ...rest, ...own].map((bytes) => places[(at += bytes.length) - bytes.length])
      expect([...before, ...after]).toEqual(expected)
    }),
  )
})

it('a byte that no letter wants is a sign of its own, after the prompt', () => {
  const shown = new CompletionLogprobs()
  shown.prompt({ text: '<s>' }, [choice([...utf8.encode('a🙂')])], 'a🙂')
  expect(shown.answer([choice([0x99]), choice([0x98]), choice([0x61])]).text_offset).toEqual([2, 3, 4])
})

it('a token that ends the answer has no text, and no length', () => {
  const shown = new CompletionLogprobs(new Set([7]))
  expect(shown.answer([choice([0x61]), choice([0x62], 7), choice([0x63])]).text_offset).toEqual([0, 1, 1])
})
