// Keys of config.json that contradict each other, are missing, or stand for an arithmetic that is not implemented: each would
// give wrong logits if it were passed over.
import { describe, expect, it } from 'vitest'
import type { UserError } from '../../src/errors.js'
import { openCheckpoint } from '../../src/models/open.js'
import { buildProgram } from '../../src/models/registry.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { build, fixture, type Config } from './fixtures.js'
import { refusal } from './refusal.js'

/** The config with changes, in the text model's part where there is one; undefined takes a key away. */
function changed(config: Config, changes: Config): Config {
  const text = config['text_config'] as Config | undefined
  return text ? { ...config, text_config: { ...text, ...changes } } : { ...config, ...changes }
}

const delta = (changes: Config): Config => ({
  linear_attn_config: {
    ...{ full_attn_layers: [3, 5], kda_layers: [1, 2, 4], num_heads: 3, head_dim: 16, short_conv_kernel_size: 4 },
    ...{ gate_lower_bound: -5, use_full_rank_gate: true, ...changes },
  },
})
const full = (count: number): string[] => Array.from({ length: count }, () => 'full_attention')

const CASES: readonly (readonly [fixture: string, changes: Config, fault: string])[] = [
  // One entry for each layer.
  [
    'gemma3',
    { layer_types: full(5) },
    'expected layer_types to be a list of exactly 6 (num_hidden_layers), found one of 5',
  ],
  ['gpt-oss', { layer_types: full(1) }, 'expected layer_types to be a list of exactly'],
  [
    'qwen3-next',
    { layer_types: full(3) },
    'expected layer_types to be a list of exactly 4 (num_hidden_layers), found one of 3',
  ],
  [
    'qwen3-next',
    { layer_types: full(5) },
    'expected layer_types to be a list of exactly 4 (num_hidden_layers), found one of 5',
  ],
  [
    'kimi-linear',
    { mlp_layer_types: ['dense'] },
    'expected mlp_layer_types to be a list of exactly 4 (num_hidden_layers), found one of 1',
  ],
  [
    'glm5',
    { mlp_layer_types: ['dense'] },
    'expected mlp_layer_types to be a list of exactly 4 (num_hidden_layers), found one of 1',
  ],
  [
    'glm5',
    { indexer_types: ['full'] },
    'expected indexer_types to be a list of exactly 4 (num_hidden_layers), found one of 1',
  ],
  [
    'llama4-scout',
    { no_rope_layers: [1, 1, 1] },
    'expected no_rope_layers to be a list of at least 4 (num_hidden_layers), found one of 3',
  ],
  [
    'deepseek-v4',
    { compress_ratios: [0, 0, 4, 128] },
    'expected compress_ratios to be a list of at least 5 (num_hidden_layers), found one of 4',
  ],
  [
    'kimi-k3',
    delta({ kda_layers: [1, 2] }),
    'expected layer 4 to be in one of full_attn_layers and kda_layers, found it in neither',
  ],
  [
    'kimi-k3',
    delta({ kda_layers: [1, 2, 3, 4] }),
    'expected layer 3 to be in one of full_attn_layers and kda_layers, found it in both',
  ],
  // Numbers that do not fit each other.
  ['deepseek-v4', { qk_rope_head_dim: 40 }, 'expected qk_rope_head_dim to be at most index_head_dim (32), found 40'],
  [
    'deepseek-v4',
    { qk_rope_head_dim: 80, index_head_dim: 96 },
    'expected qk_rope_head_dim to be at most head_dim (64), found 80',
  ],
  ['deepseek-v32', { qk_rope_head_dim: 64 }, 'expected qk_rope_head_dim to be at most index_head_dim (32), found 64'],
  ['deepseek-v32', { q_lora_rank: null }, 'expected q_lora_rank to be a number, which the indexer needs, found none'],
  [
    'deepseek-v3',
    { num_experts_per_tok: 9 },
    'expected num_experts_per_tok to be at most the 8 experts that the groups leave, found 9',
  ],
  ['deepseek-v3', { n_group: 3 }, 'expected n_routed_experts to be a multiple of n_group (3), found 16'],
  ['mixtral', { num_experts_per_tok: 99 }, 'expected num_experts_per_tok to be at most the number of experts'],
  ['minimax-m2', { rotary_dim: 34 }, 'expected rotary_dim to be at most head_dim (32), found 34'],
  [
    'glm4-moe',
    { partial_rotary_factor: 0.1 },
    'expected partial_rotary_factor to be enough for 2 columns of head_dim (16), found 0.1',
  ],
  [
    'glm4-moe',
    { partial_rotary_factor: 0.2 },
    'expected the rotated part of head_dim to be a multiple of a pair (2), found 3',
  ],
  [
    'qwen3.5',
    { partial_rotary_factor: 1.5 },
    'expected partial_rotary_factor to be a number above 0 and up to 1, found 1.5',
  ],
  ['kimi-k3', delta({ gate_lower_bound: 0 }), 'expected linear_attn_config.gate_lower_bound to be below 0, found 0'],
  [
    'kimi-k3',
    delta({ gate_lower_bound: null }),
    'expected linear_attn_config.gate_lower_bound to be below 0, found none',
  ],
  [
    'kimi-k3',
    {
      attn_res_block_size: 1,
      num_hidden_layers: 40,
      ...delta({ kda_layers: Array.from({ length: 40 }, (_, i) => i + 1), full_attn_layers: [] }),
    },
    'expected attn_res_block_size to be such that num_hidden_layers (40) make fewer than',
  ],
  [
    'glm5',
    { indexer_types: ['shared', 'full', 'full', 'full'] },
    'expected the first layer to be one with an indexer (indexer_types, index_topk_freq), found one that shares',
  ],
  ['qwen3-next', { linear_conv_kernel_dim: 3 }, 'expected linear_conv_kernel_dim to be 4, found 3'],
  [
    'kimi-linear',
    delta({ full_attn_layers: [4], kda_layers: [1, 2, 3], num_heads: 4, short_conv_kernel_size: 3 }),
    'expected linear_attn_config.short_conv_kernel_size to be 4, found 3',
  ],
  [
    'deepseek-v3',
    { num_hidden_layers: 61, n_routed_experts: 65536 },
    'expected n_routed_experts to be at most 4297 for 61 layers, found 65536',
  ],
  ['qwen2', { is_causal: false }, 'is_causal: false is not supported for this architecture'],
  // Missing.
  ['gemma3', { sliding_window: null }, 'expected sliding_window to be a number of positions, found none'],
  ['qwen3-moe', { num_local_experts: undefined }, 'expected num_experts to be a number, found none'],
  // Another arithmetic.
  [
    'kimi-k3',
    delta({ use_full_rank_gate: false }),
    'expected linear_attn_config.use_full_rank_gate to be true, found false',
  ],
  [
    'kimi-k3',
    delta({ use_full_rank_gate: null }),
    'expected linear_attn_config.use_full_rank_gate to be true, found none',
  ],
  ['deepseek-v3', { attention_bias: true }, 'attention_bias: true is not supported for this architecture'],
  [
    'qwen2',
    { use_sliding_window: true },
    'sliding-window attention (use_sliding_window: true) is not supported for this architecture',
  ],
  [
    'qwen3-moe',
    { use_sliding_window: true },
    'sliding-window attention (use_sliding_window: true) is not supported for this architecture',
  ],
  // Of another type than the family's.
  [
    'deepseek-v4',
    { scoring_func: 'softmax' },
    'the config does not describe a deepseek_v4 model: scoring_func: Invalid input: expected "sqrtsoftplus", found "softmax"',
  ],
  [
    'qwen3',
    { rms_norm_eps: 'small', hidden_act: 'relu' },
    'does not describe a qwen3 model: rms_norm_eps: Invalid input: expected number, received string, found "small"; hidden_act: Invalid option',
  ],
]

