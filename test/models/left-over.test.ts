// Files and tensors that a config does not speak of: read, or refused, never left aside in silence.
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { readSafetensorsHeader } from '../../src/checkpoint/safetensors/header.js'
import { programWeights } from '../../src/engine/measure/parameters.js'
import { openCheckpoint } from '../../src/models/open.js'
import { buildProgram } from '../../src/models/registry.js'
import { concat, json, rawSafetensors, safetensors, utf8, type RawTensor } from '../checkpoint/build.js'
import { build, fixture } from './fixtures.js'
import { refusal } from './refusal.js'

type Files = Record<string, Uint8Array>

/** The tensors of a fixture, to be changed. */
async function tensorsOf(files: Files): Promise<Record<string, RawTensor>> {
  const bytes = files['model.safetensors']!
  const source = (await memoryFiles('folder', files).open('model.safetensors'))!
  const entries = [...(await readSafetensorsHeader(source)).values()]
  return Object.fromEntries(
    entries.map(({ name, dtype, shape, start, end }) => [name, { dtype, shape, bytes: bytes.slice(start, end) }]),
  )
}

const weightNames = async (files: Files, config: unknown): Promise<string[]> =>
  [...programWeights(await build(files, config)).keys()].sort()

const refused = async (files: Files): Promise<string> =>
  (await refusal(openCheckpoint(memoryFiles('folder', files)))).message

describe('tensors that the config does not speak of', () => {
  it('a head of its own counts, whatever tie_word_embeddings says', async () => {
    const { files, config } = fixture('llama3')
    const tied = await weightNames(files, { ...config, tie_word_embeddings: true })
    expect(tied).toEqual(await weightNames(files, config))
    expect(tied).toContain('lm_head.weight')
  })

  it('names without model. are those with it', async () => {
    const { files, config } = fixture('qwen3')
    const tensors = Object.entries(await tensorsOf(files)).map(([name, t]) => [name.replace(/^model\./, ''), t])
    const bare = {
      ...files,
      'model.safetensors': safetensors(Object.fromEntries(tensors) as Record<string, RawTensor>),
    }
    expect(await weightNames(bare, config)).toEqual(await weightNames(files, config))
  })

  it.each([
    ['layers past the last', 'llama3', { num_hidden_layers: 1 }, /expected layers 0 to 0 .*found model\.layers\.1\./],
    ['shared experts', 'deepseek-v3', { n_shared_experts: 0 }, /no place for, found model\..*\.shared_experts\./],
    ['norms of queries', 'qwen3', { model_type: 'llama' }, /no place for, found model\..*\.(q|k)_norm\.weight/],
    ['biases', 'qwen2', { model_type: 'llama' }, /no place for, found model\..*\.(q|k|v)_proj\.bias/],
  ])('%s are refused', async (_, name, changes, message) => {
    const { files, config } = fixture(name)
    const error = await refusal(build(files, { ...config, ...changes }))
    expect(error.code).toBe('tensor_mismatch')
    expect(error.message).toMatch(message)
  })

  it('but biases of zeros, which quantisers write, and computed tables are not', async () => {
    const { files, config } = fixture('llama3')
    const tensors = await tensorsOf(files)
    const rows = tensors['model.layers.0.mlp.down_proj.weight']!.shape[0]!
    const more = {
      'model.layers.0.mlp.down_proj.bias': { dtype: 'F32', shape: [rows], bytes: new Uint8Array(4 * rows) },
      'model.layers.0.self_attn.rotary_emb.inv_freq': { dtype: 'F32', shape: [2], bytes: new Uint8Array(8).fill(1) },
    }
    const changed = { ...files, 'model.safetensors': safetensors({ ...tensors, ...more }) }
    expect(await weightNames(changed, config)).toEqual(await weightNames(files, config))
  })

  it('more groups of experts than there are, are refused', async () => {
    const { files, config } = fixture('deepseek-v3')
    const error = await refusal(build(files, { ...config, topk_group: 1e9 }))
    expect(error.message).toContain('expected topk_group to be at most n_group')
  })
})

