import fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { UserError } from '../../src/errors.js'
import { loadTokenizer } from '../../src/tokenizer/load.js'
import { tiktokenTokenizer } from '../../src/tokenizer/tiktoken.js'
import { TokenTable } from '../../src/tokenizer/token-table.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { fakeCheckpoint, jsonFiles } from './vocabularies.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))

async function tokenizerOf(checkpoint: Checkpoint): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(checkpoint)
  if (!tokenizer) throw new Error('there is no tokenizer')
  return tokenizer
}

/** A byte-level BPE over a few letters. */
function bpe(merges: unknown[], vocab: Record<string, unknown>, more: object = {}): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
  return {
    model: { type: 'BPE', vocab, merges },
    added_tokens: [],
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    ...more,
  }
}

const LETTERS = { a: 0, b: 1, c: 2, ab: 3, abc: 4, bc: 5 }

describe('byte-level', () => {
  it('gives back any text, whole and streamed', async () => {
    const tokenizer = await tokenizerOf(fakeCheckpoint(await nodeFiles(MINI)))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const ids = tokenizer.encode(text, { addSpecial: false, parseSpecial: false })
        expect(tokenizer.decode(ids)).toBe(text)
        const decoder = tokenizer.decoder()
        expect(ids.map((id) => decoder.push(id)).join('') + decoder.flush()).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('never hands out half a character', async () => {
    const tokenizer = await tokenizerOf(fakeCheckpoint(await nodeFiles(MINI)))
    const decoder = tokenizer.decoder()
    const parts = tokenizer.encode('a🙂开', { addSpecial: false }).map((id) => decoder.push(id))
    expect(parts.filter((part) => part !== '')).toEqual(['a', '🙂', '开'])
  })

  it('takes special tokens as such only where it is asked to', async () => {
    const tokenizer = await tokenizerOf(fakeCheckpoint(await nodeFiles(MINI)))
    const text = 'x<｜User｜>y'
    expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: true })).toEqual([120, 257, 121])
    const plain = tokenizer.encode(text, { addSpecial: false, parseSpecial: false })
    expect(plain.every((id) => id < 256)).toBe(true)
    expect(tokenizer.decode(plain)).toBe(text)
  })

  it('refuses an id that is none, in text and streamed', async () => {
    const tokenizer = await tokenizerOf(fakeCheckpoint(await nodeFiles(MINI)))
    const last = tokenizer.vocabSize - 1
    for (const id of [-1, 0.5, last + 1]) {
      const message = `token id ${id}: expected an id of the vocabulary, 0 to ${last}`
      expect(() => tokenizer.decoder().push(id)).toThrow(expect.objectContaining({ code: 'invalid_argument', message }))
      expect(() => tokenizer.decode([id])).toThrow(message)
    }
  })

  it('merges in the order of the list', async () => {
    const merges = (list: string[]): Promise<Tokenizer> =>
      tokenizerOf(fakeCheckpoint(jsonFiles({ 'tokenizer.json': bpe(list, LETTERS) })))
    const options = { addSpecial: false }
    expect((await merges(['a b', 'ab c'])).encode('abcab', options)).toEqual([4, 3])
    expect((await merges(['b c', 'a b'])).encode('abcab', options)).toEqual([0, 5, 3])
  })
})

describe('half a pair of UTF-16', () => {
  const broken = 'a\ud83d'
  const options = { addSpecial: false }

  it('is U+FFFD, in tokenizer.json', async () => {
    const json = { model: { type: 'BPE', vocab: { a: 0, '\ufffd': 1, u: 2 }, merges: [], unk_token: 'u' } }
    const tokenizer = await tokenizerOf(fakeCheckpoint(jsonFiles({ 'tokenizer.json': json })))
    expect(tokenizer.encode(broken, options)).toEqual([0, 1])
  })

  it('is U+FFFD, in a vocabulary of SentencePiece', async () => {
    const tokens = ['<unk>', '<s>', '</s>', '▁a', '▁', 'a', '\ufffd']
    const vocabulary = { model: 'llama', tokens, scores: tokens.map(() => 0), token_type: [2, 3, 3, 1, 1, 1, 1] }
    const tokenizer = await tokenizerOf({
      ...fakeCheckpoint(),
      embedded: { vocabulary: new Map<string, unknown>(Object.entries(vocabulary)) },
    })
    expect(tokenizer.encode(broken, options)).toEqual([3, 6])
  })

  it('is U+FFFD where expressions cut the text', () => {
    const ranks = new TokenTable()
    for (let byte = 0; byte < 256; byte++) ranks.set(String.fromCharCode(byte), byte)
    ranks.set('!\xef\xbf\xbd', 256)
    ranks.set('\xbf\xbd', 257)
    ranks.set('\xef\xbf\xbd', 258)
    const none = { specials: new Map<number, string>(), visible: new Set<number>(), vocabSize: 259, eosIds: [] }
    const tokenizer = tiktokenTokenizer(ranks, { where: 'ranks', splitting: ['[\\p{P}\\p{S}]+'], ...none })
    expect(tokenizer.encode('!\ud83d')).toEqual([256])
  })
})

