/**
 * Mistral's own layout: params.json beside consolidated.safetensors or its shards, as Mistral publishes it instead of Hugging
 * Face's (Large 3) or with it. Names and keys: convert_ministral3_weights_to_hf.py and convert_mistral4_weight_to_hf.py of
 * transformers; transformers_utils/configs/mistral.py and models/mistral_large_3.py of vLLM.
 */
import { UserError } from '../errors.js'
import { unpermuted } from './interleaved-heads.js'
import type { FolderLayout } from '../checkpoint/safetensors/folder.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { isJsonObject, type JsonObject, shortText } from '../json.js'

export const MISTRAL_LAYOUT: FolderLayout = {
  config: 'params.json',
  weights: 'consolidated',
  configOf: configOfParams,
  nameOf: publishedName,
  // Latent attention keeps pairs side by side in both layouts.
  tensorOf(stored, name, config) {
    const which = /\.self_attn\.([qk])_proj\.weight$/.exec(name)?.[1]
    if (which === undefined) return stored
    return unpermuted(stored, Number(config[which === 'q' ? 'num_attention_heads' : 'num_key_value_heads']))
  },
}

/** True where the weights at hand are Mistral's. A repository with both layouts is read in Hugging Face's. */
export async function isMistralLayout(files: FileSet): Promise<boolean> {
  const names = await files.list()
  const weights = files.main === undefined ? names.filter((name) => name.endsWith('.safetensors')) : [files.main]
  if (!weights.every((name) => name.startsWith('consolidated'))) return false
  // Over HTTP there is no listing: only known names can be asked for.
  if (weights.length === 0 && names.includes('config.json')) return false
  const params = await files.open('params.json')
  await params?.close()
  return params !== undefined
}

// ---- names

const TOP: ReadonlyMap<string, string> = new Map([
  ['tok_embeddings', 'model.embed_tokens'],
  ['norm', 'model.norm'],
  ['output', 'lm_head'],
])

