import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { readGgufHeader } from '../../src/checkpoint/gguf/header.js'
import type { StoredTexts } from '../../src/checkpoint/gguf/stored-texts.js'
import { objectOf, parseLargeObject } from '../../src/json-pieces.js'
import { Pace, SMALL_STEPS, atOnce, inSlices, type Steps } from '../../src/slices.js'
import { ggufTokenizer } from '../../src/tokenizer/gguf-vocabulary.js'
import { huggingFaceTokenizer } from '../../src/tokenizer/hugging-face.js'
import { tekkenTokenizer } from '../../src/tokenizer/tekken.js'
import { QWEN_FAMILY, rankedTokenizer } from '../../src/tokenizer/tiktoken-families.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'

/** Tokens of the vocabularies here: each list of so many has at least four places to pause. */
const TOKENS = 5 * SMALL_STEPS
const setup = { where: 'here', eosIds: [] }
const names = Array.from({ length: TOKENS }, (_, i) => (i < 256 ? String.fromCharCode(0x100 + i) : `token${i}`))
const pairs = Array.from({ length: TOKENS }, () => ['\u0100', '\u0101'] as const)
const base64 = names.map((_, i) => btoa(i < 256 ? String.fromCharCode(i) : `token${i}`))

const KINDS: [string, number, () => Steps<Tokenizer | undefined>][] = [
  ['GGUF', 2, () => ggufTokenizer(ggufVocabulary('gpt2'), 'here', [])],
  ['GGUF of SentencePiece', 1, () => ggufTokenizer(ggufVocabulary('llama'), 'here', [])],
  ['tokenizer.json, BPE', 2, () => huggingFaceTokenizer(bpeJson(), setup)],
  ['tokenizer.json, unigram', 1, () => huggingFaceTokenizer(unigramJson(), setup)],
  ['ranks', 1, () => rankedTokenizer(base64.map((token, i) => `${token} ${i}`).join('\n'), QWEN_FAMILY, setup)],
  ['tekken.json', 2, () => tekkenTokenizer(tekkenJson(), 'here')],
]

function ggufVocabulary(model: string): Map<string, unknown> {
  const tokens = [...names.slice(0, -1), '\u0100\u0101']
  const merges = pairs.map((pair) => pair.join(' '))
  return new Map<string, unknown>(Object.entries({ model, tokens, merges, scores: tokens.map(() => 0), pre: 'qwen2' }))
}

function bpeJson() {
  const vocab = Object.fromEntries([...names.slice(0, -1), '\u0100\u0101'].map((name, id) => [name, id]))
  return { model: { type: 'BPE', vocab, merges: pairs }, decoder: { type: 'ByteLevel' } }
}

function unigramJson() {
  return { model: { type: 'Unigram', unk_id: 0, vocab: names.map((name, i) => [name, -i]) } }
}

function tekkenJson() {
  const config = { default_vocab_size: TOKENS + 20, default_num_special_tokens: 20, pattern: '.' }
  return { config, vocab: base64.map((token_bytes, rank) => ({ rank, token_bytes })) }
}

describe('a vocabulary is read in slices', () => {
  it.each(KINDS)('%s may pause in each of its long loops', (_, loops, make) => {
    const steps = make()
    let pauses = 0
    while (!steps.next().done) pauses++
    expect(pauses).toBeGreaterThanOrEqual(4 * loops)
  })

  it('and is the same as when it is read at once', async () => {
    const text = 'token300 \u0100 and more'
    for (const [name, , make] of KINDS.slice(0, 3)) {
      const sliced = await inSlices(make(), new Pace(() => Promise.resolve()))
      expect(sliced?.encode(text), name).toEqual(atOnce(make())?.encode(text))
    }
  })
})

