// Folders of safetensors as GGUF: read back, they are the same model.
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import type { FileSet } from '../../src/checkpoint/files/source.js'
import { GgufMetadata } from '../../src/published/gguf-metadata.js'
import { openGgufFile } from '../../src/checkpoint/gguf/file.js'
import { loadEngineFrom } from '../../src/engine/load.js'
import { quantizeModel } from '../../src/engine/quantize/quantize.js'
import type { JsonObject } from '../../src/json.js'
import { openCheckpoint } from '../../src/models/open.js'
import { inSlices } from '../../src/slices.js'
import { writtenVocabulary } from '../../src/tokenizer/gguf-writing.js'
import { huggingFaceTokenizer } from '../../src/tokenizer/hugging-face.js'
import { concat } from '../checkpoint/build.js'

/** The characters that stand for bytes, as GPT-2 has them. */
const BYTES = byteCharacters()
function byteCharacters(): string[] {
  const plain = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++))
}

const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const splitBy = (Regex: string): JsonObject => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
})
const PLAIN = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
const DIGITS = { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, PLAIN] }

/** Pieces of two bytes or more, so that where a text is split shows in its ids. */
function tokenizerJson(pre_tokenizer: JsonObject, bytes = BYTES, ignore_merges = false): JsonObject {
  const space = BYTES[32]!
  const merges = [
    ...['th', 'er', 'ab', '12', '23', "'s", "'S", '--', '//'],
    space + 'a',
    space + space,
    "l'",
    '\u010a\u010a',
    'B5',
  ].filter((pair) => Array.from(pair).every((char) => bytes.includes(char)))
  const tokens = [...bytes, ...merges, '<|a|>', '<|b|>']
  return {
    version: '1.0',
    added_tokens: ['<|a|>', '<|b|>'].map((content, i) => ({
      id: tokens.length - 2 + i,
      ...{ content, special: i === 0, normalized: false, lstrip: false, rstrip: false, single_word: false },
    })),
    normalizer: null,
    pre_tokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      ignore_merges,
      vocab: Object.fromEntries(tokens.slice(0, -2).map((token, id) => [token, id])),
      merges: merges.map((pair) => Array.from(pair).join(' ')),
    },
  }
}

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** A golden checkpoint with a tokenizer of as many tokens as it has. */
async function folder(
  name: string,
  config: JsonObject = {},
  others: Record<string, Uint8Array> = {},
): Promise<FileSet> {
  const at = `test/fixtures/golden/${name}`
  const own = JSON.parse(await readFile(`${at}/config.json`, 'utf8')) as JsonObject
  return memoryFiles('checkpoint', {
    'config.json': bytesOf({ ...own, ...config }),
    'model.safetensors': new Uint8Array(await readFile(`${at}/model.safetensors`)),
    'tokenizer.json': bytesOf(tokenizerJson(splitBy(LLAMA3), BYTES.slice(0, 130))),
    'tokenizer_config.json': bytesOf({ eos_token: '<|a|>', chat_template: '{{ messages[0].content }}' }),
    ...others,
  })
}

async function asGguf(files: FileSet, to: 'q8' | 'Q4_0' = 'q8'): Promise<FileSet> {
  const pieces: Uint8Array[] = []
  await quantizeModel(files, to, (piece) => Promise.resolve(void pieces.push(piece.slice())))
  return memoryFiles('written', { 'model.gguf': concat(...pieces) }, 'model.gguf')
}

async function answers(
  files: FileSet,
): Promise<{ logits: Float32Array; ids: readonly number[]; template: string | undefined }> {
  await using engine = await loadEngineFrom(await openCheckpoint(files), { threads: 1, precision: 'exact' })
  const logits = await engine.logits(Array.from({ length: 20 }, (_, i) => (7 * i) % 100))
  return { logits, ids: engine.encode('ab <|a|>12'), template: engine.info.chatTemplate }
}

