import { UserError } from '../errors.js'
import { kimiLinear } from './gguf-config-recurrent.js'
import { FAMILIES, PARTLY_ROTATED, type ArchMetadata } from './gguf-families.js'
import type { JsonObject } from '../json.js'

/** Metadata of one file with checked types; `arch.` prefixes are filled in by the caller. */
export class GgufMetadata {
  constructor(
    private readonly where: string,
    private readonly values: ReadonlyMap<string, unknown>,
  ) {}

  number(key: string): number | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    // Some converters write one value per layer; a model of equal layers has one.
    const all: unknown[] = Array.isArray(value) ? value : [value]
    const [first] = all
    if (typeof first === 'number' && Number.isFinite(first) && all.every((item) => item === first))
      return shortest(first)
    throw this.wrong(key, 'a number, the same for all layers', value)
  }

  needed(key: string): number {
    const value = this.number(key)
    if (value !== undefined) return value
    throw new UserError(
      `${this.where}: expected the metadata key ${key}, found none. Convert the model again.`,
      'invalid_file',
    )
  }

  /** A length, a count or an id: a whole number, not negative. */
  whole(key: string): number | undefined {
    const value = this.number(key)
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
    throw this.wrong(key, 'a whole number', value)
  }

  neededWhole(key: string): number {
    return this.whole(key) ?? this.needed(key)
  }

  string(key: string): string | undefined {
    const value = this.values.get(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.wrong(key, 'a string', value)
  }

  /** One whole number per layer. */
  wholes(key: string): number[] {
    const value = this.values.get(key)
    if (Array.isArray(value) && value.every((item) => Number.isSafeInteger(item))) return value as number[]
    throw this.wrong(key, 'whole numbers, one per layer', value)
  }

  /** One flag per layer, as booleans or as 0 and 1. */
  flags(key: string): boolean[] | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((item) => [true, false, 0, 1].includes(item as number)))
      return value.map(Boolean)
    throw this.wrong(key, 'true or false, one per layer', value)
  }

  boolean(key: string): boolean | undefined {
    const value = this.values.get(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.wrong(key, 'a boolean', value)
  }

  private wrong(key: string, expected: string, found: unknown): UserError {
    const what = Array.isArray(found) ? 'an array' : `${typeof found} ${String(found)}`.slice(0, 80)
    return new UserError(`${this.where}: metadata ${key}: expected ${expected}, found ${what}.`, 'invalid_file')
  }
}

/** What the config needs from the tensors. */
export interface TensorFacts {
  /** Rows of token_embd.weight. */
  readonly vocabulary: number | undefined
  readonly hasOutput: boolean
  readonly hasQueryBias: boolean
  readonly hasQueryNorm: boolean
}

/**
 * The config.json that this model would have in Hugging Face layout. An unknown architecture becomes model_type as it
 * is, for whoever builds the model to refuse.
 * @throws UserError when a key is missing or of the wrong type.
 */
export function configFromGguf(where: string, values: ReadonlyMap<string, unknown>, facts: TensorFacts): JsonObject {
  const meta = new GgufMetadata(where, values)
  const arch = meta.string('general.architecture')
  if (arch === undefined) {
    throw new UserError(`${where}: expected the metadata key general.architecture, found none.`, 'invalid_file')
  }
  switch (arch) {
    case 'qwen2':
    case 'qwen3':
      checkFullRotary(where, meta, arch)
      return { model_type: arch, ...dense(meta, arch, facts) }
    case 'deepseek2':
      // Mistral Large 3, converted from Mistral's own layout, comes under this name; only its queries have a temperature.
      if (meta.number(`${arch}.attention.temperature_scale`)) return mistral4(where, meta, arch, facts)
      return deepseek(where, meta, arch, facts)
    case 'deepseek32':
      return { ...deepseek(where, meta, arch, facts), model_type: 'deepseek_v32', ...indexer(meta, arch) }
    case 'glm-dsa':
      return { ...deepseek(where, meta, arch, facts), ...glmDsa(meta, arch) }
    case 'mistral4':
      return mistral4(where, meta, arch, facts)
    case 'kimi-linear': {
      const kvHeads = meta.wholes(`${arch}.attention.head_count_kv`)
      return kimiLinear(deepseek(where, meta, arch, facts), metadataOf(where, meta, arch), kvHeads)
    }
    case 'deepseek4':
      return deepseek4(where, meta, arch, facts)
    default:
      return family(where, meta, arch, facts) ?? { model_type: arch }
  }
}

