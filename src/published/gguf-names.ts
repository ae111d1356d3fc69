/** GGUF tensor names -> the names that the labs publish. Source: tensor_mapping.py of llama.cpp's gguf-py. */
import { DEEPSEEK4_LAYER, DEEPSEEK4_TOP } from './gguf-names-deepseek4.js'
import { KIMI_LINEAR, QWEN_HYBRID, RESHAPED } from './gguf-names-recurrent.js'

/** What happens to the rows of a tensor on the way to its published form. */
export type GgufLayout = 'plain' | 'permuted-q' | 'permuted-k' | 'experts' | 'flattened' | 'reshaped' | 'rates'

export interface PublishedName {
  /** With `{e}` for the expert where the layout is 'experts'. */
  readonly name: string
  readonly layout: GgufLayout
}

const TOP: ReadonlyMap<string, string> = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
])

const DENSE: ReadonlyMap<string, string> = new Map([
  ['attn_norm', 'input_layernorm'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['attn_q_norm', 'self_attn.q_norm'],
  ['attn_k_norm', 'self_attn.k_norm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
])

const DEEPSEEK: ReadonlyMap<string, string> = new Map([
  ...DENSE,
  ['attn_q_a', 'self_attn.q_a_proj'],
  ['attn_q_a_norm', 'self_attn.q_a_layernorm'],
  ['attn_q_b', 'self_attn.q_b_proj'],
  ['attn_kv_a_mqa', 'self_attn.kv_a_proj_with_mqa'],
  ['attn_kv_a_norm', 'self_attn.kv_a_layernorm'],
  ['attn_kv_b', 'self_attn.kv_b_proj'],
  ['attn_k_b', 'self_attn.k_b_proj'],
  ['attn_v_b', 'self_attn.v_b_proj'],
  ['ffn_gate_inp', 'mlp.gate'],
  ['ffn_gate_exps', 'mlp.experts.{e}.gate_proj'],
  ['ffn_up_exps', 'mlp.experts.{e}.up_proj'],
  ['ffn_down_exps', 'mlp.experts.{e}.down_proj'],
  ['ffn_gate_shexp', 'mlp.shared_experts.gate_proj'],
  ['ffn_up_shexp', 'mlp.shared_experts.up_proj'],
  ['ffn_down_shexp', 'mlp.shared_experts.down_proj'],
  ['exp_probs_b', 'mlp.gate.e_score_correction_bias'],
])

/** Experts and their router under `name`, each matrix called as its family does. */
function mixture(
  name: string,
  router: string,
  [gate, up, down]: readonly [string, string, string],
): [string, string][] {
  return [
    ['ffn_gate_inp', `${name}.${router}`],
    ['ffn_gate_exps', `${name}.experts.{e}.${gate}`],
    ['ffn_up_exps', `${name}.experts.{e}.${up}`],
    ['ffn_down_exps', `${name}.experts.{e}.${down}`],
  ]
}

/** A gated MLP: the dense one (suffix '') or the shared expert ('_shexp'). */
function mlp(name: string, suffix: string): [string, string][] {
  return ['gate', 'up', 'down'].map((part) => [`ffn_${part}${suffix}`, `${name}.${part}_proj`])
}

const PROJECTIONS = ['gate_proj', 'up_proj', 'down_proj'] as const
const W132 = ['w1', 'w3', 'w2'] as const
const SECOND_NORM: [string, string] = ['post_attention_norm', 'post_attention_layernorm']

const MIXTRAL = new Map([...DENSE, ...mixture('block_sparse_moe', 'gate', W132)])
const QWEN3_MOE = new Map([...DENSE, ...mixture('mlp', 'gate', PROJECTIONS)])
const GLM4_MOE = new Map([
  ...DENSE,
  SECOND_NORM,
  ...mixture('mlp', 'gate', PROJECTIONS),
  ...mlp('mlp.shared_experts', '_shexp'),
  ['exp_probs_b', 'mlp.gate.e_score_correction_bias'],
])
const MINIMAX_M2 = new Map([...MIXTRAL, ['exp_probs_b', 'block_sparse_moe.e_score_correction_bias']])
const GPT_OSS = new Map([
  ...DENSE,
  SECOND_NORM,
  ...mixture('mlp', 'router', PROJECTIONS),
  ['attn_sinks', 'self_attn.sinks'],
])
const GEMMA3 = new Map([
  ...DENSE,
  SECOND_NORM,
  ['ffn_norm', 'pre_feedforward_layernorm'],
  ['post_ffw_norm', 'post_feedforward_layernorm'],
])
const LLAMA4 = new Map([
  ...DENSE,
  ...mlp('feed_forward', ''),
  ...mlp('feed_forward.shared_expert', '_shexp'),
  ...mixture('feed_forward', 'router', PROJECTIONS),
])

const DEEPSEEK32: ReadonlyMap<string, string> = new Map([
  ...DEEPSEEK,
  ['indexer.k_norm', 'self_attn.indexer.k_norm'],
  ['indexer.proj', 'self_attn.indexer.weights_proj'],
  ['indexer.attn_k', 'self_attn.indexer.wk'],
  ['indexer.attn_q_b', 'self_attn.indexer.wq_b'],
])

const MISTRAL4: ReadonlyMap<string, string> = new Map([
  ...DEEPSEEK,
  // Experts are published stacked, gate and up in one.
  ['ffn_gate_up_exps', 'mlp.experts.gate_up_proj'],
])
const QWEN3_NEXT: ReadonlyMap<string, string> = new Map([
  ...QWEN3_MOE,
  ...mlp('mlp.shared_expert', '_shexp'),
  ['ffn_gate_up_exps', 'mlp.experts.gate_up_proj'],
  ...QWEN_HYBRID,
])
const KIMI: ReadonlyMap<string, string> = new Map([
  ...DEEPSEEK,
  ...mixture('block_sparse_moe', 'gate', W132),
  ...mlp('block_sparse_moe.shared_experts', '_shexp'),
  ...KIMI_LINEAR,
])

const TABLES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['llama', MIXTRAL],
  ['mistral3', DENSE],
  ['qwen3moe', QWEN3_MOE],
  ['glm4moe', GLM4_MOE],
  ['minimax-m2', MINIMAX_M2],
  ['gpt-oss', GPT_OSS],
  ['gemma3', GEMMA3],
  ['llama4', LLAMA4],
  ['qwen2', DENSE],
  ['qwen3', DENSE],
  ['deepseek2', DEEPSEEK],
  ['deepseek32', DEEPSEEK32],
  ['glm-dsa', DEEPSEEK32],
  ['mistral4', MISTRAL4],
  ['qwen3next', QWEN3_NEXT],
  ['qwen35', QWEN3_NEXT],
  ['qwen35moe', QWEN3_NEXT],
  ['kimi-linear', KIMI],
])

