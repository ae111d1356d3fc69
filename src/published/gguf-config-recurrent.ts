/** Configs of models with recurrent layers from GGUF metadata, as Hugging Face layout has them. */
import type { ArchMetadata } from './gguf-families.js'

type Config = Record<string, unknown>

export const QWEN_HYBRIDS: ReadonlySet<string> = new Set(['qwen3next', 'qwen35', 'qwen35moe'])

/** Qwen3-Next, Qwen3.5 dense and with experts: layers of DeltaNet, every fourth of gated attention. */
export function qwenHybrid(common: Config, meta: ArchMetadata): Config {
  const heads = meta.neededWhole('ssm.time_step_rank')
  const rotated = meta.whole('rope.dimension_count') ?? Number(common['head_dim'])
  const hybrid = {
    ...common,
    attention_bias: false,
    partial_rotary_factor: rotated / Number(common['head_dim']),
    full_attention_interval: meta.whole('full_attention_interval') ?? 4,
    linear_conv_kernel_dim: meta.neededWhole('ssm.conv_kernel'),
    linear_key_head_dim: meta.neededWhole('ssm.state_size'),
    linear_value_head_dim: meta.neededWhole('ssm.inner_size') / heads,
    linear_num_key_heads: meta.neededWhole('ssm.group_count'),
    linear_num_value_heads: heads,
  }
  if (meta.arch === 'qwen3next') return { ...hybrid, ...experts(meta), model_type: 'qwen3_next' }
  const tiled = { ...hybrid, linear_value_head_order: 'tiled' }
  return meta.arch === 'qwen35'
    ? { ...tiled, model_type: 'qwen3_5_text' }
    : { ...tiled, ...experts(meta), model_type: 'qwen3_5_moe_text' }
}

function experts(meta: ArchMetadata): Config {
  const width = meta.neededWhole('expert_feed_forward_length')
  return {
    num_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    moe_intermediate_size: width,
    shared_expert_intermediate_size: meta.whole('expert_shared_feed_forward_length') ?? width,
    norm_topk_prob: true,
  }
}

/** Kimi Linear on top of the keys of latent attention; `kvHeads` per layer, 0 where it is recurrent. */
export function kimiLinear(latent: Config, meta: ArchMetadata, kvHeads: readonly number[]): Config {
  const numbered = kvHeads.map((count, i) => ({ count, layer: i + 1 })).slice(0, Number(latent['num_hidden_layers']))
  const layers = (recurrent: boolean): number[] =>
    numbered.filter(({ count }) => (count === 0) === recurrent).map(({ layer }) => layer)
  return {
    ...latent,
    model_type: 'kimi_linear',
    model_max_length: latent['max_position_embeddings'],
    num_experts: latent['n_routed_experts'],
    num_experts_per_token: latent['num_experts_per_tok'],
    num_shared_experts: latent['n_shared_experts'],
    num_expert_group: latent['n_group'],
    moe_renormalize: latent['norm_topk_prob'],
    linear_attn_config: {
      full_attn_layers: layers(false),
      kda_layers: layers(true),
      num_heads: latent['num_attention_heads'],
      head_dim: meta.neededWhole('kda.head_dim'),
      short_conv_kernel_size: meta.neededWhole('ssm.conv_kernel'),
    },
  }
}