describe('files that a folder has instead, or as well', () => {
  const { files } = fixture('llama3')
  const only = (more: Files): Files => ({ 'config.json': files['config.json']!, ...more })
  const pointer = utf8('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n')

  it.each<[string, Files, RegExp]>([
    ['a pointer as weights', only({ 'model.safetensors': pointer }), /found a Git LFS pointer .* git lfs pull/],
    ['a pointer as config', { ...files, 'config.json': pointer }, /config\.json: found a Git LFS pointer/],
    ['a pointer as GGUF', { 'm.gguf': pointer }, /m\.gguf: found a Git LFS pointer/],
    ['a page as GGUF', { 'm.gguf': utf8('<!DOCTYPE html><html lang="en">') }, /found a web page/],
    [
      'a refusal as GGUF',
      { 'm.gguf': utf8('{"error":"Invalid username or password."}') },
      /found the message of a server/,
    ],
    [
      'a zstd file as GGUF',
      { 'm.gguf': new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, ...new Uint8Array(60)]) },
      /found a compressed file/,
    ],
    ['a pickle as weights', only({ 'model.safetensors': utf8('PK\x03\x04\x14\0\0\0\x08\x08') }), /found a pickle/],
    [
      'only pickles',
      only({ 'pytorch_model.bin': utf8('PK') }),
      /found pytorch_model\.bin: pickles of Python's.*take that\.$/,
    ],
    ['only an adapter', { 'adapter_config.json': json({}) }, /holds an adapter .*Merge it/],
    ['an adapter next to a model', { ...files, 'adapter_config.json': json({}) }, /holds an adapter .*Merge it/],
  ])('%s', async (_, given, message) => {
    expect(await refused(given)).toMatch(message)
  })

  it('an index that is left over next to the merged file is not read', async () => {
    const names = Object.keys(await tensorsOf(files))
    const weight_map = Object.fromEntries(names.map((name) => [name, 'model-00001-of-00002.safetensors']))
    const both = { ...files, 'model.safetensors.index.json': json({ metadata: {}, weight_map }) }
    const checkpoint = await openCheckpoint(memoryFiles('folder', both))
    expect((await buildProgram(checkpoint)).nLayers).toBe(3)
  })

  it('GGUF is known by what it holds, as Ollama stores it', async () => {
    expect(await refused({ 'sha256-00': concat(utf8('GGUF'), new Uint8Array(28)) })).toContain('expected config.json')
    const named = {
      ...memoryFiles('folder', { 'sha256-00': concat(utf8('GGUF'), new Uint8Array(28)) }),
      main: 'sha256-00',
    }
    expect((await refusal(openCheckpoint(named))).message).toContain('expected GGUF version 2 or 3, found 0')
  })

  it('bytes of the data that belong to no tensor are refused', async () => {
    const entry = (begin: number): string => `{"dtype":"U8","shape":[4],"data_offsets":[${begin},${begin + 4}]}`
    const whole = (header: string, data: number): Files =>
      only({ 'model.safetensors': rawSafetensors(header, new Uint8Array(data)) })
    expect(await refused(whole(`{"t":${entry(0)},"u":${entry(8)}}`, 12))).toMatch(
      /4 bytes between tensor t and tensor u/,
    )
    expect(await refused(whole(`{"t":${entry(4)}}`, 8))).toMatch(/4 bytes between the header and tensor t/)
    expect(await refused(whole(`{"t":${entry(0)}}`, 5))).toMatch(/1 bytes after tensor t/)
  })

  it.each([
    ['', 5000],
    [' that is long', 200_000],
  ])('a config%s of thousands of levels is refused', async (_, levels) => {
    const deep = utf8(`{"vocab_size":${'['.repeat(levels)}${']'.repeat(levels)}}`)
    expect(await refused({ ...files, 'config.json': deep })).toMatch(
      /config\.json: expected JSON of at most 200 levels/,
    )
  })
})