function family(where: string, meta: GgufMetadata, arch: string, facts: TensorFacts): JsonObject | undefined {
  const make = FAMILIES.get(arch)
  if (!make) return undefined
  if (!PARTLY_ROTATED.has(arch)) checkFullRotary(where, meta, arch)
  return make(dense(meta, arch, facts), metadataOf(where, meta, arch), facts)
}

function metadataOf(where: string, meta: GgufMetadata, arch: string): ArchMetadata {
  return {
    where,
    arch,
    whole: (key: string) => meta.whole(`${arch}.${key}`),
    neededWhole: (key: string) => meta.neededWhole(`${arch}.${key}`),
    number: (key: string) => meta.number(`${arch}.${key}`),
    boolean: (key: string) => meta.boolean(`${arch}.${key}`),
  }
}

/** Keys that all of these architectures share. */
function dense(meta: GgufMetadata, arch: string, facts: TensorFacts): Record<string, unknown> {
  const hidden = meta.neededWhole(`${arch}.embedding_length`)
  const heads = meta.neededWhole(`${arch}.attention.head_count`)
  const bos = meta.whole('tokenizer.ggml.bos_token_id')
  const layers = meta.neededWhole(`${arch}.block_count`) - (meta.whole(`${arch}.nextn_predict_layers`) ?? 0)
  return {
    hidden_size: hidden,
    num_hidden_layers: layers,
    intermediate_size: feedForward(meta, arch),
    num_attention_heads: heads,
    // Kimi Linear has one value per layer, which its latent attention does not need.
    num_key_value_heads: arch === 'kimi-linear' ? heads : (meta.whole(`${arch}.attention.head_count_kv`) ?? heads),
    head_dim: meta.whole(`${arch}.attention.key_length`) ?? hidden / heads,
    hidden_act: 'silu',
    rms_norm_eps: meta.needed(`${arch}.attention.layer_norm_rms_epsilon`),
    rope_theta: meta.number(`${arch}.rope.freq_base`) ?? 10000,
    rope_scaling: ropeScaling(meta, arch),
    max_position_embeddings: meta.neededWhole(`${arch}.context_length`),
    vocab_size: meta.whole(`${arch}.vocab_size`) ?? facts.vocabulary,
    tie_word_embeddings: !facts.hasOutput,
    attention_bias: facts.hasQueryBias,
    ...(bos !== undefined && { bos_token_id: bos }),
    ...endIds(meta),
  }
}

/** Models of experts alone may say nothing of dense layers. */
function feedForward(meta: GgufMetadata, arch: string): number {
  const key = `${arch}.feed_forward_length`
  return meta.whole(key) ?? meta.whole(`${arch}.expert_feed_forward_length`) ?? meta.neededWhole(key)
}

/** These architectures rotate whole heads in Hugging Face layout; its config has no key for less. */
function checkFullRotary(where: string, meta: GgufMetadata, arch: string): void {
  const heads = meta.neededWhole(`${arch}.attention.head_count`)
  const width = meta.whole(`${arch}.attention.key_length`) ?? meta.neededWhole(`${arch}.embedding_length`) / heads
  const rotated = meta.whole(`${arch}.rope.dimension_count`) ?? width
  if (rotated === width) return
  throw new UserError(
    `${where}: metadata ${arch}.rope.dimension_count: expected ${width}, the width of a head, found ${rotated}. ` +
      'Partial rotation is not supported for this architecture.',
    'unsupported_model',
  )
}

function endIds(meta: GgufMetadata): Record<string, unknown> {
  const keys = ['eos_token_id', 'eot_token_id', 'eom_token_id'].map((key) => meta.whole(`tokenizer.ggml.${key}`))
  const ids = [...new Set(keys.filter((id) => id !== undefined))]
  if (ids.length === 0) return {}
  return { eos_token_id: ids.length === 1 ? ids[0] : ids }
}