describe('a slice', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is over after ten milliseconds of work, when events get their turn', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    let turns = 0
    const pace = new Pace(async () => {
      turns++
    })
    function* work(): Steps<string> {
      for (let i = 0; i < 100; i++) {
        vi.advanceTimersByTime(1)
        yield
      }
      return 'done'
    }
    expect(await inSlices(work(), pace)).toBe('done')
    expect(turns).toBe(10)
  })
})

describe('the header of a GGUF', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('may pause in lists of any type', async () => {
    const pauses = vi.spyOn(Pace.prototype, 'pause')
    const { metadata } = await readGgufHeader(memorySource('model.gguf', ggufFile()))
    expect([...(metadata.get('tokens') as StoredTexts)]).toEqual(names)
    expect(metadata.get('types')).toEqual(names.map((_, i) => i))
    expect(pauses.mock.calls.length).toBeGreaterThanOrEqual(10)
  })
})

/** Two lists, and no tensor. */
function ggufFile(): Uint8Array {
  const u32 = (n: number): number[] => [...new Uint8Array(Uint32Array.of(n).buffer)]
  const u64 = (n: number): number[] => [...u32(n), ...u32(0)]
  const text = (s: string): number[] => {
    const bytes = new TextEncoder().encode(s)
    return [...u64(bytes.length), ...bytes]
  }
  const list = (key: string, type: number, values: number[][]): number[][] => [
    [...text(key), ...u32(9), ...u32(type), ...u64(values.length)],
    ...values,
  ]
  const items = [
    ...list('tokens', 8, names.map(text)),
    ...list(
      'types',
      4,
      names.map((_, i) => u32(i)),
    ),
  ]
  return Uint8Array.from([[0x47, 0x47, 0x55, 0x46], u32(3), u64(0), u64(2), ...items].flat())
}

describe('large JSON', () => {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

  it('is what JSON.parse makes of it, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.json({ maxDepth: 4 })),
        fc.nat(40),
        fc.boolean(),
        (given, most, wide) => {
          const value: unknown = Object.fromEntries(Object.entries(given).map(([key, json]) => [key, JSON.parse(json)]))
          const text = JSON.stringify(value, null, wide ? 1 : 0)
          expect(atOnce(objectOf(bytesOf(text), most))).toEqual(JSON.parse(text))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('has keys as any other that JavaScript gives a meaning', () => {
    const value = atOnce(objectOf(bytesOf('{"a":{"__proto__":{"x":[1,2,3]},"b":1},"__proto__":2}'), 2))
    expect(value).toEqual(JSON.parse('{"a":{"__proto__":{"x":[1,2,3]},"b":1},"__proto__":2}'))
    expect(Object.keys(value!)).toEqual(['a', '__proto__'])
  })

  it.each([
    ...['{"a":[1,]}', '{"a":[1 2]}', '{"a":[1}', '{"a":1]', '{"a":1,}', '{,}', '{"a":[,1]}', '{"a":1}}', '{"a"1}'],
    ...['{"a":{"b" 1}}', '{"a":"\\', '{"a":[1,2', '[1]', '1', '', '{"a":[[1],,[2]]}', '{"a":{}"b":{}}', '{a:1}'],
  ])('leaves %s to the parser that says what is wrong', (text) => {
    for (const most of [0, 1, 3, 100]) expect(atOnce(objectOf(bytesOf(text), most)), `${most}`).toBeUndefined()
  })

  it('pauses in it, and says what is wrong in words', async () => {
    const large = JSON.stringify({
      model: { vocab: Object.fromEntries(names.concat(names.map((n) => `${n}${n}`)).map((n, i) => [n, i])) },
    })
    const steps = objectOf(bytesOf(large), 1 << 14)
    let pauses = 0
    while (!steps.next().done) pauses++
    expect(pauses).toBeGreaterThan(large.length / (1 << 15))
    expect(await parseLargeObject(bytesOf(large), 'here')).toEqual(JSON.parse(large))
    await expect(parseLargeObject(bytesOf(`${large},`), 'here')).rejects.toThrow('here: expected JSON')
  })
})
