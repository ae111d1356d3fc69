// Whole tokenizer.json files, compared with what huggingface/tokenizers 0.23.3 makes of texts with them (tools/oracle/make_tokenizers.py).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import type { JsonObject } from '../../src/json.js'
import { atOnce } from '../../src/slices.js'
import { huggingFaceTokenizer } from '../../src/tokenizer/hugging-face.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'

interface Whole {
  readonly name: string
  /** Its place in `models`. */
  readonly model: number
  readonly json: JsonObject
  readonly cases: readonly [text: string, ids: number[], decoded: string][]
}

const { models, tokenizers } = JSON.parse(
  readFileSync(new URL('../fixtures/tokenizers/whole.json', import.meta.url), 'utf8'),
) as { models: JsonObject[]; tokenizers: Whole[] }

function made(json: JsonObject): Tokenizer {
  return atOnce(huggingFaceTokenizer(json, { where: 'tokenizer.json', eosIds: [] }))
}

describe('ids and texts are those of the reference', () => {
  it.each(tokenizers)('$name', ({ json, model, cases }) => {
    const tokenizer = made({ ...json, model: models[model] })
    const found = cases.map(([text, ids]) => [text, tokenizer.encode(text), tokenizer.decode(ids)])
    expect(found).toEqual(cases)
  })
})

describe('what would give another text or other ids is refused', () => {
  const cls = { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'a' } }, { Sequence: { id: 'A' } }] }
  const template = { ...cls, special_tokens: { a: { id: 'a', ids: [1], tokens: ['a'] } } }
  const decoders = (...all: JsonObject[]): JsonObject => ({ decoder: { type: 'Sequence', decoders: all } })
  it.each<[string, JsonObject, string]>([
    [
      'WordPiece',
      { decoder: { type: 'WordPiece', prefix: '##', cleanup: true } },
      'decoder.type: expected ByteLevel, ',
    ],
    ['an end that is stripped', decoders({ type: 'Fuse' }, strip(1, 1)), 'decoder.decoders[1].stop: expected 0'],
    ['two spaces that are stripped', decoders({ type: 'Fuse' }, strip(2, 0)), 'decoders[1].start: expected 0 or 1'],
    ['a word that is replaced', decoders({ type: 'Fuse' }, REPLACED), 'decoders[1].pattern: expected one character'],
    ['bytes of the text', decoders({ type: 'Fuse' }, { type: 'ByteLevel' }), 'expected ByteLevel before Fuse'],
    [
      'tokens around those of a template',
      { post_processor: { type: 'Sequence', processors: [template, template] } },
      'post_processor.processors: expected none that adds tokens after TemplateProcessing, found "TemplateProcessing"',
    ],
  ])('%s', (_, parts, message) => {
    const json = { ...parts, model: models[0] }
    expect(() => made(json)).toThrow(UserError)
    expect(() => made(json)).toThrow(message)
  })
})

const REPLACED = { type: 'Replace', pattern: { String: 'ab' }, content: 'c' }

function strip(start: number, stop: number): JsonObject {
  return { type: 'Strip', content: ' ', start, stop }
}
