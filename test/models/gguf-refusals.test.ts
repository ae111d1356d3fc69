// Metadata of GGUF files that is missing, of a wrong type, or stands for an arithmetic that the family does not have.
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { f32, gguf, type RawGgufTensor, type RawValue } from '../checkpoint/build.js'
import { refusal } from './refusal.js'

type Metadata = Readonly<Record<string, RawValue | undefined>>

const DECODER = {
  block_count: 4,
  context_length: 64,
  embedding_length: 64,
  feed_forward_length: 64,
  'attention.head_count': 4,
  'attention.layer_norm_rms_epsilon': { f32: 1e-5 },
}
const EXPERTS = { expert_count: 8, expert_used_count: 2, expert_feed_forward_length: 32 }
const LATENT = {
  ...{ ...DECODER, ...EXPERTS, 'rope.dimension_count': 8, 'attention.key_length': 24, 'attention.value_length': 16 },
  'attention.kv_lora_rank': 32,
}
const INDEXER = {
  'attention.indexer.head_count': 2,
  'attention.indexer.key_length': 16,
  'attention.indexer.top_k': 4,
}
const HYBRID = {
  ...{ ...DECODER, 'ssm.time_step_rank': 4, 'ssm.conv_kernel': 4, 'ssm.state_size': 8, 'ssm.inner_size': 32 },
  'ssm.group_count': 2,
}

/** What each architecture has to say at least. */
const COMPLETE: Readonly<Record<string, Metadata>> = {
  qwen3: DECODER,
  llama: { ...DECODER, expert_count: 8, expert_used_count: 2 },
  gemma3: { ...DECODER, 'attention.sliding_window': 16 },
  llama4: { ...DECODER, ...EXPERTS, interleave_moe_layer_step: 1 },
  glm4moe: { ...DECODER, ...EXPERTS },
  'gpt-oss': { ...DECODER, ...EXPERTS, 'attention.sliding_window': 16 },
  'minimax-m2': { ...DECODER, ...EXPERTS },
  qwen3moe: { ...DECODER, ...EXPERTS },
  qwen3next: { ...HYBRID, ...EXPERTS },
  deepseek2: LATENT,
  deepseek32: { ...LATENT, ...INDEXER },
  'glm-dsa': { ...LATENT, ...INDEXER },
  mistral4: LATENT,
  'kimi-linear': {
    ...{ ...LATENT, 'attention.head_count_kv': { u32: [0, 0, 0, 1] }, 'kda.head_dim': 16, 'ssm.conv_kernel': 4 },
  },
  deepseek4: {
    ...{ ...DECODER, ...EXPERTS, ...INDEXER, 'attention.key_length': 64, 'rope.dimension_count': 16 },
    ...{ 'attention.q_lora_rank': 48, 'attention.output_lora_rank': 32, 'attention.output_group_count': 2 },
    ...{ 'attention.sliding_window': 16, 'attention.compress_ratios': { u32: [0, 0, 4, 128] } },
    ...{ 'attention.compress_rope_freq_base': 160000, 'hyper_connection.count': 4 },
    ...{ 'hyper_connection.sinkhorn_iterations': 20, 'hyper_connection.epsilon': { f32: 1e-6 } },
    ...{ expert_weights_scale: { f32: 1.5 }, swiglu_clamp_exp: { f32: [10, 10, 10, 10] } },
  },
}

/** A file without weights; undefined takes a key away. */
function open(architecture: string, changes: Metadata, tensors: Readonly<Record<string, RawGgufTensor>> = {}) {
  const all = Object.entries({ ...COMPLETE[architecture], ...changes }).flatMap(([key, value]) =>
    value === undefined ? [] : [[`${architecture}.${key}`, value] as const],
  )
  const file = gguf({ 'general.architecture': architecture, ...Object.fromEntries(all) }, tensors)
  return openCheckpoint(memoryFiles('made', { 'model.gguf': file }, 'model.gguf'))
}

