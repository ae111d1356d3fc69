import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js'
import { nodeFiles } from '../../src/checkpoint/files-node.js'
import { readGgufHeader } from '../../src/checkpoint/gguf-header.js'
import { memorySource } from '../../src/checkpoint/memory.js'
import { loadTokenizer } from '../../src/tokenizer/load.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { fakeCheckpoint } from './vocabularies.js'

/** Other projects' vocabularies with the ids that their own tokenizers give. Too large for the repository. */
const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url))
const present = existsSync(`${SHARED}real/tokenizers`)
if (!present) console.log(`skipped: published vocabularies, since ${SHARED}real is absent`)

async function fromFolder(folder: string): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(fakeCheckpoint(await nodeFiles(SHARED + folder)))
  if (!tokenizer) throw new Error(`${folder} has no tokenizer`)
  return tokenizer
}

async function fromGguf(file: string): Promise<Tokenizer> {
  const { metadata } = await readGgufHeader(memorySource(file, readFileSync(SHARED + file)))
  const checkpoint: Checkpoint = { ...fakeCheckpoint(), kind: 'gguf', metadata }
  const tokenizer = await loadTokenizer(checkpoint)
  if (!tokenizer) throw new Error(`${file} has no tokenizer`)
  return tokenizer
}

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string {
  const decoder = tokenizer.decoder()
  return ids.map((id) => decoder.push(id)).join('') + decoder.flush()
}

interface Case {
  tokenizer: string
  text: string
  ids: number[]
}

function cases(file: string): Case[] {
  const lines = readFileSync(`${SHARED}real/tokenizers/${file}`, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Case)
}

describe.skipIf(!present)('published vocabularies', () => {
  test.each(['kimi-k2', 'gpt2', 'mistral-sp'])('%s gives the published ids', async (name) => {
    const tokenizer = await fromFolder(`real/tokenizers/${name}`)
    const all = [...cases('expected.jsonl'), ...cases('expected-long.jsonl')].filter((c) => c.tokenizer === name)
    const wrong: unknown[] = []
    for (const { text, ids } of all) {
      // The cases take special tokens of tokenizer.json as such, and Kimi's as plain text.
      const found = tokenizer.encode(text, { addSpecial: false, parseSpecial: name !== 'kimi-k2' })
      if (JSON.stringify(found) !== JSON.stringify(ids)) wrong.push({ text: text.slice(0, 80), ids, found })
      if (name === 'kimi-k2' && tokenizer.decode(ids) !== text)
        wrong.push({ text: text.slice(0, 80), decoded: tokenizer.decode(ids) })
      if (streamed(tokenizer, ids) !== tokenizer.decode(ids)) wrong.push({ text, streamed: streamed(tokenizer, ids) })
    }
    console.log(`${name}: ${all.length} cases, ${wrong.length} wrong`)
    expect(wrong).toEqual([])
  })

  test.each(['deepseek-coder', 'deepseek-llm', 'gpt-2', 'llama-spm', 'phi-3'])('GGUF %s', async (name) => {
    const file = `real/vocab-gguf/ggml-vocab-${name}.gguf`
    const tokenizer = await fromGguf(file)
    const inputs = readFileSync(`${SHARED}${file}.inp`, 'utf8').split('\n__ggml_vocab_test__\n')
    const outputs = readFileSync(`${SHARED}${file}.out`, 'utf8').split('\n')
    const wrong: unknown[] = []
    inputs.forEach((text, i) => {
      const ids = (outputs[i] ?? '').split(' ').filter(Boolean).map(Number)
      // The cases take special tokens of tokenizer.json as such, and Kimi's as plain text.
      const found = tokenizer.encode(text, { addSpecial: false, parseSpecial: name !== 'kimi-k2' })
      if (JSON.stringify(found) !== JSON.stringify(ids)) wrong.push({ text, ids, found })
      if (tokenizer.decode(found) !== text) wrong.push({ text, decoded: tokenizer.decode(found) })
    })
    console.log(`${name}: ${inputs.length} cases, ${wrong.length} wrong`)
    expect(wrong).toEqual([])
  })

  test('tinystories: prompt ids with BOS', async () => {
    const tokenizer = await fromFolder('real/tinystories-656k')
    const text = readFileSync(`${SHARED}real/tinystories-656k/expected.json`, 'utf8')
    const expected = JSON.parse(text) as { prompt: string; prompt_ids: number[] }[]
    for (const { prompt, prompt_ids } of expected) {
      expect(tokenizer.encode(prompt, { addSpecial: true })).toEqual(prompt_ids)
    }
  })

  test('stories260k: a story and its start', async () => {
    const tokenizer = await fromGguf('golden-gguf/stories260k/model.gguf')
    const story = readFileSync(`${SHARED}golden-gguf/stories260k/greedy.txt`, 'utf8')
    expect(tokenizer.decode(tokenizer.encode(story, { addSpecial: false }))).toBe(story)
    expect(tokenizer.encode('Once upon a time', { addSpecial: true })).toEqual([1, 403, 407, 261, 378])
  })
})
