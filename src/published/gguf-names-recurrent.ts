/** GGUF tensor names of models with recurrent layers, within a layer; see gguf-names.ts. */

/** DeltaNet's tensors beside those of gated attention: Qwen3-Next and Qwen3.5. */
export const QWEN_HYBRID: readonly (readonly [string, string])[] = [
  ['post_attention_norm', 'post_attention_layernorm'],
  ['attn_qkv', 'linear_attn.in_proj_qkv'],
  ['attn_gate', 'linear_attn.in_proj_z'],
  // Early files keep the packed matrix as it was published.
  ['ssm_in', 'linear_attn.in_proj_qkvz'],
  ['ssm_ba', 'linear_attn.in_proj_ba'],
  ['ssm_alpha', 'linear_attn.in_proj_a'],
  ['ssm_beta', 'linear_attn.in_proj_b'],
  ['ssm_conv1d', 'linear_attn.conv1d'],
  ['ssm_norm', 'linear_attn.norm'],
  ['ssm_out', 'linear_attn.out_proj'],
  ['ssm_a', 'linear_attn.A_log'],
  ['ssm_dt', 'linear_attn.dt_bias'],
  ['ffn_gate_inp_shexp', 'mlp.shared_expert_gate'],
]

/** Kimi Delta Attention's beside those of latent attention. */
export const KIMI_LINEAR: readonly (readonly [string, string])[] = [
  ['ssm_conv1d_q', 'self_attn.q_conv1d'],
  ['ssm_conv1d_k', 'self_attn.k_conv1d'],
  ['ssm_conv1d_v', 'self_attn.v_conv1d'],
  ['ssm_f_a', 'self_attn.f_a_proj'],
  ['ssm_f_b', 'self_attn.f_b_proj'],
  ['ssm_g_a', 'self_attn.g_a_proj'],
  ['ssm_g_b', 'self_attn.g_b_proj'],
  ['ssm_beta', 'self_attn.b_proj'],
  ['ssm_norm', 'self_attn.o_norm'],
  ['ssm_a', 'self_attn.A_log'],
  ['ssm_dt', 'self_attn.dt_bias'],
  ['exp_probs_b', 'block_sparse_moe.gate.e_score_correction_bias'],
]

/** Stored with other lengths of one than published: convolutions, the gate of a shared expert. */
export const RESHAPED: ReadonlySet<string> = new Set([
  'ssm_conv1d',
  'ssm_conv1d_q',
  'ssm_conv1d_k',
  'ssm_conv1d_v',
  'ffn_gate_inp_shexp',
])
