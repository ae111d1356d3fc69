import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { UserError } from '../../src/errors.js'
import { loadTokenizer } from '../../src/tokenizer/load.js'
import { KIMI, O200K, PRE_TOKENIZERS, QWEN35, TEKKEN, splitter } from '../../src/tokenizer/patterns.js'
import { BYTE_TO_CHAR } from '../../src/tokenizer/pieces.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { fakeCheckpoint, jsonFiles } from './vocabularies.js'

const encoder = new TextEncoder()

async function load(checkpoint: Parameters<typeof loadTokenizer>[0]): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(checkpoint)
  if (!tokenizer) throw new Error('there is no tokenizer')
  return tokenizer
}

function gguf(entries: Record<string, unknown>): Parameters<typeof loadTokenizer>[0] {
  return { ...fakeCheckpoint(), embedded: { vocabulary: new Map(Object.entries(entries)) } }
}

/** Every byte, and `ab`. */
const BYTES = [...BYTE_TO_CHAR, 'ab', '<|end|>']

describe('patterns', () => {
  it.each(Object.keys(PRE_TOKENIZERS))('%s gives back any text', async (pre) => {
    const types = BYTES.map((token) => (token === '<|end|>' ? 3 : 1))
    const tokenizer = await load(gguf({ model: 'gpt2', pre, tokens: BYTES, token_type: types, merges: ['a b'] }))
    const options = { addSpecial: false }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text, options))).toBe(text)
        const split = splitter(PRE_TOKENIZERS[pre]!.splitting)
        expect(split(text).join('')).toBe(text)
      }),
      { numRuns: 60 },
    )
    expect(tokenizer.encode('<|end|>', options)).toEqual([257])
  })

  it('an unknown name is refused with the list', async () => {
    const unknown = gguf({ model: 'gpt2', pre: 'constructor', tokens: BYTES })
    await expect(load(unknown)).rejects.toThrow(/"constructor": expected one of .*llama-bpe.*kimi-k2/)
  })

  it.each([
    ['o200k', O200K, "HelloWorld's 1234567 x/\n", ['Hello', "World's", ' ', '123', '456', '7', ' x', '/\n']],
    ['o200k, the long s', O200K, "it'ſ 1", ["it'ſ", ' ', '1']],
    ['tekken', TEKKEN, "HelloWorld's 12", ['Hello', 'World', "'s", ' ', '1', '2']],
    ['kimi', KIMI, '你好world开源', ['你好', 'world', '开源']],
    ['qwen35: marks belong to words', QWEN35, 'क्या 12', ['क्या', ' ', '1', '2']],
  ])('%s', (_, splitting, text, pieces) => {
    expect(splitter(splitting)(text)).toEqual(pieces)
  })

  it.each([
    ['seed-coder', "it's a;\n12", ['it', "'s", ' a', ';', '\n', '1', '2']],
    ['minicpm5', '1234 x', ['123', '4', ' x']],
    ['viking', 'moi, 12', ['moi', ',', ' ', '1', '2']],
    ['youtu', '한국어 中文、ab', ['한국어', ' ', '中文', '、', 'ab']],
  ])('%s, as llama.cpp splits', (pre, text, pieces) => {
    expect(splitter(PRE_TOKENIZERS[pre]!.splitting)(text)).toEqual(pieces)
  })

  it.each([
    ['glm4', true],
    ['glm5', true],
    ['chatglm-bpe', false],
  ])('%s: a piece that is a token needs no merges: %s', async (pre, whole) => {
    const tokens = [...BYTES, 'abab']
    const tokenizer = await load(gguf({ model: 'gpt2', pre, tokens, merges: ['a b'] }))
    const ab = BYTES.indexOf('ab')
    expect(tokenizer.encode('abab', { addSpecial: false })).toEqual(whole ? [BYTES.length] : [ab, ab])
  })

  it('takes a long text in linear time', () => {
    const split = [O200K, KIMI, QWEN35].map((own) => splitter(own))
    const units = ['a', ' ', '\n', '开', 'A', '.', '1']
    /** Time of this process, so that others on the machine do not count; what a regular expression does cannot be counted. */
    const time = (n: number): number => {
      const before = process.cpuUsage()
      for (const one of split) for (const unit of units) one(unit.repeat(n))
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    time(20_000)
    // Four times the text in sixteen times the time would be quadratic. The best of some runs has the least of other work in it.
    const ratios = Array.from({ length: 5 }, () => time(80_000) / time(20_000))
    expect(Math.min(...ratios)).toBeLessThan(9)
  })
})

