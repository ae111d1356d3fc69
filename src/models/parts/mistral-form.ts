/** Mistral's own layout: what its families share. */
import { shortText, type JsonObject } from '../../json.js'
import type { MistralParams } from '../../published/mistral.js'
import type { Names, NameTables } from '../../published/names.js'

// ---- names

const LAYER: Names = {
  attention_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  'attention.wo': 'self_attn.o_proj',
  ...mistralMlp('feed_forward', 'mlp'),
}

/** A gated MLP: the dense one, shared or routed experts. */
export function mistralMlp(own: string, name: string): Names {
  return { [`${own}.w1`]: `${name}.gate_proj`, [`${own}.w2`]: `${name}.down_proj`, [`${own}.w3`]: `${name}.up_proj` }
}

export function mistralNames(layer: Names): NameTables {
  const top = { tok_embeddings: 'model.embed_tokens', norm: 'model.norm', output: 'lm_head' }
  return { top, layer: { ...LAYER, ...layer }, prefix: 'model.layers.' }
}

// ---- config

/** Without a length in params.json: that of Mistral 7B, whose file says none. */
const USUAL_LENGTH = 32768

/** Keys of all families. Values are checked by the model's definition. @throws UserError for what is no text model's. */
export function mistralConfig(params: MistralParams): JsonObject {
  const type = params.get('model_type') ?? 'transformer'
  if (type !== 'transformer') params.refuse(`model_type ${shortText(type)}`)
  if (params.object('multimodal')) params.refuse('a model with multimodal (Voxtral)')
  return {
    vocab_size: params.need('vocab_size'),
    hidden_size: params.need('dim'),
    intermediate_size: params.need('hidden_dim'),
    num_hidden_layers: params.need('n_layers'),
    num_attention_heads: params.need('n_heads'),
    num_key_value_heads: params.get('n_kv_heads') ?? params.need('n_heads'),
    rms_norm_eps: params.need('norm_eps'),
    max_position_embeddings: params.get('max_position_embeddings') ?? params.get('max_seq_len') ?? USUAL_LENGTH,
    tie_word_embeddings: params.get('tied_embeddings') ?? false,
    hidden_act: params.get('activation') ?? 'silu',
    bos_token_id: 1,
    eos_token_id: 2,
    rope_parameters: ropeOf(params),
    ...quantizationOf(params),
  }
}

/**
 * YaRN without its factors on angles and on the softmax: every published file says apply_scale: false, and implementations
 * disagree about true. llama_4_scaling: queries that grow with the position.
 */
function ropeOf(params: MistralParams): JsonObject {
  const yarn = params.object('yarn')
  const growth = params.object('llama_4_scaling')
  if (yarn && yarn['apply_scale'] !== false) params.refuse(`yarn.apply_scale ${shortText(yarn['apply_scale'])}`)
  const length = (yarn ?? growth)?.['original_max_position_embeddings']
  if (growth && growth['original_max_position_embeddings'] !== length)
    params.refuse('two different original_max_position_embeddings')
  return {
    rope_theta: params.get('rope_theta') ?? 10000,
    rope_type: yarn ? 'yarn' : 'default',
    ...(yarn && { factor: yarn['factor'], beta_fast: yarn['beta'], beta_slow: yarn['alpha'], attention_factor: 1 }),
    ...(length !== undefined && { original_max_position_embeddings: length }),
    ...(growth && { llama_4_scaling_beta: growth['beta'] }),
  }
}

function quantizationOf(params: MistralParams): JsonObject {
  const found = params.object('quantization_config') ?? params.object('quantization')
  if (!found) return {}
  const { quant_method: method, qformat_weight: format } = found
  if (format === 'fp8_e4m3') return { quantization_config: { quant_method: 'fp8', weight_block_size: null } }
  if (typeof method === 'string' && /^compressed[-_]tensors$/i.test(method))
    return { quantization_config: { ...found, quant_method: 'compressed-tensors' } }
  return params.refuse(`quantization ${shortText(found)}`)
}