function ropeScaling(meta: GgufMetadata, arch: string): JsonObject | null {
  const key = (name: string): number | undefined => meta.number(`${arch}.rope.scaling.${name}`)
  const factor = key('factor') ?? meta.number(`${arch}.rope.scale_linear`) ?? 1
  const type = meta.string(`${arch}.rope.scaling.type`) ?? (factor === 1 ? 'none' : 'linear')
  if (type === 'none') return null
  if (type !== 'yarn') return { type, rope_type: type, factor }
  // The file keeps 0.1 * mscale_all_dim; DeepSeek publishes mscale equal to it.
  const logMultiplier = key('yarn_log_multiplier')
  const mscale = logMultiplier === undefined ? undefined : Number((logMultiplier / 0.1).toPrecision(6))
  return {
    type,
    rope_type: type,
    factor,
    original_max_position_embeddings:
      key('original_context_length') ?? Math.round(meta.neededWhole(`${arch}.context_length`) / factor),
    beta_fast: key('yarn_beta_fast') ?? 32,
    beta_slow: key('yarn_beta_slow') ?? 1,
    ...(mscale !== undefined && { mscale, mscale_all_dim: mscale }),
  }
}

/** DeepSeek V2 (softmax routing) or V3 and Kimi K2 (sigmoid routing). */
function deepseek(where: string, meta: GgufMetadata, arch: string, facts: TensorFacts): JsonObject {
  const common = dense(meta, arch, facts)
  const gating = meta.whole(`${arch}.expert_gating_func`) ?? (arch === 'glm-dsa' || arch === 'kimi-linear' ? 2 : 1)
  if (gating !== 1 && gating !== 2) {
    throw new UserError(
      `${where}: metadata ${arch}.expert_gating_func: expected 1 (softmax) or 2 (sigmoid), found ${gating}.`,
      'unsupported_model',
    )
  }
  const sigmoid = gating === 2
  const experts = meta.whole(`${arch}.expert_count`)
  const rope = meta.neededWhole(`${arch}.rope.dimension_count`)
  // Files from before the latent cache keep the plain lengths under the plain keys.
  const keyLength = meta.whole(`${arch}.attention.key_length_mla`) ?? meta.neededWhole(`${arch}.attention.key_length`)
  const valueLength =
    meta.whole(`${arch}.attention.value_length_mla`) ?? meta.neededWhole(`${arch}.attention.value_length`)
  const groups = meta.whole(`${arch}.expert_group_count`) ?? (isDeepseekV3(common, sigmoid, experts) ? 8 : 1)
  const used = meta.whole(`${arch}.expert_group_used_count`) ?? (isDeepseekV3(common, sigmoid, experts) ? 4 : 1)
  return {
    ...common,
    model_type: sigmoid ? 'deepseek_v3' : 'deepseek_v2',
    num_key_value_heads: common['num_attention_heads'],
    head_dim: rope,
    q_lora_rank: meta.whole(`${arch}.attention.q_lora_rank`) ?? null,
    kv_lora_rank: meta.neededWhole(`${arch}.attention.kv_lora_rank`),
    qk_nope_head_dim: keyLength - rope,
    qk_rope_head_dim: rope,
    v_head_dim: valueLength,
    n_routed_experts: experts ?? null,
    num_experts_per_tok: meta.whole(`${arch}.expert_used_count`) ?? null,
    n_shared_experts: meta.whole(`${arch}.expert_shared_count`) ?? 0,
    first_k_dense_replace: meta.whole(`${arch}.leading_dense_block_count`) ?? 0,
    moe_layer_freq: 1,
    moe_intermediate_size: meta.whole(`${arch}.expert_feed_forward_length`) ?? null,
    routed_scaling_factor: meta.number(`${arch}.expert_weights_scale`) ?? 1,
    norm_topk_prob: meta.boolean(`${arch}.expert_weights_norm`) ?? sigmoid,
    scoring_func: sigmoid ? 'sigmoid' : 'softmax',
    n_group: groups,
    topk_group: used,
    topk_method: sigmoid ? 'noaux_tc' : groups > 1 ? 'group_limited_greedy' : 'greedy',
  }
}

/** GLM-5. Files from before the key for it: every layer has an indexer, from GLM-5.2 on (a million positions) the third and every fourth. */
function glmDsa(meta: GgufMetadata, arch: string): JsonObject {
  const types = meta.flags(`${arch}.attention.indexer.types`)
  const shares = !types && meta.neededWhole(`${arch}.context_length`) >= 1048576
  return {
    model_type: 'glm_moe_dsa',
    ...indexer(meta, arch),
    ...(types && { indexer_types: types.map((full) => (full ? 'full' : 'shared')) }),
    ...(shares && { index_topk_freq: 4, index_skip_topk_offset: 3 }),
  }
}