describe('ranks', () => {
  const line = (bytes: number[], rank: number): string => `${btoa(String.fromCharCode(...bytes))} ${rank}`
  const ranks = (count: number): string => {
    const lines = Array.from({ length: 256 }, (_, b) => line([b], b))
    for (let rank = 256; rank < count; rank++) lines.push(line([0, rank & 255, (rank >> 8) & 255, rank >> 16], rank))
    return `${lines.join('\n')}\n`
  }
  const model = (text: string): Promise<Tokenizer> =>
    load(fakeCheckpoint(memoryFiles('model', { 'tokenizer.model': encoder.encode(text) })))

  it("Meta's tokenizer.model: the number of ranks tells Llama 4", async () => {
    const tokenizer = await model(ranks(200_000))
    expect(tokenizer.vocabSize).toBe(202_048)
    const known = { '<|header_start|>': 200005, '<|eot|>': 200008, '<|python_start|>': 200016, '<|patch|>': 200092 }
    for (const [name, id] of Object.entries(known)) expect(tokenizer.idOf(name)).toBe(id)
    expect(tokenizer.idOf('<|reasoning_thinking_start|>')).toBe(201142)
    expect(tokenizer.encode('a<|eot|>')).toEqual([200000, 97, 200008])
    expect(tokenizer.eosIds).toEqual([200001, 200007, 200008])
  })

  it("Meta's tokenizer.model: the number of ranks tells Llama 3", async () => {
    const tokenizer = await model(ranks(128_000))
    expect(tokenizer.vocabSize).toBe(128_256)
    const known = {
      '<|start_header_id|>': 128006,
      '<|eom_id|>': 128008,
      '<|eot_id|>': 128009,
      '<|python_tag|>': 128010,
    }
    for (const [name, id] of Object.entries(known)) expect(tokenizer.idOf(name)).toBe(id)
  })

  it('another number is refused', async () => {
    await expect(model(ranks(1000))).rejects.toThrow(/1000 ranks; expected 128000 \(Llama 3\) or 200000 \(Llama 4\)/)
  })

  it('a byte without a token is a UserError', async () => {
    const files = memoryFiles('model', { 'tiktoken.model': encoder.encode(`${line([97], 0)}\n`) })
    const tokenizer = await load(fakeCheckpoint(files))
    expect(() => tokenizer.encode('ab')).toThrow(UserError)
  })
})

describe('tekken.json', () => {
  const json = {
    config: { pattern: TEKKEN[0], default_vocab_size: 260, default_num_special_tokens: 3, num_vocab_tokens: 258 },
    vocab: [
      ...Array.from({ length: 256 }, (_, rank) => ({ rank, token_bytes: btoa(String.fromCharCode(rank)) })),
      { rank: 256, token_bytes: btoa('ab') },
      { rank: 257, token_bytes: btoa('abab') },
    ],
  }
  const tekken = (changes: object): Promise<Tokenizer> =>
    load(fakeCheckpoint(jsonFiles({ 'tekken.json': { ...json, ...changes } })))

  it('puts the ranks after the control tokens, as many as the vocabulary holds', async () => {
    const tokenizer = await tekken({})
    expect(tokenizer.encode('abab')).toEqual([1, 259, 259])
    expect(tokenizer.encode('a</s>', { addSpecial: false })).toEqual([100, 2])
    expect(tokenizer.eosIds).toEqual([2])
    const named = await tekken({ special_tokens: [{ rank: 2, token_str: '[END]' }] })
    expect(named.idOf('[END]')).toBe(2)
    // A name may have any characters.
    const odd = await tekken({ special_tokens: [{ rank: 2, token_str: '[a-/]{}()|.*+?^$\\' }] })
    expect(odd.encode('ab[a-/]{}()|.*+?^$\\', { addSpecial: false })).toEqual([259, 2])
  })

  it.each([
    ['no vocabulary', { vocab: undefined }, 'expected vocab, a list of ranks and bytes'],
    [
      'bytes that are not base64',
      { vocab: [{ rank: 0, token_bytes: '%' }] },
      'vocab[0]: expected a rank and base64 bytes',
    ],
    [
      'bytes that are cut short',
      { vocab: [{ rank: 0, token_bytes: 'YQ=' }] },
      'vocab[0]: expected a rank and base64 bytes',
    ],
    [
      'more control tokens than a vocabulary holds',
      { config: { ...json.config, default_num_special_tokens: 2 ** 24 - 1 } },
      'config.default_num_special_tokens: expected at most 260, found 16777215',
    ],
    ['control tokens that are no list', { special_tokens: 0 }, 'expected special_tokens, a list of ranks and texts'],
    ['no pattern', { config: { ...json.config, pattern: 7 } }, 'expected config.pattern, a regular expression'],
    ['no size', { config: {} }, 'expected config.default_vocab_size and config.default_num_special_tokens'],
    ['no config', { config: null }, 'expected config.default_vocab_size and config.default_num_special_tokens'],
    ['an entry that is null', { vocab: [json.vocab[0], null] }, 'vocab[1]: expected a rank and base64 bytes'],
    ['a wild rank', { vocab: [{ rank: 2 ** 24, token_bytes: 'YQ==' }] }, 'vocab[0]: expected a rank and base64 bytes'],
    [
      'specials without a text',
      { special_tokens: [{ rank: 2 }] },
      'expected special_tokens, a list of ranks and texts',
    ],
  ])('%s is a UserError', async (_, changes, fault) => {
    await expect(tekken(changes)).rejects.toMatchObject({
      code: 'invalid_tokenizer',
      message: `model/tekken.json: ${fault}. Fetch the tokenizer's files again.`,
    })
  })
})

it("Gemma's GGUF vocabulary: spaces as U+2581, bytes for what has no token", async () => {
  const hex = (b: number): string => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`
  const bytes = Array.from({ length: 256 }, (_, b) => hex(b))
  const tokens = ['<pad>', '<eos>', '<bos>', '<unk>', ...bytes, '\u2581', 'a', 'b', '\u2581a', 'ab', '\n', '\n\n']
  const types = tokens.map((token, id) => (id < 4 ? 3 : token.startsWith('<0x') ? 6 : 1))
  const merges = ['\u2581 a', 'a b', '\n \n']
  const tokenizer = await load(gguf({ model: 'gemma4', tokens, token_type: types, merges, bos_token_id: 2 }))
  const ids = tokenizer.encode(' ab\n\né')
  expect(ids.map((id) => tokens[id])).toEqual(['<bos>', '\u2581a', 'b', '\n\n', '<0xC3>', '<0xA9>'])
  expect(tokenizer.decode(ids)).toBe(' ab\n\né')
})
