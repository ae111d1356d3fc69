// Architectures of which no small GGUF was made elsewhere: the golden checkpoint is rewritten under llama.cpp's names, as its
// conversion does it, and must give the same logits.
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { gguf, type RawValue } from '../checkpoint/build.js'
import { raw, renamed, rewrittenErrors, splitKvB, TOP, type Config, type Decoded } from './rewrite.js'

const LATENT: Readonly<Record<string, string>> = {
  'attn_norm.weight': 'input_layernorm.weight',
  'ffn_norm.weight': 'post_attention_layernorm.weight',
  'attn_q_a.weight': 'self_attn.q_a_proj.weight',
  'attn_q_a_norm.weight': 'self_attn.q_a_layernorm.weight',
  'attn_q_b.weight': 'self_attn.q_b_proj.weight',
  'attn_kv_a_mqa.weight': 'self_attn.kv_a_proj_with_mqa.weight',
  'attn_kv_a_norm.weight': 'self_attn.kv_a_layernorm.weight',
  'attn_output.weight': 'self_attn.o_proj.weight',
  'indexer.k_norm.weight': 'self_attn.indexer.k_norm.weight',
  'indexer.k_norm.bias': 'self_attn.indexer.k_norm.bias',
  'indexer.proj.weight': 'self_attn.indexer.weights_proj.weight',
  'indexer.attn_k.weight': 'self_attn.indexer.wk.weight',
  'indexer.attn_q_b.weight': 'self_attn.indexer.wq_b.weight',
  'ffn_gate.weight': 'mlp.gate_proj.weight',
  'ffn_up.weight': 'mlp.up_proj.weight',
  'ffn_down.weight': 'mlp.down_proj.weight',
  'ffn_gate_inp.weight': 'mlp.gate.weight',
  'exp_probs_b.bias': 'mlp.gate.e_score_correction_bias',
  'ffn_gate_exps.weight': 'mlp.experts.{e}.gate_proj.weight',
  'ffn_up_exps.weight': 'mlp.experts.{e}.up_proj.weight',
  'ffn_down_exps.weight': 'mlp.experts.{e}.down_proj.weight',
  'ffn_gate_shexp.weight': 'mlp.shared_experts.gate_proj.weight',
  'ffn_up_shexp.weight': 'mlp.shared_experts.up_proj.weight',
  'ffn_down_shexp.weight': 'mlp.shared_experts.down_proj.weight',
}

const DEEPSEEK4_TOP: readonly (readonly [string, string])[] = [
  ['token_embd.weight', 'embed.weight'],
  ['output_norm.weight', 'norm.weight'],
  ['output.weight', 'head.weight'],
  ['output_hc_fn.weight', 'hc_head_fn'],
  ['output_hc_base.weight', 'hc_head_base'],
  ['output_hc_scale.weight', 'hc_head_scale'],
]
const DEEPSEEK4_LAYER: readonly (readonly [string, string])[] = [
  ['attn_norm.weight', 'attn_norm.weight'],
  ['ffn_norm.weight', 'ffn_norm.weight'],
  ['hc_attn_fn.weight', 'hc_attn_fn'],
  ['hc_attn_base.weight', 'hc_attn_base'],
  ['hc_attn_scale.weight', 'hc_attn_scale'],
  ['hc_ffn_fn.weight', 'hc_ffn_fn'],
  ['hc_ffn_base.weight', 'hc_ffn_base'],
  ['hc_ffn_scale.weight', 'hc_ffn_scale'],
  ['attn_sinks.weight', 'attn.attn_sink'],
  ['attn_q_a.weight', 'attn.wq_a.weight'],
  ['attn_q_a_norm.weight', 'attn.q_norm.weight'],
  ['attn_q_b.weight', 'attn.wq_b.weight'],
  ['attn_kv.weight', 'attn.wkv.weight'],
  ['attn_kv_a_norm.weight', 'attn.kv_norm.weight'],
  ['attn_output_a.weight', 'attn.wo_a.weight'],
  ['attn_output_b.weight', 'attn.wo_b.weight'],
  ['attn_compressor_ape.weight', 'attn.compressor.ape'],
  ['attn_compressor_kv.weight', 'attn.compressor.wkv.weight'],
  ['attn_compressor_gate.weight', 'attn.compressor.wgate.weight'],
  ['attn_compressor_norm.weight', 'attn.compressor.norm.weight'],
  ['indexer.attn_q_b.weight', 'attn.indexer.wq_b.weight'],
  ['indexer.proj.weight', 'attn.indexer.weights_proj.weight'],
  ['indexer_compressor_ape.weight', 'attn.indexer.compressor.ape'],
  ['indexer_compressor_kv.weight', 'attn.indexer.compressor.wkv.weight'],
  ['indexer_compressor_gate.weight', 'attn.indexer.compressor.wgate.weight'],
  ['indexer_compressor_norm.weight', 'attn.indexer.compressor.norm.weight'],
  ['ffn_gate_inp.weight', 'ffn.gate.weight'],
  ['exp_probs_b.bias', 'ffn.gate.bias'],
  ['ffn_gate_tid2eid.weight', 'ffn.gate.tid2eid'],
  ['ffn_gate_exps.weight', 'ffn.experts.{e}.w1.weight'],
  ['ffn_up_exps.weight', 'ffn.experts.{e}.w3.weight'],
  ['ffn_down_exps.weight', 'ffn.experts.{e}.w2.weight'],
  ['ffn_gate_shexp.weight', 'ffn.shared_experts.w1.weight'],
  ['ffn_up_shexp.weight', 'ffn.shared_experts.w3.weight'],
  ['ffn_down_shexp.weight', 'ffn.shared_experts.w2.weight'],
]

