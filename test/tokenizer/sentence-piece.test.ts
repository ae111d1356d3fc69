import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { sentencePieceModel } from '../../src/tokenizer/sentence-piece-model.js'

/** Tiny models with the ids that sentencepiece gives: tools/oracle/make_sentencepiece.py. */
const FOLDER = fileURLToPath(new URL('../fixtures/tokenizers/', import.meta.url))
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.model'))
  .map((name) => name.slice(0, -'.model'.length))
const bytesOf = (name: string): Uint8Array => readFileSync(`${FOLDER}${name}.model`)

describe('tokenizer.model', () => {
  it.each(names)('%s gives the ids of sentencepiece', (name) => {
    const tokenizer = sentencePieceModel(bytesOf(name), name, [], true)
    const cases = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as { text: string; ids: number[] }[]
    expect(cases.length).toBeGreaterThan(10)
    for (const { text, ids } of cases) {
      expect({ text, ids: tokenizer.encode(text, { addSpecial: false, parseSpecial: false }) }).toEqual({ text, ids })
    }
  })

  it('begins with BOS, and takes control tokens where it is asked to', () => {
    const tokenizer = sentencePieceModel(bytesOf('bpe-plain'), 'model', [], true)
    expect(tokenizer.encode('a')[0]).toBe(tokenizer.bosId)
    const options = { addSpecial: false }
    expect(tokenizer.encode('</s>', options)).toEqual([tokenizer.idOf('</s>')])
    expect(tokenizer.encode('</s>', { ...options, parseSpecial: false })).not.toEqual([tokenizer.idOf('</s>')])
  })

  it.each(names.filter((name) => name.endsWith('plain')))('%s gives back any text', (name) => {
    const tokenizer = sentencePieceModel(bytesOf(name), name, [], true)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        fc.pre(!text.includes('\u2581'))
        expect(tokenizer.decode(tokenizer.encode(text, { addSpecial: false, parseSpecial: false }))).toBe(text)
      }),
    )
  })

  it('damaged is a UserError or still a tokenizer, never anything else', () => {
    const whole = bytesOf('unigram-plain')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice()
        if (!cut) bytes[at] = byte
        try {
          sentencePieceModel(bytes, 'model', [], true).encode('the terms')
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
