// Other projects' vocabularies with the ids that their own tokenizers give.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { embeddedTokenizer } from '../../src/checkpoint/gguf/embedded.js'
import { readGgufHeader } from '../../src/checkpoint/gguf/header.js'
import { memorySource } from '../../src/checkpoint/files/memory.js'
import { loadTokenizer } from '../../src/tokenizer/load.js'
import { sentencePieceModel } from '../../src/tokenizer/sentence-piece-model.js'
import { rankedTokenizer } from '../../src/tokenizer/tiktoken-families.js'
import { HARMONY_FAMILY, deepseekFamily } from '../tokenizer/ranked-families.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { atOnce } from '../../src/slices.js'
import { fakeCheckpoint } from '../tokenizer/vocabularies.js'
import { reference } from './folder.js'

async function fromFolder(folder: string): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(fakeCheckpoint(await nodeFiles(reference(folder))))
  if (!tokenizer) throw new Error(`${folder} has no tokenizer`)
  return tokenizer
}

async function fromGguf(file: string): Promise<Tokenizer> {
  const { metadata } = await readGgufHeader(memorySource(file, readFileSync(reference(file))))
  const checkpoint: Checkpoint = { ...fakeCheckpoint(), embedded: embeddedTokenizer(metadata) }
  const tokenizer = await loadTokenizer(checkpoint)
  if (!tokenizer) throw new Error(`${file} has no tokenizer`)
  return tokenizer
}

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string {
  const decoder = tokenizer.decoder()
  return ids.map((id) => decoder.push(id)).join('') + decoder.flush()
}

function text(file: string): string {
  return readFileSync(reference(`real/tokenizers/${file}`), 'utf8')
}

const noIds = { where: 'ranks', eosIds: [] }

const MISTRAL_MODEL = 'mistral-sp/mistral_instruct_tokenizer_240323.model.v3'

function deepseek(): Tokenizer {
  const ranks = gunzipSync(readFileSync(reference('real/tokenizers/deepseek-v3/deepseek_base.tiktoken.gz')))
  const specials = JSON.parse(text('deepseek-v3/deepseek_base_special.json')) as Record<string, number>
  const family = deepseekFamily(new Map(Object.entries(specials).map(([name, id]) => [id, name])))
  return atOnce(rankedTokenizer(ranks.toString('utf8'), family, noIds))
}

/** llama.cpp's cases: texts, and for each a line of ids. */
async function sameAsOutputs(name: string, tokenizer: Tokenizer): Promise<void> {
  const file = reference(`real/vocab-gguf/ggml-vocab-${name}.gguf`)
  const inputs = readFileSync(`${file}.inp`, 'utf8').split('\n__ggml_vocab_test__\n')
  const outputs = readFileSync(`${file}.out`, 'utf8').split('\n')
  const wrong: unknown[] = []
  inputs.forEach((text, i) => {
    const ids = (outputs[i] ?? '').split(' ').filter(Boolean).map(Number)
    const found = tokenizer.encode(text, { addSpecial: false })
    if (JSON.stringify(found) !== JSON.stringify(ids)) wrong.push({ text, ids, found })
    if (tokenizer.decode(found) !== text) wrong.push({ text, decoded: tokenizer.decode(found) })
  })
  console.log(`${name}: ${inputs.length} cases, ${wrong.length} wrong`)
  expect(wrong).toEqual([])
}

interface Case {
  tokenizer: string
  text: string
  ids: number[]
}

function cases(file: string): Case[] {
  const lines = readFileSync(reference(`real/tokenizers/${file}`), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as Case)
}

describe('published vocabularies', () => {
  /** Each with the way in which its files are read. */
  const sources: [string, () => Promise<Tokenizer>][] = [
    ['kimi-k2', () => fromFolder('real/tokenizers/kimi-k2')],
    ['gpt2', () => fromFolder('real/tokenizers/gpt2')],
    ['mistral-sp', () => fromFolder('real/tokenizers/mistral-sp')],
    ['llama4', () => fromFolder('real/tokenizers/llama4')],
    ['o200k', async () => atOnce(rankedTokenizer(text('o200k/o200k_base.tiktoken'), HARMONY_FAMILY, noIds))],
    ['deepseek-v3', async () => deepseek()],
  ]
  test.each(sources)('%s gives the published ids', async (name, make) => {
    const tokenizer = await make()
    const all = [...cases('expected.jsonl'), ...cases('expected-long.jsonl')].filter((c) => c.tokenizer === name)
    // The cases take special tokens as such, but for those of three vocabularies.
    const parseSpecial = !['kimi-k2', 'llama4', 'deepseek-v3'].includes(name)
    const wrong: unknown[] = []
    for (const { text, ids } of all) {
      const found = tokenizer.encode(text, { addSpecial: false, parseSpecial })
      if (JSON.stringify(found) !== JSON.stringify(ids)) wrong.push({ text: text.slice(0, 80), ids, found })
      if (!parseSpecial && tokenizer.decode(ids) !== text)
        wrong.push({ text: text.slice(0, 80), decoded: tokenizer.decode(ids) })
      if (streamed(tokenizer, ids) !== tokenizer.decode(ids)) wrong.push({ text, streamed: streamed(tokenizer, ids) })
    }
    console.log(`${name}: ${all.length} cases, ${wrong.length} wrong`)
    expect(wrong).toEqual([])
  })

  test('mistral-sp: its tokenizer.model gives the same ids', () => {
    const tokenizer = atOnce(
      sentencePieceModel(readFileSync(reference(`real/tokenizers/${MISTRAL_MODEL}`)), 'model', [], true),
    )
    // tokenizer.json puts no space before a text that begins with one, and its <s> is found in any text.
    const same = cases('expected.jsonl')
      .concat(cases('expected-long.jsonl'))
      .filter(({ tokenizer, text }) => tokenizer === 'mistral-sp' && !text.startsWith(' ') && !text.includes('<s>'))
    expect(same.length).toBe(125)
    for (const { text, ids } of same)
      expect(tokenizer.encode(text, { addSpecial: false, parseSpecial: false })).toEqual(ids)
  })

  test.each(['deepseek-coder', 'deepseek-llm', 'gpt-2', 'llama-spm', 'phi-3'])('GGUF %s', async (name) => {
    await sameAsOutputs(name, await fromGguf(`real/vocab-gguf/ggml-vocab-${name}.gguf`))
  })

  test('GGUF qwen2: the vocabulary is that of qwen.tiktoken', async () => {
    await sameAsOutputs('qwen2', await fromFolder('real/tokenizers/qwen2'))
  })

  test('tinystories: prompt ids with BOS', async () => {
    const tokenizer = await fromFolder('real/tinystories-656k')
    const text = readFileSync(reference('real/tinystories-656k/expected.json'), 'utf8')
    const expected = JSON.parse(text) as { prompt: string; prompt_ids: number[] }[]
    for (const { prompt, prompt_ids } of expected) {
      expect(tokenizer.encode(prompt, { addSpecial: true })).toEqual(prompt_ids)
    }
  })

  test('stories260k: a story and its start', async () => {
    const tokenizer = await fromGguf('golden-gguf/stories260k/model.gguf')
    const story = readFileSync(reference('golden-gguf/stories260k/greedy.txt'), 'utf8')
    expect(tokenizer.decode(tokenizer.encode(story, { addSpecial: false }))).toBe(story)
    expect(tokenizer.encode('Once upon a time', { addSpecial: true })).toEqual([1, 403, 407, 261, 378])
  })
})