describe('damaged files give a UserError', () => {
  const joint = 'expected two tokens whose joint is a token'
  const range = 'expected a whole number below 2^24'
  const damaged: [string, object, string][] = [
    ['a merge whose joint is no token', bpe(['a c'], LETTERS), `merge "a c": ${joint}`],
    ['merges in a circle', bpe(['a b', 'ab a', 'aba b', 'abab ab'], LETTERS), `merge "ab a": ${joint}`],
    ['a merge of three', bpe(['a b c'], LETTERS), `merge "a b c": ${joint}`],
    ['a merge that is no text', bpe([7], LETTERS), `merge 7: ${joint}`],
    ['an id that is negative', bpe([], { ...LETTERS, d: -1 }), `token "d" has the id -1; ${range}`],
    ['an id near 2^53', bpe([], { ...LETTERS, d: 2 ** 53 }), `token "d" has the id 9007199254740992; ${range}`],
    ['an id that is text', bpe([], { ...LETTERS, d: 'seven' }), `token "d" has the id seven; ${range}`],
    ['two tokens with one id', bpe([], { ...LETTERS, d: 3 }), 'tokens "ab" and "d" share the id 3'],
    ['no vocabulary', { model: { type: 'BPE', merges: [] } }, 'expected model.vocab, found none'],
    ['no model', { added_tokens: [] }, 'expected model.vocab, found none'],
    [
      'an added token with a wild id',
      bpe([], LETTERS, { added_tokens: [{ id: 1e12, content: 'x' }] }),
      `added token "x" has the id 1000000000000; ${range}`,
    ],
  ]
  it.each(damaged)('tokenizer.json: %s', async (_, json, fault) => {
    const error: unknown = await tokenizerOf(fakeCheckpoint(jsonFiles({ 'tokenizer.json': json }))).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(UserError)
    const { code, message } = error as UserError
    expect(code).toBe('invalid_tokenizer')
    expect(message).toContain(`model/tokenizer.json: ${fault}`)
    expect(message).toMatch(/\. Fetch the tokenizer's files again\.$/)
  })

  it('tokenizer.json: a list', async () => {
    await expect(tokenizerOf(fakeCheckpoint(jsonFiles({ 'tokenizer.json': [] })))).rejects.toThrow(UserError)
  })

  it('tokenizer.json that is no JSON', async () => {
    const files = memoryFiles('model', { 'tokenizer.json': new TextEncoder().encode('{"model":') })
    await expect(tokenizerOf(fakeCheckpoint(files))).rejects.toThrow(UserError)
  })

  it.each(['YQ== zero', 'YQ==', '% 0', 'YQ== -1', 'YQ== 99999999999'])('tiktoken.model: %s', async (line) => {
    const files = memoryFiles('model', { 'tiktoken.model': new TextEncoder().encode(`${line}\n`) })
    await expect(tokenizerOf(fakeCheckpoint(files))).rejects.toThrow(/line 1/)
  })

  const vocabulary = {
    model: 'llama',
    tokens: ['<unk>', '<s>', '</s>', '▁a', 'a'],
    scores: [0, 0, 0, -1, -2],
    token_type: [2, 3, 3, 1, 1],
  }
  const gguf = (changes: object): Checkpoint => {
    const entries = Object.entries({ ...vocabulary, ...changes })
    return { ...fakeCheckpoint(), embedded: { vocabulary: new Map(entries) } }
  }
  it('GGUF metadata: whole, it works', async () => {
    expect((await tokenizerOf(gguf({}))).encode('a', { addSpecial: true })).toEqual([1, 3])
  })
  it.each([
    ['tokens that are numbers', { tokens: [1, 2] }, 'expected tokenizer.ggml.tokens, a list of strings'],
    ['no tokens', { tokens: undefined }, 'expected tokenizer.ggml.tokens, a list of strings'],
    ['fewer scores than tokens', { scores: [0] }, 'expected tokenizer.ggml.scores, one for each token'],
    ['fewer types than tokens', { token_type: [1] }, '5 tokens and 1 token types; expected as many'],
    ['an unknown model', { model: 'abacus' }, 'tokenizer model "abacus": expected gpt2, llama or gemma4'],
    ['an unknown pre-tokenizer', { model: 'gpt2', pre: 'abacus' }, 'pre-tokenizer "abacus": expected one of default, '],
  ])('GGUF metadata: %s', async (_, changes, fault) => {
    await expect(tokenizerOf(gguf(changes))).rejects.toMatchObject({
      code: 'invalid_tokenizer',
      message: expect.stringContaining(`model: ${fault}`) as string,
    })
  })

  it('GGUF merges in a circle end', async () => {
    const tokens = ['a', 'b', 'ab', 'aba', 'abab']
    const changes = {
      model: 'gpt2',
      tokens,
      token_type: tokens.map(() => 1),
      merges: ['a b', 'ab a', 'aba b', 'ab ab', 'abab a', ' '],
    }
    const tokenizer = await tokenizerOf(gguf(changes))
    const ids = tokenizer.encode('ab'.repeat(5000), { addSpecial: false })
    expect(tokenizer.decode(ids)).toBe('ab'.repeat(5000))
  })
})
