// Models with recurrent layers as llama.cpp stores them: the golden checkpoint is rewritten as its conversion does it (norms
// plus one, A as -exp, DeltaNet's inputs in another order) and must give the same logits.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { gguf, type RawValue } from '../checkpoint/build.js'
import { ATTENTION, mapped, qwen35, qwen3next, under, type All } from './gguf-hybrid.js'
import { raw, renamed, rewrittenErrors, splitKvB, TOP, type Config, type Decoded } from './rewrite.js'

const KIMI: [string, string][] = [
  ['attn_norm.weight', 'input_layernorm.weight'],
  ['ffn_norm.weight', 'post_attention_layernorm.weight'],
  ...under('self_attn', {
    ...ATTENTION,
    'attn_kv_a_mqa.weight': 'kv_a_proj_with_mqa.weight',
    'attn_kv_a_norm.weight': 'kv_a_layernorm.weight',
    'ssm_f_a.weight': 'f_a_proj.weight',
    'ssm_f_b.weight': 'f_b_proj.weight',
    'ssm_g_a.weight': 'g_a_proj.weight',
    'ssm_g_b.weight': 'g_b_proj.weight',
    'ssm_beta.weight': 'b_proj.weight',
    'ssm_norm.weight': 'o_norm.weight',
    'ssm_dt.bias': 'dt_bias',
  }),
  ...under('mlp', { 'ffn_gate.weight': 'gate_proj.weight', 'ffn_up.weight': 'up_proj.weight' }),
  ['ffn_down.weight', 'mlp.down_proj.weight'],
  ...under('block_sparse_moe', {
    'ffn_gate_inp.weight': 'gate.weight',
    'exp_probs_b.bias': 'gate.e_score_correction_bias',
    'ffn_gate_exps.weight': 'experts.{e}.w1.weight',
    'ffn_up_exps.weight': 'experts.{e}.w3.weight',
    'ffn_down_exps.weight': 'experts.{e}.w2.weight',
    'ffn_gate_shexp.weight': 'shared_experts.gate_proj.weight',
    'ffn_up_shexp.weight': 'shared_experts.up_proj.weight',
    'ffn_down_shexp.weight': 'shared_experts.down_proj.weight',
  }),
]

function kimiLinear(all: All, c: Config): Uint8Array {
  const { linear_attn_config: linear } = c as unknown as {
    linear_attn_config: { full_attn_layers: number[]; head_dim: number }
  }
  const layers = c['num_hidden_layers']!
  const tensors = renamed(all, Object.entries(TOP), KIMI, 'model.layers.', layers)
  for (let i = 0; i < layers; i++) {
    const get = (name: string): Decoded | undefined => all.get(`model.layers.${i}.self_attn.${name}`)
    const kvB = get('kv_b_proj.weight')
    for (const [part, half] of kvB ? Object.entries(splitKvB(kvB, c)) : [])
      tensors[`blk.${i}.${part}.weight`] = raw(half)
    for (const which of ['q', 'k', 'v']) {
      const conv = get(`${which}_conv1d.weight`)
      const shape = conv && [1, conv.values.length / 4, 1, 4]
      if (conv && shape) tensors[`blk.${i}.ssm_conv1d_${which}.weight`] = raw({ ...conv, shape })
    }
    const rate = get('A_log')
    if (rate) tensors[`blk.${i}.ssm_a`] = raw(mapped(rate, (v) => -Math.exp(v)))
  }
  const keys = {
    block_count: layers,
    context_length: c['model_max_length']!,
    embedding_length: c['hidden_size']!,
    feed_forward_length: c['intermediate_size']!,
    vocab_size: c['vocab_size']!,
    'attention.head_count': c['num_attention_heads']!,
    'attention.head_count_kv': {
      u32: Array.from({ length: layers }, (_, i) => Number(linear.full_attn_layers.includes(i + 1))),
    },
    'attention.layer_norm_rms_epsilon': { f32: c['rms_norm_eps']! },
    'attention.kv_lora_rank': c['kv_lora_rank']!,
    'attention.key_length': c['kv_lora_rank']! + c['qk_rope_head_dim']!,
    'attention.key_length_mla': c['qk_nope_head_dim']! + c['qk_rope_head_dim']!,
    'attention.value_length_mla': c['v_head_dim']!,
    'rope.dimension_count': c['qk_rope_head_dim']!,
    'ssm.conv_kernel': 4,
    'kda.head_dim': linear.head_dim,
    expert_count: c['num_experts']!,
    expert_used_count: c['num_experts_per_token']!,
    expert_shared_count: c['num_shared_experts']!,
    expert_feed_forward_length: c['moe_intermediate_size']!,
    expert_weights_scale: { f32: c['routed_scaling_factor']! },
    expert_gating_func: 2,
    leading_dense_block_count: 1,
  }
  const prefixed = Object.entries(keys).map(([key, value]): [string, RawValue] => [`kimi-linear.${key}`, value])
  return gguf({ 'general.architecture': 'kimi-linear', ...Object.fromEntries(prefixed) }, tensors)
}

describe.each([
  ['qwen3next', 'qwen3-next', qwen3next],
  ['qwen35', 'qwen3.5', qwen35('qwen35')],
  ['qwen35moe', 'qwen3.5-moe', qwen35('qwen35moe')],
  ['kimi-linear', 'kimi-linear', kimiLinear],
] as const)('GGUF architecture %s', (_, fixture, convert) => {
  it('gives the golden logits', async () => {
    const [reference, cpu] = await rewrittenErrors(fixture, convert, [referenceBackend, cpuBackend])
    expect(reference).toBeLessThan(1e-3)
    expect(cpu).toBeLessThan(1e-3)
  })
})