describe('a config that the family does not have is refused', () => {
  it.each(CASES)('%s with %j', async (name, changes, fault) => {
    const { config, files } = fixture(name)
    const error = await refusal(build(files, changed(config, changes)))
    expect(error.code).toBe('unsupported_model')
    expect(error.message).toContain(fault)
    expect(error.message).toMatch(/^changed: /)
  })

  it('and without the change it is not', async () => {
    for (const name of new Set(CASES.map(([name]) => name))) {
      const { config, files } = fixture(name)
      await build(files, changed(config, {}))
    }
  })
})

describe('layers that predict further tokens', () => {
  const open = async (name: string, changes: Config): Promise<UserError> => {
    const { config, files } = fixture(name)
    const bytes = new TextEncoder().encode(JSON.stringify({ ...config, ...changes }))
    const checkpoint = await openCheckpoint(memoryFiles('changed', { ...files, 'config.json': bytes }))
    return refusal(buildProgram(checkpoint, { mtp: true }))
  }

  it.each([
    ['deepseek-v3', { num_nextn_predict_layers: 0 }, 'speculate mtp without num_nextn_predict_layers is not supported'],
    ['deepseek-v3', { num_nextn_predict_layers: 1 }, 'the tensors of the layer (model.layers.3.eh_proj.weight)'],
    ['qwen3', {}, 'speculate mtp is not supported for this architecture'],
  ])('are refused where %s has none: %j', async (name, changes, fault) => {
    const error = await open(name, changes)
    expect(error.message).toContain(`changed: `)
    expect(error.message).toContain(fault)
  })
})
