/** Qwen's hybrids in GGUF: what Qwen3-Next and Qwen3.5 share. */
import type { JsonObject } from '../../json.js'
import type { GgufMetadata } from '../../published/gguf-metadata.js'
import type { TensorShapes } from '../../published/gguf.js'
import { bare, type Names, type NameTables } from '../../published/names.js'
import { attentionConfig, rotatedColumns, scoringOf } from './gguf-config.js'
import {
  DENSE,
  FURTHER_TOKENS,
  SECOND_NORM,
  STACKED_GATE_UP,
  expertNames,
  layerNames,
  mlpNames,
  plusOne,
} from './gguf-names.js'
import { PROJECTIONS } from './layers.js'

const DELTA_NET: Names = {
  attn_qkv: 'linear_attn.in_proj_qkv',
  attn_gate: 'linear_attn.in_proj_z',
  // Early files keep the packed matrix as it was published.
  ssm_in: 'linear_attn.in_proj_qkvz',
  ssm_ba: 'linear_attn.in_proj_ba',
  ssm_alpha: 'linear_attn.in_proj_a',
  ssm_beta: 'linear_attn.in_proj_b',
  ssm_conv1d: { name: 'linear_attn.conv1d', transform: 'reshaped' },
  ssm_norm: 'linear_attn.norm',
  ssm_out: 'linear_attn.out_proj',
  ssm_a: bare('linear_attn.A_log', 'rates'),
  ssm_dt: bare('linear_attn.dt_bias'),
}

const SHARED_MIXTURE: Names = {
  ...expertNames('mlp', 'gate', PROJECTIONS),
  ...mlpNames('mlp.shared_expert', '_shexp'),
  ...STACKED_GATE_UP,
  ffn_gate_inp_shexp: { name: 'mlp.shared_expert_gate', transform: 'reshaped' },
}

/** Conversion of Qwen3.5 deals value heads to key heads in turn; the name of the output's matrix says so (gated-delta-net.ts). */
export const TILED: Names = { ssm_out: 'linear_attn.tiled_out_proj' }

/** All norms but those of DeltaNet's output are published less one. */
export function hybridNames(changes: Names = {}): NameTables {
  const names = layerNames(DENSE, SECOND_NORM, SHARED_MIXTURE, DELTA_NET, FURTHER_TOKENS, changes)
  const own = ['attn_norm', 'post_attention_norm', 'attn_q_norm', 'attn_k_norm', 'output_norm']
  return plusOne(names, [...own, 'nextn.enorm', 'nextn.hnorm', 'nextn.shared_head_norm'])
}

export function hybridConfig(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes, 'partly')
  const heads = meta.neededWhole('ssm.time_step_rank')
  return {
    ...common,
    attention_bias: false,
    mtp_num_hidden_layers: meta.whole('nextn_predict_layers') ?? 0,
    partial_rotary_factor: rotatedColumns(meta, common.head_dim) / common.head_dim,
    full_attention_interval: meta.whole('full_attention_interval') ?? 4,
    linear_conv_kernel_dim: meta.neededWhole('ssm.conv_kernel'),
    linear_key_head_dim: meta.neededWhole('ssm.state_size'),
    linear_value_head_dim: meta.neededWhole('ssm.inner_size') / heads,
    linear_num_key_heads: meta.neededWhole('ssm.group_count'),
    linear_num_value_heads: heads,
  }
}

export function hybridMixtureConfig(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  scoringOf(meta, 'softmax')
  const width = meta.neededWhole('expert_feed_forward_length')
  return {
    ...hybridConfig(meta, shapes),
    num_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    moe_intermediate_size: width,
    shared_expert_intermediate_size: meta.whole('expert_shared_feed_forward_length') ?? width,
    norm_topk_prob: true,
  }
}
