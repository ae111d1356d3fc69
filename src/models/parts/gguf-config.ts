/**
 * config.json out of GGUF metadata: the keys that families share. Where a file says nothing, llama.cpp's own constants stand
 * here (src/llama-model.cpp): they are what the files were made for.
 */
import { z } from 'zod'
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import type { GgufMetadata } from '../../published/gguf-metadata.js'
import type { TensorShapes, WrittenConfig } from '../../published/gguf.js'
import { COMMON, readConfig } from './config.js'
import { HEADS } from './gqa.js'
import { ropeParameters, type RopeConfig, type RopeParameters } from './rope-config.js'
import { makeRope } from './rope.js'

/** Of every decoder. */
export function decoderConfig(meta: GgufMetadata, shapes: TensorShapes) {
  const heads = meta.neededWhole('attention.head_count')
  const hidden = meta.neededWhole('embedding_length')
  const bos = meta.tokenId('bos')
  return {
    hidden_size: hidden,
    num_hidden_layers: layerCount(meta),
    intermediate_size: feedForward(meta),
    num_attention_heads: heads,
    head_dim: meta.whole('attention.key_length') ?? hidden / heads,
    hidden_act: 'silu',
    ...textConfig(meta, shapes),
    attention_bias: shapes.has('blk.0.attn_q.bias'),
    ...(bos !== undefined && { bos_token_id: bos }),
  }
}

/** Of every model of text, however it attends. */
export function textConfig(meta: GgufMetadata, shapes: TensorShapes) {
  // Models for embeddings alone, which read a text in both directions.
  if (meta.boolean('attention.causal') === false) throw meta.unsupported('attention.causal', 'true', false)
  return {
    rms_norm_eps: meta.needed('attention.layer_norm_rms_epsilon'),
    rope_theta: meta.number('rope.freq_base') ?? 10000,
    rope_scaling: ropeScaling(meta),
    max_position_embeddings: meta.neededWhole('context_length'),
    vocab_size: vocabularySize(meta, shapes),
    tie_word_embeddings: !shapes.has('output.weight'),
    ...eosIds(meta),
  }
}

/** With grouped-query attention. @throws UserError where a head is not rotated whole, unless the family has a key for it. */
export function attentionConfig(meta: GgufMetadata, shapes: TensorShapes, rotates: 'whole' | 'partly' = 'whole') {
  if (rotates === 'whole') checkFullRotary(meta)
  const common = decoderConfig(meta, shapes)
  return { ...common, num_key_value_heads: meta.whole('attention.head_count_kv') ?? common.num_attention_heads }
}

function checkFullRotary(meta: GgufMetadata): void {
  const heads = meta.neededWhole('attention.head_count')
  const width = meta.whole('attention.key_length') ?? meta.neededWhole('embedding_length') / heads
  const rotated = meta.whole('rope.dimension_count') ?? width
  if (rotated === width) return
  throw new UserError(
    `${meta.where}: metadata ${meta.architecture}.rope.dimension_count: expected ${width}, the width of a head, found ${rotated}. ` +
      'Partial rotation is not supported for this architecture.',
    'unsupported_model',
  )
}

/** Without those that predict further tokens. */
export function layerCount(meta: GgufMetadata): number {
  return meta.neededWhole('block_count') - (meta.whole('nextn_predict_layers') ?? 0)
}

export function vocabularySize(meta: GgufMetadata, shapes: TensorShapes): number | undefined {
  const embedding = shapes.get('token_embd.weight')
  return meta.whole('vocab_size') ?? (embedding?.length === 2 ? embedding[0] : undefined)
}

/** Models of experts alone may say nothing of dense layers. */
function feedForward(meta: GgufMetadata): number {
  const key = 'feed_forward_length'
  return meta.whole(key) ?? meta.whole('expert_feed_forward_length') ?? meta.neededWhole(key)
}

/** Columns of a head that are rotated, where the config has a key for it. */
export function rotatedColumns(meta: GgufMetadata, headDim: number): number {
  return meta.whole('rope.dimension_count') ?? headDim
}

export function eosIds(meta: GgufMetadata): JsonObject {
  const ids = new Set(['eos', 'eot', 'eom'].map((which) => meta.tokenId(which)).filter((id) => id !== undefined))
  if (ids.size === 0) return {}
  return { eos_token_id: ids.size === 1 ? [...ids][0] : [...ids] }
}