/** Of experts: the numbers that a family has, by llama.cpp's list, and one that it has not. */
const SCORINGS: readonly (readonly [architecture: string, known: readonly number[], expected: string])[] = [
  ['llama', [1], '1 (softmax)'],
  ['qwen3moe', [1], '1 (softmax)'],
  ['qwen3next', [1], '1 (softmax)'],
  ['mistral4', [1], '1 (softmax)'],
  ['deepseek2', [1, 2], '1 (softmax) or 2 (sigmoid)'],
  ['deepseek32', [2], '2 (sigmoid)'],
  ['glm-dsa', [2], '2 (sigmoid)'],
  ['glm4moe', [2], '2 (sigmoid)'],
  ['kimi-linear', [2], '2 (sigmoid)'],
  ['llama4', [2], '2 (sigmoid)'],
  ['minimax-m2', [2], '2 (sigmoid)'],
  ['gpt-oss', [3], '3 (chosenSoftmax)'],
  ['deepseek4', [4], '4 (sqrtsoftplus)'],
]

describe('experts that are scored in another way', () => {
  it.each(SCORINGS)('%s has %j', async (architecture, known, expected) => {
    for (const scoring of [1, 2, 3, 4, 5]) {
      const call = open(architecture, { expert_gating_func: scoring })
      if (known.includes(scoring)) await call
      else
        expect(await refusal(call)).toMatchObject({
          code: 'unsupported_model',
          message: `made/model.gguf: metadata ${architecture}.expert_gating_func: expected ${expected}, found ${scoring}.`,
        })
    }
  })

  it('deepseek2 is the model that its experts say', async () => {
    const typeOf = async (scoring?: number) =>
      (await open('deepseek2', { expert_gating_func: scoring })).config['model_type']
    expect([await typeOf(), await typeOf(1), await typeOf(2)]).toEqual(['deepseek_v2', 'deepseek_v2', 'deepseek_v3'])
  })
})

describe('heads of which a part is rotated', () => {
  it.each(['qwen3', 'llama', 'gemma3', 'llama4', 'gpt-oss', 'qwen3moe'])('%s has none', async (architecture) => {
    await open(architecture, { 'rope.dimension_count': 16 })
    expect(await refusal(open(architecture, { 'rope.dimension_count': 8 }))).toMatchObject({
      code: 'unsupported_model',
      message:
        `made/model.gguf: metadata ${architecture}.rope.dimension_count: expected 16, the width of a head, found 8. ` +
        'Partial rotation is not supported for this architecture.',
    })
    const wide = { 'attention.key_length': 32, 'rope.dimension_count': 16 }
    expect((await refusal(open(architecture, wide))).message).toContain('expected 32, the width of a head, found 16')
  })

  it.each([
    ['glm4moe', 'partial_rotary_factor', 0.5],
    ['qwen3next', 'partial_rotary_factor', 0.5],
    ['minimax-m2', 'rotary_dim', 8],
  ])('%s says how many columns, as %s', async (architecture, key, expected) => {
    expect((await open(architecture, { 'rope.dimension_count': 8 })).config[key]).toBe(expected)
  })
})

const bools = (...values: number[]): RawValue => {
  const head = new Uint8Array(Uint32Array.of(9, 7, values.length, 0).buffer)
  return { raw: Uint8Array.of(...head, ...values) }
}
const MIXED = { f32: [10, 10, 10, 7] }