/** Mistral Small 4. */
function mistral4(where: string, meta: GgufMetadata, arch: string, facts: TensorFacts): JsonObject {
  const latent = deepseek(where, meta, arch, facts)
  const beta = meta.number(`${arch}.attention.temperature_scale`)
  const rope = latent['rope_scaling'] as JsonObject | null
  const length = meta.whole(`${arch}.attention.temperature_length`) ?? rope?.['original_max_position_embeddings']
  return {
    ...latent,
    model_type: 'mistral4',
    rope_parameters: {
      ...(rope ?? { rope_type: 'default' }),
      original_max_position_embeddings: length ?? latent['max_position_embeddings'],
      ...(beta && { llama_4_scaling_beta: beta }),
    },
  }
}

function indexer(meta: GgufMetadata, arch: string): JsonObject {
  return {
    index_n_heads: meta.neededWhole(`${arch}.attention.indexer.head_count`),
    index_head_dim: meta.neededWhole(`${arch}.attention.indexer.key_length`),
    index_topk: meta.neededWhole(`${arch}.attention.indexer.top_k`),
  }
}

/** DeepSeek-V4. */
function deepseek4(where: string, meta: GgufMetadata, arch: string, facts: TensorFacts): JsonObject {
  const gating = meta.whole(`${arch}.expert_gating_func`) ?? 4
  if (gating !== 4) {
    throw new UserError(
      `${where}: metadata ${arch}.expert_gating_func: expected 4 (square root of softplus), found ${gating}.`,
      'unsupported_model',
    )
  }
  const whole = (key: string): number => meta.neededWhole(`${arch}.${key}`)
  return {
    model_type: 'deepseek_v4',
    hidden_size: whole('embedding_length'),
    num_hidden_layers: whole('block_count') - (meta.whole(`${arch}.nextn_predict_layers`) ?? 0),
    num_attention_heads: whole('attention.head_count'),
    num_key_value_heads: meta.whole(`${arch}.attention.head_count_kv`) ?? 1,
    head_dim: whole('attention.key_length'),
    qk_rope_head_dim: whole('rope.dimension_count'),
    q_lora_rank: whole('attention.q_lora_rank'),
    o_lora_rank: whole('attention.output_lora_rank'),
    o_groups: whole('attention.output_group_count'),
    sliding_window: whole('attention.sliding_window'),
    compress_ratios: meta.wholes(`${arch}.attention.compress_ratios`),
    compress_rope_theta: meta.needed(`${arch}.attention.compress_rope_freq_base`),
    ...indexer(meta, arch),
    hc_mult: whole('hyper_connection.count'),
    hc_sinkhorn_iters: whole('hyper_connection.sinkhorn_iterations'),
    hc_eps: meta.needed(`${arch}.hyper_connection.epsilon`),
    num_hash_layers: meta.whole(`${arch}.hash_layer_count`) ?? 0,
    n_routed_experts: whole('expert_count'),
    num_experts_per_tok: whole('expert_used_count'),
    n_shared_experts: meta.whole(`${arch}.expert_shared_count`) ?? 0,
    moe_intermediate_size: whole('expert_feed_forward_length'),
    routed_scaling_factor: meta.needed(`${arch}.expert_weights_scale`),
    norm_topk_prob: meta.boolean(`${arch}.expert_weights_norm`) ?? true,
    scoring_func: 'sqrtsoftplus',
    swiglu_limit: meta.needed(`${arch}.swiglu_clamp_exp`),
    rms_norm_eps: meta.needed(`${arch}.attention.layer_norm_rms_epsilon`),
    rope_theta: meta.number(`${arch}.rope.freq_base`) ?? 10000,
    rope_scaling: ropeScaling(meta, arch),
    max_position_embeddings: whole('context_length'),
    vocab_size: meta.whole(`${arch}.vocab_size`) ?? facts.vocabulary,
    tie_word_embeddings: !facts.hasOutput,
    ...endIds(meta),
  }
}

/** Early conversions of DeepSeek-V3 and R1 left out its 8 expert groups, of which 4 are used. */
function isDeepseekV3(common: JsonObject, sigmoid: boolean, experts: number | undefined): boolean {
  return sigmoid && experts === 256 && common['num_hidden_layers'] === 61
}

/** The decimal number that an f32 of the file was written from: 1e-6 instead of 9.999999974752427e-7. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}