function yarnKeys(arch: string, s: Config): Record<string, RawValue> {
  return {
    [`${arch}.rope.scaling.type`]: 'yarn',
    [`${arch}.rope.scaling.factor`]: { f32: s.factor! },
    [`${arch}.rope.scaling.original_context_length`]: s.original_max_position_embeddings!,
    ...(s.mscale_all_dim && { [`${arch}.rope.scaling.yarn_log_multiplier`]: { f32: 0.1 * s.mscale_all_dim } }),
  }
}

function sharedKeys(arch: string, c: Config): Record<string, RawValue> {
  const yarn = (c as unknown as { rope_scaling: Config | null }).rope_scaling
  return {
    'general.architecture': arch,
    [`${arch}.block_count`]: c.num_hidden_layers!,
    [`${arch}.context_length`]: c.max_position_embeddings!,
    [`${arch}.embedding_length`]: c.hidden_size!,
    [`${arch}.vocab_size`]: c.vocab_size!,
    [`${arch}.attention.head_count`]: c.num_attention_heads!,
    [`${arch}.attention.head_count_kv`]: 1,
    [`${arch}.attention.layer_norm_rms_epsilon`]: { f32: c.rms_norm_eps! },
    [`${arch}.attention.q_lora_rank`]: c.q_lora_rank!,
    [`${arch}.rope.freq_base`]: { f32: c.rope_theta! },
    [`${arch}.rope.dimension_count`]: c.qk_rope_head_dim!,
    [`${arch}.expert_count`]: c.n_routed_experts!,
    [`${arch}.expert_used_count`]: c.num_experts_per_tok!,
    [`${arch}.expert_shared_count`]: c.n_shared_experts!,
    [`${arch}.expert_feed_forward_length`]: c.moe_intermediate_size!,
    [`${arch}.expert_weights_scale`]: { f32: c.routed_scaling_factor! },
    [`${arch}.expert_weights_norm`]: true,
    ...(yarn && yarnKeys(arch, yarn)),
  }
}

function indexerKeys(arch: string, c: Config): Record<string, RawValue> {
  return {
    [`${arch}.attention.indexer.head_count`]: c.index_n_heads!,
    [`${arch}.attention.indexer.key_length`]: c.index_head_dim!,
    [`${arch}.attention.indexer.top_k`]: c.index_topk!,
  }
}