describe('values of a wrong type', () => {
  it.each<[string, string, RawValue, string]>([
    [
      'deepseek4',
      'attention.compress_ratios',
      { f32: [0, 0, 4, 0.5] },
      'whole numbers, one per layer, found 4 values: 0, 0, 4, 0.5',
    ],
    ['deepseek4', 'attention.compress_ratios', 4, 'whole numbers, one per layer, found number 4'],
    ['deepseek4', 'swiglu_clamp_exp', MIXED, 'a number, the same for all layers, found 4 values: 10, 10, 10, 7'],
    ['kimi-linear', 'attention.head_count_kv', 1, 'whole numbers, one per layer, found number 1'],
    [
      'glm-dsa',
      'attention.indexer.types',
      { u32: [1, 2, 1, 0] },
      'true or false, one per layer, found 4 values: 1, 2, 1, 0',
    ],
    ['glm-dsa', 'attention.indexer.types', 1, 'true or false, one per layer, found number 1'],
    ['glm4moe', 'expert_weights_norm', 1, 'a boolean, found number 1'],
    ['llama', 'block_count', { f32: 2.5 }, 'a whole number, found number 2.5'],
    [
      'llama',
      'attention.head_count_kv',
      { u32: Array.from({ length: 40 }, (_, i) => i) },
      'a number, the same for all layers, found 40 values: 0, 1, 2',
    ],
    ['llama', 'rope.scaling.type', 3, 'a string, found number 3'],
  ])('%s.%s = %j', async (architecture, key, value, expected) => {
    const error = await refusal(open(architecture, { [key]: value }))
    expect(error.code).toBe('invalid_file')
    expect(error.message).toContain(`made/model.gguf: metadata ${architecture}.${key}: expected ${expected}`)
    expect(error.message.length).toBeLessThan(220)
  })

  it('flags are booleans or 0 and 1', async () => {
    const types = ['full', 'shared', 'full', 'shared']
    for (const value of [bools(1, 0, 1, 0), { u32: [1, 0, 1, 0] }])
      expect((await open('glm-dsa', { 'attention.indexer.types': value })).config['indexer_types']).toEqual(types)
  })

  it.each<[string, string, RawValue, string]>([
    ['qwen3', 'attention.causal', false, 'expected true, found false.'],
    ['llama', 'rope.scaling.attn_factor', { f32: 1.5 }, 'expected 1, found 1.5.'],
  ])('for another arithmetic: %s.%s = %j', async (architecture, key, value, expected) => {
    const error = await refusal(open(architecture, { [key]: value }))
    expect(error.message).toBe(`made/model.gguf: metadata ${architecture}.${key}: ${expected}`)
    expect(error.code).toBe('unsupported_model')
  })

  it('of Llama 4, a window that is off', async () => {
    await open('llama4', { 'attention.sliding_window': 8192 })
    expect((await refusal(open('llama4', { 'attention.sliding_window': 0 }))).message).toBe(
      'made/model.gguf: metadata llama4.attention.sliding_window: expected chunked attention, found 0.',
    )
  })
})

describe('keys that are needed', () => {
  it.each(Object.keys(COMPLETE))('%s', async (architecture) => {
    await open(architecture, {})
    const perLayer = Object.entries(COMPLETE[architecture]!).filter(([, value]) => Object.hasOwn(Object(value), 'u32'))
    for (const key of [
      'block_count',
      'context_length',
      'attention.layer_norm_rms_epsilon',
      ...perLayer.map(([key]) => key),
    ])
      expect(await refusal(open(architecture, { [key]: undefined }))).toMatchObject({
        code: 'invalid_file',
        message: `made/model.gguf: expected the metadata key ${architecture}.${key}, found none. Convert the model again.`,
      })
  })
})

describe('tensors', () => {
  it('that two names of the file make one are refused', async () => {
    const norm = { type: 0, shape: [4], bytes: f32(1, 1, 1, 1) }
    await open('qwen3', {}, { 'blk.0.attn_norm.weight': norm })
    const twice = open('qwen3', {}, { 'blk.0.attn_norm.weight': norm, 'blk.00.attn_norm.weight': norm })
    expect(await refusal(twice)).toMatchObject({
      code: 'invalid_file',
      message:
        'made/model.gguf: the tensors blk.0.attn_norm.weight and blk.00.attn_norm.weight are both ' +
        'model.layers.0.input_layernorm.weight. The file is damaged: download it again.',
    })
  })

  it('that are not there, or whose rows do not make whole heads, are refused', async () => {
    const queries = { type: 0, shape: [6, 4], bytes: f32(...Array.from({ length: 24 }, (_, i) => i)) }
    const checkpoint = await open('llama', {}, { 'blk.0.attn_q.weight': queries })
    expect(() => checkpoint.tensor('model.layers.0.self_attn.k_proj.weight', [6, 4])).toThrow(
      'made/model.gguf: expected the tensor model.layers.0.self_attn.k_proj.weight, found none of that name.',
    )
    const name = 'model.layers.0.self_attn.q_proj.weight'
    expect(() => checkpoint.tensor(name, [6, 4])).toThrow(
      `made/model.gguf: tensor ${name}: expected 4 heads of an even number of rows, found [6, 4].`,
    )
  })
})
