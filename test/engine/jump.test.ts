import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { think } from '../../src/chat/dialects/families.js'
import { Session } from '../../src/engine/answer/session.js'
import type { SessionModel } from '../../src/engine/answer/model.js'
import type { GenerateOptions } from '../../src/engine/options.js'
import { ModelGrammars } from '../../src/engine/sample/constrain.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { FakeRunner, fakeModel, type FakeOptions } from './fake.js'

/** Ids 0 to 255 are bytes, then words, which are taken greedily, the longest first; the last id ends an answer. */
const WORDS = ['{"', '":', '", "', '"}', '": "', 'name', 'na', 'age', 'me', '" ', ' "', 'ab', 'abc', '12', 'é', '你好', 'red', 'reddish', 'Hello', ' my', ' name', ' is', ' '.repeat(4)] // prettier-ignore
const utf8 = new TextEncoder()
const TOKENS = [...Array.from({ length: 256 }, (_, b) => Uint8Array.of(b)), ...WORDS.map((word) => utf8.encode(word))]
const END = TOKENS.length
const VOCAB = END + 1
const LONGEST_FIRST = WORDS.map((word, i) => [word, 256 + i] as const).sort((a, b) => b[0].length - a[0].length)

const words: Tokenizer = {
  vocabSize: VOCAB,
  eosIds: [END],
  encode(text) {
    const ids: number[] = []
    for (let at = 0; at < text.length;) {
      const word = LONGEST_FIRST.find(([word]) => text.startsWith(word, at))
      const piece = word?.[0] ?? String.fromCodePoint(text.codePointAt(at)!)
      ids.push(...(word ? [word[1]] : utf8.encode(piece)))
      at += piece.length
    }
    return ids
  },
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.flatMap((id) => Array.from(TOKENS[id] ?? [])))),
  decoder() {
    const decoder = new TextDecoder()
    return {
      push: (id) => decoder.decode(TOKENS[id] ?? new Uint8Array(), { stream: true }),
      flush: () => decoder.decode(),
    }
  },
  idOf: () => undefined,
  bytesOf: (id) => (id < END ? TOKENS[id] : undefined),
}

const PROMPT = [1, 2, 3]

/** A model that would say `text`, and what a grammar does not let it say it replaces by the lowest id. */
function modelThatSays(
  text: string,
  options: FakeOptions = {},
  prompt = PROMPT.length,
): { model: SessionModel; runner: FakeRunner } {
  const said = [...words.encode(text), END]
  const runner = new FakeRunner({
    stepTokens: 64,
    maxLogitRows: 16,
    vocab: VOCAB,
    next: (prefix) => said[prefix.length - prompt] ?? END,
    ...options,
  })
  const stopIds = new Set([END])
  const model = fakeModel(runner, {
    tokenizer: words,
    stopIds,
    grammars: new ModelGrammars(words, VOCAB, stopIds, think),
  })
  return { runner, model: { ...model, shared: { ...model.shared, vocabSize: VOCAB } } }
}

async function answer(text: string, pattern: string, options: GenerateOptions = {}, fake: FakeOptions = {}) {
  const { model, runner } = modelThatSays(text, fake)
  const grammar = { kind: 'regex', pattern } as const
  const result = await new Session(model).generate(PROMPT, { grammar, ...options }).result
  return { ...result, steps: runner.steps }
}

const PERSON = '\\{"name": "[a-z]{1,8}", "age": [0-9]{2}\\}'
const SAID = '{"name": "ab", "age": 12}'