it.each(['llama3', 'qwen2', 'qwen3', 'qwen3-moe'])(
  '%s: the file is the same model with its tokenizer',
  async (name) => {
    const files = await folder(name)
    const [before, after] = [await answers(files), await answers(await asGguf(files))]
    const size = Math.hypot(...before.logits)
    const distance = Math.hypot(...before.logits.map((value, i) => value - after.logits[i]!))
    // Q8_0 rounds by half a percent; rows in another order would be about 1. rows in another order would be as far as the logits are large
    expect(distance / size).toBeLessThan(0.1)
    expect(distance).toBeGreaterThan(0)
    expect(after.ids).toEqual(before.ids)
    expect(after.template).toBe(before.template)
  },
)

it('writes the keys that llama.cpp asks for', async () => {
  const file = await openGgufFile(await asGguf(await folder('llama3'), 'Q4_0'), 'model.gguf')
  const meta = new GgufMetadata('file', file.metadata)
  expect(meta.architecture).toBe('llama')
  expect(meta.neededWhole('attention.head_count_kv')).toBe(2)
  expect(meta.neededWhole('rope.dimension_count')).toBe(16)
  expect(file.metadata.get('tokenizer.ggml.pre')).toBe('smaug-bpe')
  expect(file.metadata.get('tokenizer.ggml.token_type')).toHaveLength(160)
  const types = new Map(file.tensors.map(({ name, type }) => [name, type?.name]))
  expect(types.get('rope_freqs.weight')).toBe('F32')
  expect(types.get('blk.0.attn_norm.weight')).toBe('F32')
  expect(types.get('blk.2.ffn_gate.weight')).toBe('Q4_0')
  await file.close()
})

it.each([
  [
    'a family of which none can be made',
    folder('gemma3'),
    /found a folder of gemma3\w*, of which no GGUF file can be made here; try convert_hf/,
  ],
  ['a folder without tokenizer.json', folder('qwen3', {}, { 'tokenizer.json': bytesOf(null) }), /tokenizer\.json/],
  [
    'what GGUF has no word for',
    folder('qwen3-moe', { norm_topk_prob: false }),
    /the config says more than a GGUF file of qwen3moe can: read back, op \d+ would be another; try convert_hf/,
  ],
])('refuses %s', async (_, files, message) => {
  await expect(asGguf(await files)).rejects.toThrow(message)
})

it.each([
  ['gpt-2', PLAIN, false],
  ['smollm', DIGITS, false],
  ['smaug-bpe', splitBy(LLAMA3), false],
  ['llama-bpe', splitBy(LLAMA3), true],
  ['qwen2', splitBy(LLAMA3.replace('{1,3}', '')), false],
  [
    'qwen35',
    splitBy(
      LLAMA3.replace('{1,3}', '').replace('?\\p{L}+', '?[\\p{L}\\p{M}]+').replace('[^\\s\\p{L}', '[^\\s\\p{L}\\p{M}'),
    ),
    false,
  ],
])('finds that a tokenizer splits as %s', async (pre, splitting, wholeFirst) => {
  const json = tokenizerJson(splitting, BYTES, wholeFirst)
  const read = await inSlices(huggingFaceTokenizer(json, { where: 'tokenizer.json', eosIds: [] }))
  const written = await writtenVocabulary(json, 300, read, 'tokenizer.json')
  expect(written.pre).toBe(pre)
  expect(written.tokens).toHaveLength(300)
  expect(written.tokenTypes.slice(-40)).toContain(5)
})

it('refuses a tokenizer that splits in a way without a name', async () => {
  const json = tokenizerJson(splitBy('[a-m]+|[^a-m]'))
  const read = await inSlices(huggingFaceTokenizer(json, { where: 'tokenizer.json', eosIds: [] }))
  await expect(writtenVocabulary(json, 300, read, 'tokenizer.json')).rejects.toThrow(
    /splits texts in a way that GGUF has no name for/,
  )
})
