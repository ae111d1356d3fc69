// What a tokenizer keeps of the file that it was read from. Its lists are of 150,000 entries and more in today's models, tens of megabytes.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { atOnce } from '../../src/slices.js'
import { ggufTokenizer } from '../../src/tokenizer/gguf-vocabulary.js'
import { huggingFaceTokenizer } from '../../src/tokenizer/hugging-face.js'
import { PairTable, IDS } from '../../src/tokenizer/pair-table.js'
import { tekkenTokenizer } from '../../src/tokenizer/tekken.js'
import { TokenTable } from '../../src/tokenizer/token-table.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { collectGarbage } from '../garbage.js'

const setup = { where: 'here', eosIds: [] }
const letters = Array.from({ length: 256 }, (_, i) => String.fromCharCode(0x100 + i))
const joint = letters[0]! + letters[1]!

/** Each makes its lists anew, says which they are, and reads them. */
const KINDS: Record<string, () => { lists: object[]; tokenizer: Tokenizer }> = {
  'tokenizer.json with pairs': () => readJson([[letters[0]!, letters[1]!]]),
  'tokenizer.json with merges as text': () => readJson([`${letters[0]} ${letters[1]}`]),
  'tokenizer.json, unigram': () => {
    const vocab = letters.map((name, i) => [name, -i])
    return {
      lists: [vocab],
      tokenizer: atOnce(huggingFaceTokenizer({ model: { type: 'Unigram', unk_id: 0, vocab } }, setup)),
    }
  },
  GGUF: () => {
    const merges = [`${letters[0]} ${letters[1]}`]
    const metadata = new Map<string, unknown>(
      Object.entries({ model: 'gpt2', pre: 'qwen2', tokens: [...letters, joint], merges }),
    )
    return {
      lists: [merges, metadata.get('tokens') as object, metadata],
      tokenizer: atOnce(ggufTokenizer(metadata, 'here', []))!,
    }
  },
  SentencePiece: () => {
    const [tokens, types] = [[...letters, joint], [...letters, joint].map(() => 1)]
    const scores = tokens.map((_, i) => -i)
    const metadata = new Map<string, unknown>(Object.entries({ model: 'llama', tokens, token_type: types, scores }))
    return { lists: [tokens, types, metadata], tokenizer: atOnce(ggufTokenizer(metadata, 'here', []))! }
  },
  'tekken.json': () => {
    const vocab = letters.map((_, rank) => ({ rank, token_bytes: btoa(String.fromCharCode(rank)) }))
    const config = { default_vocab_size: 276, default_num_special_tokens: 20, pattern: '.' }
    return { lists: [vocab], tokenizer: atOnce(tekkenTokenizer({ config, vocab }, 'here')) }
  },
}

function readJson(merges: unknown[]): { lists: object[]; tokenizer: Tokenizer } {
  const vocab = Object.fromEntries([...letters, joint].map((name, id) => [name, id]))
  const model = { type: 'BPE', vocab, merges }
  const json = { model, decoder: { type: 'ByteLevel' } }
  return { lists: [json, model, merges], tokenizer: atOnce(huggingFaceTokenizer(json, setup)) }
}

it.each(Object.keys(KINDS))('%s: its lists are free to go', async (kind) => {
  const read = (): { held: WeakRef<object>[]; tokenizer: Tokenizer } => {
    const { lists, tokenizer } = KINDS[kind]!()
    return { held: lists.map((list) => new WeakRef(list)), tokenizer }
  }
  const { held, tokenizer } = read()
  await collectGarbage()
  expect(held.map((list) => list.deref())).toEqual(held.map(() => undefined))
  expect(tokenizer.vocabSize).toBeGreaterThan(255)
})

it('pairs of ids have what a map of them would have', () => {
  const ids = fc.oneof(fc.nat(5), fc.nat(IDS - 1))
  const entry = fc.tuple(ids, ids, fc.nat(IDS - 1), fc.nat(IDS - 1))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), fc.array(fc.tuple(ids, ids)), (entries, others) => {
      const [table, map] = [new PairTable(entries.length), new Map<string, number>()]
      for (const [left, right, rank, id] of entries) {
        table.set(left, right, rank, id)
        map.set(`${left} ${right}`, rank * IDS + id)
      }
      for (const [left, right] of [...entries, ...others])
        expect(table.get(left, right)).toBe(map.get(`${left} ${right}`))
    }),
  )
})

it('texts of tokens have what a map and a list of them would have', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.string({ unit: 'grapheme' }),
    fc.constant('\ud800'),
  )
  const entry = fc.tuple(text, fc.oneof(fc.nat(700), fc.nat(100_000)))
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: ([, id]) => id, maxLength: 900 }),
      fc.array(text),
      (entries, others) => {
        const [table, ids] = [new TokenTable(), new Map<string, number>()]
        for (const [token, id] of entries) {
          table.set(token, id)
          ids.set(token, id)
        }
        expect([table.size, table.count]).toEqual([Math.max(-1, ...entries.map(([, id]) => id)) + 1, ids.size])
        for (const [token, id] of entries) {
          expect(table.textOf(id)).toBe(token)
          expect(table.textOf(id + 1)).toBe(entries.find(([, other]) => other === id + 1)?.[0])
        }
        for (const token of [...ids.keys(), ...others]) expect(table.get(token)).toBe(ids.get(token))
      },
    ),
  )
})

it('texts of tokens may be as long as one argument list cannot be', () => {
  const table = new TokenTable()
  const long = 'a\u4e00'.repeat(150_000)
  table.set(long, 3)
  expect(table.textOf(3)).toBe(long)
  expect(table.get(long)).toBe(3)
  expect([table.textOf(-1), table.textOf(2), table.textOf(4), table.get('')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