const LAYER: ReadonlyMap<string, string> = new Map([
  ['attention_norm', 'input_layernorm'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['attention.wq', 'self_attn.q_proj'],
  ['attention.wk', 'self_attn.k_proj'],
  ['attention.wv', 'self_attn.v_proj'],
  ['attention.wo', 'self_attn.o_proj'],
  ['attention.wq_a', 'self_attn.q_a_proj'],
  ['attention.q_a_norm', 'self_attn.q_a_layernorm'],
  ['attention.wq_b', 'self_attn.q_b_proj'],
  ['attention.wkv_a_with_mqa', 'self_attn.kv_a_proj_with_mqa'],
  ['attention.kv_a_norm', 'self_attn.kv_a_layernorm'],
  ['attention.wkv_b', 'self_attn.kv_b_proj'],
  ['gate', 'mlp.gate'],
])

const MLP: ReadonlyMap<string, string> = new Map([
  ['w1', 'gate_proj'],
  ['w2', 'down_proj'],
  ['w3', 'up_proj'],
])

/** FP8 with one scale for a tensor. Endings of compressed-tensors are the same in both layouts. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['qscale_weight', 'weight_scale_inv'],
  ['qscale_act', 'activation_scale'],
])

/** A tensor without a published name (of sight) keeps its own. */
function publishedName(own: string): string {
  const [, layer, part = '', last = ''] = /^(layers\.\d+\.)?(.+)\.(\w+)$/.exec(own) ?? []
  const [, place, matrix = ''] = /^(feed_forward|shared_experts|experts\.\d+)\.(w[123])$/.exec(part) ?? []
  const mlp = place === 'feed_forward' ? 'mlp' : `mlp.${place}`
  const name = !layer ? TOP.get(part) : place ? `${mlp}.${MLP.get(matrix)}` : LAYER.get(part)
  if (name === undefined) return own
  return `${layer ? `model.${layer}` : ''}${name}.${ENDINGS.get(last) ?? last}`
}

// ---- config

/** Without a length in params.json: that of Mistral 7B, whose file says none. */
const USUAL_LENGTH = 32768

/** The config.json that this model would have. Values are checked by the model's definition. */
function configOfParams(params: JsonObject, where: string): JsonObject {
  const need = (key: string): unknown => {
    if (params[key] !== undefined) return params[key]
    throw new UserError(
      `${where}: expected the key ${key}, as in Mistral's params.json, found none. ${INSTEAD}`,
      'unsupported_model',
    )
  }
  const kind = kindOf(params, where)
  return {
    model_type: kind,
    vocab_size: need('vocab_size'),
    hidden_size: need('dim'),
    intermediate_size: need('hidden_dim'),
    num_hidden_layers: need('n_layers'),
    num_attention_heads: need('n_heads'),
    num_key_value_heads: params['n_kv_heads'] ?? need('n_heads'),
    rms_norm_eps: need('norm_eps'),
    max_position_embeddings: params['max_position_embeddings'] ?? params['max_seq_len'] ?? USUAL_LENGTH,
    tie_word_embeddings: params['tied_embeddings'] ?? false,
    hidden_act: params['activation'] ?? 'silu',
    bos_token_id: 1,
    eos_token_id: 2,
    rope_parameters: ropeOf(params, where),
    ...quantizationOf(params, where),
    ...(kind === 'mistral4' ? latentKeys(params, need) : { head_dim: need('head_dim'), ...windowOf(params, where) }),
  }
}

/** Keys of Small 4 and Large 3. Their router is a softmax whose chosen weights are made to sum to one. */
function latentKeys(params: JsonObject, need: (key: string) => unknown): JsonObject {
  const moe = objectOf(params, 'moe') ?? {}
  return {
    q_lora_rank: params['q_lora_rank'],
    kv_lora_rank: need('kv_lora_rank'),
    qk_nope_head_dim: need('qk_nope_head_dim'),
    qk_rope_head_dim: need('qk_rope_head_dim'),
    v_head_dim: need('v_head_dim'),
    n_routed_experts: moe['num_experts'],
    num_experts_per_tok: moe['num_experts_per_tok'],
    moe_intermediate_size: moe['expert_hidden_dim'],
    n_shared_experts: moe['num_shared_experts'],
    first_k_dense_replace: moe['first_k_dense_replace'],
    routed_scaling_factor: moe['routed_scale'],
    n_group: moe['num_expert_groups'],
    topk_group: moe['num_expert_groups_per_tok'],
    norm_topk_prob: true,
  }
}

/** The text model's model_type. @throws UserError for models that the published sources say too little of. */
function kindOf(params: JsonObject, where: string): 'mistral' | 'ministral3' | 'mistral4' {
  const moe = objectOf(params, 'moe')
  const latent = Boolean(params['qk_nope_head_dim'])
  const type = params['model_type'] ?? 'transformer'
  if (type !== 'transformer') refuse(where, `model_type ${shortText(type)}`)
  if (objectOf(params, 'multimodal')) refuse(where, 'a model with multimodal (Voxtral)')
  if (moe && !latent) refuse(where, 'a mixture of experts without latent attention (Mixtral)')
  if (!moe && latent) refuse(where, 'latent attention without experts')
  if (!moe) return objectOf(params, 'llama_4_scaling') ? 'ministral3' : 'mistral'
  if ((moe['route_every_n'] ?? 1) !== 1) refuse(where, `moe.route_every_n ${shortText(moe['route_every_n'])}`)
  const renorm = moe['renorm_strategy'] ?? 'WEIGHTS'
  if (renorm !== 'WEIGHTS') refuse(where, `moe.renorm_strategy ${shortText(renorm)}`)
  if (moe['use_load_balancing_bias']) refuse(where, 'moe.use_load_balancing_bias')
  if (params['sliding_window']) refuse(where, 'latent attention with a sliding_window')
  return 'mistral4'
}

/**
 * YaRN without its factors on angles and on the softmax: every published file says apply_scale: false, and implementations
 * disagree about true. llama_4_scaling: queries that grow with the position.
 */
function ropeOf(params: JsonObject, where: string): JsonObject {
  const yarn = objectOf(params, 'yarn')
  const growth = objectOf(params, 'llama_4_scaling')
  if (yarn && yarn['apply_scale'] !== false) refuse(where, `yarn.apply_scale ${shortText(yarn['apply_scale'])}`)
  const length = (yarn ?? growth)?.['original_max_position_embeddings']
  if (growth && growth['original_max_position_embeddings'] !== length)
    refuse(where, 'two different original_max_position_embeddings')
  return {
    rope_theta: params['rope_theta'] ?? 10000,
    rope_type: yarn ? 'yarn' : 'default',
    ...(yarn && { factor: yarn['factor'], beta_fast: yarn['beta'], beta_slow: yarn['alpha'], attention_factor: 1 }),
    ...(length !== undefined && { original_max_position_embeddings: length }),
    ...(growth && { llama_4_scaling_beta: growth['beta'] }),
  }
}

/** One window for all layers, which some files write as a string. */
function windowOf(params: JsonObject, where: string): JsonObject {
  const window = params['sliding_window'] ?? null
  if (Array.isArray(window)) refuse(where, `sliding_window ${shortText(window)}`)
  return { sliding_window: typeof window === 'string' ? Number(window) : window }
}

function quantizationOf(params: JsonObject, where: string): JsonObject {
  const found = objectOf(params, 'quantization_config') ?? objectOf(params, 'quantization')
  if (!found) return {}
  const { quant_method: method, qformat_weight: format } = found
  if (format === 'fp8_e4m3') return { quantization_config: { quant_method: 'fp8', weight_block_size: null } }
  if (typeof method === 'string' && /^compressed[-_]tensors$/i.test(method))
    return { quantization_config: { ...found, quant_method: 'compressed-tensors' } }
  return refuse(where, `quantization ${shortText(found)}`)
}

/** What is empty or null is absent, as in vLLM. */
function objectOf(params: JsonObject, key: string): JsonObject | undefined {
  const value = params[key]
  return isJsonObject(value) && Object.keys(value).length > 0 ? value : undefined
}

const INSTEAD = 'Download the same model in Hugging Face layout (config.json with model*.safetensors) or as GGUF.'

function refuse(where: string, what: string): never {
  throw new UserError(`${where}: ${what} cannot be read in Mistral's own layout. ${INSTEAD}`, 'unsupported_model')
}