describe('text that a grammar forces', () => {
  it('comes in fewer steps, in the tokens of the tokenizer', async () => {
    const { text, ids, steps, finishReason } = await answer(SAID, PERSON)
    expect(text).toBe(SAID)
    expect(ids).toEqual([...words.encode(SAID), END])
    expect(finishReason).toBe('stop')
    const plain = await answer(SAID, PERSON, { jumpForward: false })
    expect(plain.ids).toEqual(ids)
    expect(steps.length).toBeLessThan(plain.steps.length)
    expect(steps.reduce((sum, tokens) => sum + tokens, 0)).toBe(plain.steps.reduce((sum, tokens) => sum + tokens, 0))
  })

  it('leaves to the model what a longer token could begin', async () => {
    // "red" is forced, but "reddish" is a token of its own.
    const either = 'Hello red(dish)? is'
    for (const said of ['Hello red is', 'Hello reddish is']) {
      const { ids, text } = await answer(said, either)
      expect(text).toBe(said)
      expect(ids).toEqual([...words.encode(said), END])
    }
  })

  it('counts in maxTokens', async () => {
    for (let maxTokens = 1; maxTokens <= 12; maxTokens++) {
      const { ids, finishReason } = await answer(SAID, PERSON, { maxTokens })
      const plain = await answer(SAID, PERSON, { maxTokens, jumpForward: false })
      expect(ids).toEqual(plain.ids)
      expect(ids.length).toBeLessThanOrEqual(maxTokens)
      expect(finishReason).toBe(plain.finishReason)
    }
  })

  it('ends at stop strings inside of it', async () => {
    for (const stop of ['"age', ': "a', 'e": ', '"']) {
      const { text, ids, stopText } = await answer(SAID, PERSON, { stop })
      const plain = await answer(SAID, PERSON, { stop, jumpForward: false })
      expect([text, ids, stopText]).toEqual([plain.text, plain.ids, stop])
    }
  })

  it('is asked of the model token by token where likelihoods are wanted', async () => {
    const { model, runner } = modelThatSays(SAID)
    const generation = new Session(model).generate(PROMPT, { grammar: { kind: 'regex', pattern: PERSON }, logprobs: 0 })
    const { ids } = await generation.result
    expect(generation.choices.map(({ id }) => id)).toEqual(ids)
    expect(runner.steps.slice(1).every((tokens) => tokens === 1)).toBe(true)
  })

  it('works with recurrent states and with tied scores', async () => {
    for (const fake of [{ maxSlots: 2 }, { tiedFrom: 5 }, { tiedFrom: 12 }]) {
      const { ids } = await answer(SAID, PERSON, {}, fake)
      expect(ids).toEqual([...words.encode(SAID), END])
    }
  })
})

describe('a grammar with drafts', () => {
  const draft = (text: string) => {
    const said = [...words.encode(text), END]
    return {
      draft: (sequence: readonly number[], most: number) => said.slice(sequence.length - PROMPT.length).slice(0, most),
    }
  }

  it('checks several tokens in a step, and none that it does not allow', async () => {
    const plain = await answer(SAID, PERSON, { jumpForward: false })
    for (const jumpForward of [false, true]) {
      const right = await answer(SAID, PERSON, { speculate: draft(SAID), jumpForward })
      expect(right.ids).toEqual(plain.ids)
      expect(right.steps.length).toBeLessThan(plain.steps.length / 2)
      const wrong = await answer(SAID, PERSON, { speculate: draft('{"name": "AB", "age": 12}'), jumpForward })
      expect(wrong.ids).toEqual(plain.ids)
      expect(wrong.speculation!.drafted).toBeLessThan(right.speculation!.drafted)
    }
  })

  it('with the draft of the model', async () => {
    const said = [...words.encode(SAID), END]
    const draftNext = (prefix: readonly number[]): number => (said[prefix.length - PROMPT.length] ?? END) % 64
    const { ids } = await answer(SAID, PERSON, { speculate: 'mtp' }, { draftNext })
    expect(ids).toEqual([...words.encode(SAID), END])
  })
})

it('several answers side by side, with and without jumps and drafts, are those of one alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          name: fc.constantFrom('ab', 'abcab', 'name', 'a'),
          jumpForward: fc.boolean(),
          speculate: fc.constantFrom('off' as const, 'ngram' as const),
          temperature: fc.constantFrom(0, 1),
          seed: fc.nat(20),
          maxTokens: fc.integer({ min: 1, max: 30 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      async (requests) => {
        const grammar = { kind: 'regex', pattern: PERSON } as const
        const ask = async (model: SessionModel, request: (typeof requests)[number]) => {
          const { name, ...options } = request
          return (await new Session(model).generate([1, 2, name.charCodeAt(1) || 3], { grammar, ...options }).result)
            .ids
        }
        const one = modelThatSays(SAID).model
        // A model whose scores are all alike but for one does not write the tokenizer's tokens where it is drawn from.
        const alone = await Promise.all(
          requests.map((request) => {
            const jumpForward = request.temperature > 0 && request.jumpForward
            return ask(modelThatSays(SAID).model, { ...request, jumpForward, speculate: 'off' })
          }),
        )
        const together = await Promise.all(requests.map((request) => ask(one, request)))
        expect(together).toEqual(alone)
      },
    ),
    { numRuns: 60 },
  )
})

it('an answer that is cancelled while its grammar is compiled ends at once', async () => {
  const { model } = modelThatSays(SAID)
  const generation = new Session(model).generate(PROMPT, { grammar: { kind: 'regex', pattern: PERSON } })
  generation.abort()
  expect(await generation.result).toMatchObject({ finishReason: 'abort', ids: [] })
})
