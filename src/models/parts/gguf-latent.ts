/** Latent attention and DeepSeek's experts in GGUF: what their families share. */
import type { GgufMetadata } from '../../published/gguf-metadata.js'
import type { TensorShapes } from '../../published/gguf.js'
import type { Names } from '../../published/names.js'
import { decoderConfig } from './gguf-config.js'
import { DENSE, choosingBias, expertNames, mlpNames } from './gguf-names.js'
import { PROJECTIONS } from './layers.js'

/** kv_b is kept as published, or in two: its key half transposed, one matrix for each head. */
export const LATENT: Names = {
  ...DENSE,
  attn_q_a: 'self_attn.q_a_proj',
  attn_q_a_norm: 'self_attn.q_a_layernorm',
  attn_q_b: 'self_attn.q_b_proj',
  attn_kv_a_mqa: 'self_attn.kv_a_proj_with_mqa',
  attn_kv_a_norm: 'self_attn.kv_a_layernorm',
  attn_kv_b: 'self_attn.kv_b_proj',
  attn_k_b: { name: 'self_attn.k_b_proj', transform: 'flattened' },
  attn_v_b: { name: 'self_attn.v_b_proj', transform: 'flattened' },
  ...expertNames('mlp', 'gate', PROJECTIONS),
  ...mlpNames('mlp.shared_experts', '_shexp'),
  ...choosingBias('mlp.gate.e_score_correction_bias'),
}

export const INDEXER: Names = {
  'indexer.k_norm': 'self_attn.indexer.k_norm',
  'indexer.proj': 'self_attn.indexer.weights_proj',
  'indexer.attn_k': 'self_attn.indexer.wk',
  'indexer.attn_q_b': 'self_attn.indexer.wq_b',
}

/** The config as of DeepSeek-V2 (softmax) or V3 (sigmoid). */
export function latentConfig(meta: GgufMetadata, shapes: TensorShapes, scoring: 'softmax' | 'sigmoid') {
  const common = decoderConfig(meta, shapes)
  const sigmoid = scoring === 'sigmoid'
  const rope = meta.neededWhole('rope.dimension_count')
  // Files from before the latent cache keep the plain lengths under the plain keys.
  const keyLength = meta.whole('attention.key_length_mla') ?? meta.neededWhole('attention.key_length')
  const groups = meta.whole('expert_group_count') ?? 1
  return {
    ...common,
    model_type: sigmoid ? 'deepseek_v3' : 'deepseek_v2',
    num_key_value_heads: common.num_attention_heads,
    head_dim: rope,
    q_lora_rank: meta.whole('attention.q_lora_rank') ?? null,
    kv_lora_rank: meta.neededWhole('attention.kv_lora_rank'),
    qk_nope_head_dim: keyLength - rope,
    qk_rope_head_dim: rope,
    v_head_dim: meta.whole('attention.value_length_mla') ?? meta.neededWhole('attention.value_length'),
    n_routed_experts: meta.whole('expert_count') ?? null,
    num_experts_per_tok: meta.whole('expert_used_count') ?? null,
    n_shared_experts: meta.whole('expert_shared_count') ?? 0,
    first_k_dense_replace: meta.whole('leading_dense_block_count') ?? 0,
    moe_layer_freq: 1,
    moe_intermediate_size: meta.whole('expert_feed_forward_length') ?? null,
    routed_scaling_factor: meta.number('expert_weights_scale') ?? 1,
    norm_topk_prob: meta.boolean('expert_weights_norm') ?? sigmoid,
    scoring_func: scoring,
    n_group: groups,
    topk_group: meta.whole('expert_group_used_count') ?? 1,
    topk_method: sigmoid ? 'noaux_tc' : groups > 1 ? 'group_limited_greedy' : 'greedy',
  }
}