const BARE: ReadonlySet<string> = new Set(['exp_probs_b', 'attn_sinks', 'ffn_gate_up_exps', 'ssm_a', 'ssm_dt'])

/** A tensor without a published name keeps its own. */
export function publishedName(architecture: string, ggufName: string): PublishedName {
  if (architecture === 'deepseek4') return deepseek4Name(ggufName)
  const table = TABLES.get(architecture)
  const top = TOP.get(ggufName)
  if (!table) return { name: ggufName, layout: 'plain' }
  if (top !== undefined) return { name: top, layout: 'plain' }
  const [, layer, part = '', kind] = /^blk\.(\d{1,6})\.([\w.]+?)(?:\.(weight|bias))?$/.exec(ggufName) ?? []
  if (layer === undefined || (kind === undefined && part !== 'ssm_a')) return { name: ggufName, layout: 'plain' }
  const prefix = `model.layers.${Number(layer)}.`
  const mapped = table.get(part)
  if (mapped === undefined) return { name: ggufName, layout: 'plain' }
  // published without the last part of the name
  if (BARE.has(part)) return { name: `${prefix}${mapped}`, layout: part === 'ssm_a' ? 'rates' : 'plain' }
  return { name: `${prefix}${mapped}.${kind}`, layout: layoutOf(architecture, part) }
}

function layoutOf(architecture: string, part: string): GgufLayout {
  if (part.endsWith('_exps')) return 'experts'
  if (RESHAPED.has(part)) return 'reshaped'
  if (part === 'attn_k_b' || part === 'attn_v_b') return 'flattened'
  // Conversion interleaves the two halves of each rotated head for Llama, and for no other of these.
  const permuted = architecture === 'llama' || architecture === 'mistral3'
  if (permuted && part === 'attn_q') return 'permuted-q'
  if (permuted && part === 'attn_k') return 'permuted-k'
  return 'plain'
}

/** DeepSeek-V4 publishes without `model.`, and what is no matrix or norm without `.weight`. */
function deepseek4Name(ggufName: string): PublishedName {
  const top = DEEPSEEK4_TOP.get(ggufName)
  if (top !== undefined) return { name: top, layout: 'plain' }
  const [, layer, part = ''] = /^blk\.(\d{1,6})\.([\w.]+)$/.exec(ggufName) ?? []
  const mapped = DEEPSEEK4_LAYER.get(part)
  if (layer === undefined || mapped === undefined) return { name: ggufName, layout: 'plain' }
  return { name: `layers.${Number(layer)}.${mapped}`, layout: mapped.includes('{e}') ? 'experts' : 'plain' }
}
