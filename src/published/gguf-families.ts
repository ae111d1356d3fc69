/**
 * Configs of the attention families from GGUF metadata, as Hugging Face layout has them. Where a file says nothing, llama.cpp's
 * own constants stand here (src/llama-model.cpp): they are what the files were made for.
 */
import { UserError } from '../errors.js'
import { QWEN_HYBRIDS, qwenHybrid } from './gguf-config-recurrent.js'

/** Metadata of one architecture; keys without its prefix. */
export interface ArchMetadata {
  readonly where: string
  readonly arch: string
  whole(key: string): number | undefined
  neededWhole(key: string): number
  number(key: string): number | undefined
  boolean(key: string): boolean | undefined
}

export interface FamilyFacts {
  /** q and k have norms. */
  readonly hasQueryNorm: boolean
}

type Config = Record<string, unknown>
/** Adds what distinguishes a family to the keys that all share; see `dense` in gguf-config.ts. */
type Family = (common: Config, meta: ArchMetadata, facts: FamilyFacts) => Config

export const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['llama', llama],
  ['mistral3', mistral3],
  ['qwen3moe', qwen3moe],
  ['glm4moe', glm4moe],
  ['minimax-m2', minimaxM2],
  ['gpt-oss', gptOss],
  ['gemma3', gemma3],
  ['llama4', llama4],
  ...[...QWEN_HYBRIDS].map((arch) => [arch, qwenHybrid] as const),
])

/** Families that rotate a part of each head; all others rotate heads whole. */
export const PARTLY_ROTATED: ReadonlySet<string> = new Set(['glm4moe', 'minimax-m2', ...QWEN_HYBRIDS])

/** Mixtral is a Llama with experts. */
function llama(common: Config, meta: ArchMetadata): Config {
  const experts = meta.whole('expert_count') ?? 0
  if (experts === 0) return { ...common, model_type: 'llama' }
  return { ...common, ...expertCounts(meta), model_type: 'mixtral' }
}

/** Ministral 3, or Mistral Small 3 without its temperature. */
function mistral3(common: Config, meta: ArchMetadata): Config {
  const beta = meta.number('attention.temperature_scale')
  if (!beta) return { ...common, model_type: 'mistral' }
  const length = meta.whole('attention.temperature_length') ?? meta.neededWhole('rope.scaling.original_context_length')
  const rope = { ...(common['rope_scaling'] as Config | null), llama_4_scaling_beta: beta }
  return { ...common, model_type: 'ministral3', rope_scaling: { ...rope, original_max_position_embeddings: length } }
}

function qwen3moe(common: Config, meta: ArchMetadata): Config {
  return {
    ...common,
    model_type: 'qwen3_moe',
    num_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    moe_intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    norm_topk_prob: true,
  }
}

function glm4moe(common: Config, meta: ArchMetadata, facts: FamilyFacts): Config {
  const gating = meta.whole('expert_gating_func') ?? 2
  if (gating !== 2) throw wrongValue(meta, 'expert_gating_func', '2 (sigmoid)', gating)
  return {
    ...common,
    model_type: 'glm4_moe',
    use_qk_norm: facts.hasQueryNorm,
    partial_rotary_factor: rotatedColumns(common, meta) / Number(common['head_dim']),
    n_routed_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    n_shared_experts: meta.whole('expert_shared_count') ?? 1,
    moe_intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    first_k_dense_replace: meta.whole('leading_dense_block_count') ?? 0,
    routed_scaling_factor: meta.number('expert_weights_scale') ?? 1,
    norm_topk_prob: meta.boolean('expert_weights_norm') ?? true,
    n_group: meta.whole('expert_group_count') ?? 1,
    topk_group: meta.whole('expert_group_used_count') ?? 1,
  }
}

function minimaxM2(common: Config, meta: ArchMetadata): Config {
  const width = meta.whole('expert_feed_forward_length') ?? common['intermediate_size']
  return {
    ...common,
    ...expertCounts(meta),
    model_type: 'minimax_m2',
    intermediate_size: width,
    rotary_dim: rotatedColumns(common, meta),
  }
}

function gptOss(common: Config, meta: ArchMetadata): Config {
  const scaling = common['rope_scaling'] as Config | null
  return {
    ...common,
    ...expertCounts(meta),
    model_type: 'gpt_oss',
    intermediate_size: meta.whole('expert_feed_forward_length') ?? common['intermediate_size'],
    sliding_window: meta.neededWhole('attention.sliding_window'),
    rope_scaling: scaling && { ...scaling, truncate: false },
  }
}

function gemma3(common: Config, meta: ArchMetadata): Config {
  const layers = Number(common['num_hidden_layers'])
  // The file has no key for the scale of queries; 27B, of 62 layers, is the one model whose scale is not its head's width.
  const perHead = Number(common['hidden_size']) / Number(common['num_attention_heads'])
  return {
    ...common,
    model_type: 'gemma3_text',
    torch_dtype: 'bfloat16',
    hidden_activation: 'gelu_pytorch_tanh',
    query_pre_attn_scalar: layers === 62 ? perHead : common['head_dim'],
    sliding_window: meta.neededWhole('attention.sliding_window'),
    sliding_window_pattern: meta.whole('attention.sliding_window_pattern') ?? 6,
    rope_theta: meta.number('rope.freq_base') ?? 1e6,
    rope_local_base_freq: meta.number('rope.freq_base_swa') ?? 1e4,
    final_logit_softcapping: meta.number('final_logit_softcapping') ?? null,
  }
}

function llama4(common: Config, meta: ArchMetadata): Config {
  const experts = meta.neededWhole('expert_count')
  const window = meta.whole('attention.sliding_window')
  if (window === 0) throw wrongValue(meta, 'attention.sliding_window', 'chunked attention', window)
  return {
    ...common,
    ...expertCounts(meta),
    model_type: 'llama4',
    intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    intermediate_size_mlp: common['intermediate_size'],
    interleave_moe_layer_step: meta.neededWhole('interleave_moe_layer_step'),
    // Maverick, the one without norms of q and k, is the one with 128 experts.
    use_qk_norm: experts !== 128,
    attention_chunk_size: 8192,
  }
}

function expertCounts(meta: ArchMetadata): Config {
  return {
    num_local_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
  }
}

function rotatedColumns(common: Config, meta: ArchMetadata): number {
  return meta.whole('rope.dimension_count') ?? Number(common['head_dim'])
}

function wrongValue(meta: ArchMetadata, key: string, expected: string, found: unknown): UserError {
  return new UserError(
    `${meta.where}: metadata ${meta.arch}.${key}: expected ${expected}, found ${String(found)}.`,
    'unsupported_model',
  )
}
