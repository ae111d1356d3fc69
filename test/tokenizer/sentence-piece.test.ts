import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { sentencePieceModel } from '../../src/tokenizer/sentence-piece-model.js'
import { atOnce } from '../../src/slices.js'

/** Tiny models with the ids that sentencepiece gives: tools/oracle/make_sentencepiece.py. */
const FOLDER = fileURLToPath(new URL('../fixtures/tokenizers/', import.meta.url))
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.model'))
  .map((name) => name.slice(0, -'.model'.length))
const bytesOf = (name: string): Uint8Array => readFileSync(`${FOLDER}${name}.model`)

describe('tokenizer.model', () => {
  it.each(names)('%s gives the ids of sentencepiece', (name) => {
    const tokenizer = atOnce(sentencePieceModel(bytesOf(name), name, [], true))
    const cases = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as { text: string; ids: number[] }[]
    expect(cases.length).toBeGreaterThan(10)
    for (const { text, ids } of cases) {
      expect({ text, ids: tokenizer.encode(text, { addSpecial: false, parseSpecial: false }) }).toEqual({ text, ids })
    }
  })

  it('begins with BOS, and takes control tokens where it is asked to', () => {
    const tokenizer = atOnce(sentencePieceModel(bytesOf('bpe-plain'), 'model', [], true))
    expect(tokenizer.encode('a')[0]).toBe(tokenizer.bosId)
    const options = { addSpecial: false }
    expect(tokenizer.encode('</s>', options)).toEqual([tokenizer.idOf('</s>')])
    expect(tokenizer.encode('</s>', { ...options, parseSpecial: false })).not.toEqual([tokenizer.idOf('</s>')])
  })

  it.each(names.filter((name) => name.endsWith('plain')))('%s gives back any text', (name) => {
    const tokenizer = atOnce(sentencePieceModel(bytesOf(name), name, [], true))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        fc.pre(!text.includes('\u2581'))
        expect(tokenizer.decode(tokenizer.encode(text, { addSpecial: false, parseSpecial: false }))).toBe(text)
      }),
    )
  })

  /** A field of a protobuf: a number, or bytes; numbers here are below 128. */
  const field = (number: number, value: number | Uint8Array | string): Uint8Array => {
    const key = number * 8 + (typeof value === 'number' ? 0 : 2)
    const head = key < 128 ? [key] : [(key & 127) | 128, key >> 7]
    if (typeof value === 'number') return Uint8Array.of(...head, value)
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
    return Uint8Array.of(...head, bytes.length, ...bytes)
  }
  const PIECE = field(1, field(1, 'a'))
  const fault = (...parts: Uint8Array[]): unknown => {
    try {
      return atOnce(
        sentencePieceModel(Uint8Array.from(parts.flatMap((part) => [...part])), 'tokenizer.model', [], true),
      )
    } catch (error) {
      return error
    }
  }

  it.each<[string, string, ...Uint8Array[]]>([
    ['a model of words', 'model type 3: expected 1 (unigram) or 2 (BPE)', field(2, field(3, 3))],
    [
      'a map of characters',
      'normaliser "nmt_nfkc": expected identity; use a tokenizer.json',
      field(3, Uint8Array.of(...field(1, 'nmt_nfkc'), ...field(2, 'x'))),
    ],
    [
      'white space as a suffix',
      'white space as a suffix is not supported; use a tokenizer.json',
      field(2, field(24, 1)),
    ],
    [
      'white space that is no mark',
      'white space that stays as it is, is not supported; use a tokenizer.json',
      field(3, field(5, 0)),
    ],
  ])('with %s is of a kind that is not read', (_, expected, part) => {
    expect(fault(PIECE)).not.toBeInstanceOf(Error)
    expect(fault(PIECE, part)).toBeInstanceOf(UserError)
    expect(fault(PIECE, part)).toMatchObject({
      code: 'invalid_tokenizer',
      message: expect.stringContaining(`tokenizer.model: ${expected}. Tokenizers of this kind`) as string,
    })
  })

  it.each<[string, string, ...Uint8Array[]]>([
    ['no pieces', 'expected pieces, found none', field(2, field(3, 2))],
    ['a number that ends early', 'a number ends early; expected a SentencePiece model', PIECE, Uint8Array.of(0x80)],
    [
      'a field beyond the end',
      'a field claims 9 bytes, 1 are left; expected a SentencePiece model',
      ...[PIECE, Uint8Array.of(0x0a, 9, 0)],
    ],
    ['a group', 'wire type 3 at byte 6; expected a SentencePiece model', PIECE, Uint8Array.of(0x0b)],
  ])('with %s is refused', (_, expected, ...parts) => {
    expect(fault(PIECE)).not.toBeInstanceOf(Error)
    expect(fault(...parts)).toBeInstanceOf(UserError)
    expect(fault(...parts)).toMatchObject({
      code: 'invalid_tokenizer',
      message: `tokenizer.model: ${expected}. Fetch the tokenizer's files again.`,
    })
  })

  it('damaged is a UserError or still a tokenizer, never anything else', () => {
    const whole = bytesOf('unigram-plain')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice()
        if (!cut) bytes[at] = byte
        try {
          atOnce(sentencePieceModel(bytes, 'model', [], true)).encode('the terms')
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