/** Latent attention and experts, as DeepSeek's converter writes them; kv_b comes in two. */
function latent(
  arch: string,
  all: ReadonlyMap<string, Decoded>,
  c: Config,
  more: Record<string, RawValue>,
): Uint8Array {
  const tensors = renamed(all, Object.entries(TOP), Object.entries(LATENT), 'model.layers.', c.num_hidden_layers!)
  for (let i = 0; i < c.num_hidden_layers!; i++) {
    const halves = splitKvB(all.get(`model.layers.${i}.self_attn.kv_b_proj.weight`)!, c)
    for (const [part, half] of Object.entries(halves)) tensors[`blk.${i}.${part}.weight`] = raw(half)
  }
  const keys = {
    ...sharedKeys(arch, c),
    [`${arch}.feed_forward_length`]: c.intermediate_size!,
    [`${arch}.leading_dense_block_count`]: c.first_k_dense_replace!,
    [`${arch}.attention.kv_lora_rank`]: c.kv_lora_rank!,
    [`${arch}.attention.key_length`]: c.kv_lora_rank! + c.qk_rope_head_dim!,
    [`${arch}.attention.value_length`]: c.kv_lora_rank!,
    [`${arch}.attention.key_length_mla`]: c.qk_nope_head_dim! + c.qk_rope_head_dim!,
    [`${arch}.attention.value_length_mla`]: c.v_head_dim!,
    [`${arch}.expert_group_count`]: c.n_group!,
    [`${arch}.expert_group_used_count`]: c.topk_group!,
    ...more,
  }
  return gguf(keys, tensors)
}

type All = ReadonlyMap<string, Decoded>
const deepseek32 = (all: All, c: Config): Uint8Array =>
  latent('deepseek32', all, c, { ...indexerKeys('deepseek32', c), 'deepseek32.expert_gating_func': 2 })

function glmDsa(all: All, c: Config): Uint8Array {
  const { indexer_types: types, mlp_layer_types: mlps } = c as unknown as Record<string, string[]>
  return latent('glm-dsa', all, c, {
    ...indexerKeys('glm-dsa', c),
    'glm-dsa.attention.indexer.types': { u32: types!.map((type) => Number(type === 'full')) },
    // transformers saves this config with first_k_dense_replace as it was by default.
    'glm-dsa.leading_dense_block_count': mlps!.filter((type) => type === 'dense').length,
  })
}

const mistral4 =
  (arch: string) =>
  (all: All, c: Config): Uint8Array => {
    const { rope_parameters: rope } = c as unknown as { rope_parameters: Config }
    return latent(arch, all, c, {
      ...yarnKeys(arch, rope),
      [`${arch}.attention.temperature_scale`]: { f32: rope['llama_4_scaling_beta']! },
    })
  }

function deepseek4(all: ReadonlyMap<string, Decoded>, c: Config): Uint8Array {
  const layers = c.num_hidden_layers!
  const keys = {
    ...sharedKeys('deepseek4', c),
    ...indexerKeys('deepseek4', c),
    'deepseek4.attention.key_length': c.head_dim!,
    'deepseek4.attention.value_length': c.head_dim!,
    'deepseek4.attention.sliding_window': c.sliding_window!,
    'deepseek4.attention.compress_ratios': {
      u32: (c as unknown as { compress_ratios: number[] }).compress_ratios.slice(0, layers),
    },
    'deepseek4.attention.compress_rope_freq_base': { f32: c.compress_rope_theta! },
    'deepseek4.attention.output_lora_rank': c.o_lora_rank!,
    'deepseek4.attention.output_group_count': c.o_groups!,
    'deepseek4.expert_gating_func': 4,
    'deepseek4.hash_layer_count': c.num_hash_layers!,
    'deepseek4.hyper_connection.count': c.hc_mult!,
    'deepseek4.hyper_connection.sinkhorn_iterations': c.hc_sinkhorn_iters!,
    'deepseek4.hyper_connection.epsilon': { f32: c.hc_eps! },
    'deepseek4.swiglu_clamp_exp': { f32: Array.from({ length: layers }, () => c.swiglu_limit!) },
  }
  return gguf(keys, renamed(all, DEEPSEEK4_TOP, DEEPSEEK4_LAYER, 'layers.', layers))
}

describe.each([
  ['deepseek32', 'deepseek-v32', deepseek32],
  ['glm-dsa', 'glm5', glmDsa],
  ['glm-dsa', 'glm5.2', glmDsa],
  ['mistral4', 'mistral4', mistral4('mistral4')],
  ['deepseek2', 'mistral-large-3', mistral4('deepseek2')],
  ['deepseek4', 'deepseek-v4', deepseek4],
] as const)('GGUF architecture %s of %s', (_, fixture, convert) => {
  it('gives the golden logits', async () => {
    const [error] = await rewrittenErrors(fixture, convert, [cpuBackend])
    expect(error).toBeLessThan(1e-3)
  })
})