export function ropeScaling(meta: GgufMetadata): JsonObject | null {
  const key = (name: string): number | undefined => meta.number(`rope.scaling.${name}`)
  const factor = key('factor') ?? meta.number('rope.scale_linear') ?? 1
  const ofAttention = key('attn_factor') ?? 1
  if (ofAttention !== 1) throw meta.unsupported('rope.scaling.attn_factor', '1', ofAttention)
  const type = meta.string('rope.scaling.type') ?? (factor === 1 ? 'none' : 'linear')
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
      key('original_context_length') ?? Math.round(meta.neededWhole('context_length') / factor),
    beta_fast: key('yarn_beta_fast') ?? 32,
    beta_slow: key('yarn_beta_slow') ?? 1,
    ...(mscale !== undefined && { mscale, mscale_all_dim: mscale }),
  }
}

/** Experts where the lab calls their number num_local_experts. @throws UserError when they are scored in another way. */
export function localExperts(meta: GgufMetadata, scoring: keyof typeof SCORINGS) {
  scoringOf(meta, scoring)
  return {
    num_local_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
  }
}

/** How experts are scored, by llama.cpp's numbers (llama_expert_gating_func_type). */
const SCORINGS = { softmax: 1, sigmoid: 2, chosenSoftmax: 3, sqrtsoftplus: 4 } as const

/**
 * How the file says that experts are scored, or else `usual`.
 * @throws UserError when that is none of those that the family has.
 */
export function scoringOf<S extends keyof typeof SCORINGS>(meta: GgufMetadata, usual: S, other: S = usual): S {
  const found = meta.whole('expert_gating_func') ?? SCORINGS[usual]
  const known = [...new Set([usual, other])]
  const scoring = known.find((name) => SCORINGS[name] === found)
  if (scoring) return scoring
  throw meta.unsupported('expert_gating_func', known.map((name) => `${SCORINGS[name]} (${name})`).join(' or '), found)
}

/** The indexer of DeepSeek sparse attention. */
export function indexerConfig(meta: GgufMetadata) {
  return {
    index_n_heads: meta.neededWhole('attention.indexer.head_count'),
    index_head_dim: meta.neededWhole('attention.indexer.key_length'),
    index_topk: meta.neededWhole('attention.indexer.top_k'),
  }
}

/** The keys of a decoder with grouped-query attention: what {@link attentionConfig} reads, the other way round. */
export function attentionKeys(config: JsonObject): WrittenConfig {
  const c = readConfig(() => z.object({ ...COMMON, ...HEADS }), config, 'config.json')
  const headDim = c.head_dim ?? c.hidden_size / c.num_attention_heads
  const rule = ropeParameters(c)
  const divisors = rule.type === 'llama3' ? llama3Divisors(c, headDim) : undefined
  return {
    keys: {
      block_count: ['u32', c.num_hidden_layers],
      context_length: ['u32', c.max_position_embeddings],
      embedding_length: ['u32', c.hidden_size],
      feed_forward_length: ['u32', c.intermediate_size],
      vocab_size: ['u32', c.vocab_size],
      'attention.head_count': ['u32', c.num_attention_heads],
      'attention.head_count_kv': ['u32', c.num_key_value_heads ?? c.num_attention_heads],
      'attention.key_length': ['u32', headDim],
      'attention.value_length': ['u32', headDim],
      'attention.layer_norm_rms_epsilon': ['f32', c.rms_norm_eps],
      'rope.dimension_count': ['u32', headDim],
      'rope.freq_base': ['f32', rule.theta],
      ...scalingKeys(rule),
    },
    tensors: divisors ? { 'rope_freqs.weight': divisors } : {},
  }
}

/** Numbers of a rule; llama3's are a tensor, and for others the model that is read back says that they are missing. */
function scalingKeys({ type, get, need }: RopeParameters): WrittenConfig['keys'] {
  if (type === 'linear')
    return { 'rope.scaling.type': ['string', type], 'rope.scaling.factor': ['f32', need('factor')] }
  if (type !== 'yarn') return {}
  const original = get('original_max_position_embeddings')
  return {
    'rope.scaling.type': ['string', type],
    'rope.scaling.factor': ['f32', need('factor')],
    ...(original !== undefined && { 'rope.scaling.original_context_length': ['u32', original] as const }),
  }
}

function llama3Divisors(config: RopeConfig, headDim: number): Float32Array {
  const scaled = makeRope(config, headDim).invFreq
  const plain = { rope_theta: ropeParameters(config).theta, max_position_embeddings: config.max_position_embeddings }
  return makeRope(plain, headDim).invFreq.map((frequency, i) => frequency / scaled[i]!)
}
