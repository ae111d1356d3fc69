/**
 * DeepSeek-V4 Flash and Pro (technical report, April 2026). The residual is four streams (hyper-connections). Keys and
 * values are one vector per position, read within a sliding window; what lies before it is read as compressed entries,
 * one for 4 positions of which an indexer chooses, or one for 128 of which all are read. All layers are mixtures; the
 * first ones choose experts by the token's id. `mtp.*` predicts further tokens and is not loaded.
 *
 * What the official inference rounds for its own cache (FP8 rows, FP4 in the indexer) is not imitated; transformers does
 * not do it either.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, matrix, vector, view } from '../graph/builder.js'
import type { RopeTable, Value, View, Weight } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import { bare, type Names } from '../published/names.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, expertCount, readConfig, refuseKey, requireMultiple, requirePerLayer, size } from './parts/config.js'
import { indexerConfig, layerCount, scoringOf, textConfig } from './parts/gguf-config.js'
import { expertNames } from './parts/gguf-names.js'
import { INDEXER_CONFIG } from './parts/indexer.js'
import { W123, norm, project } from './parts/layers.js'
import { checkMixture, MIXTURE_CONFIG, mixture, type RouteRule } from './parts/mixture.js'
import { makeRope } from './parts/rope.js'

/** GGUF's names. What is no matrix or norm is published without `.weight`. */
const GGUF_TOP: Names = {
  token_embd: 'embed',
  output_norm: 'norm',
  output: 'head',
  output_hc_fn: bare('hc_head_fn'),
  output_hc_base: bare('hc_head_base'),
  output_hc_scale: bare('hc_head_scale'),
}

const GGUF_LAYER: Names = {
  attn_norm: 'attn_norm',
  ffn_norm: 'ffn_norm',
  hc_attn_fn: bare('hc_attn_fn'),
  hc_attn_base: bare('hc_attn_base'),
  hc_attn_scale: bare('hc_attn_scale'),
  hc_ffn_fn: bare('hc_ffn_fn'),
  hc_ffn_base: bare('hc_ffn_base'),
  hc_ffn_scale: bare('hc_ffn_scale'),
  attn_sinks: bare('attn.attn_sink'),
  attn_q_a: 'attn.wq_a',
  attn_q_a_norm: 'attn.q_norm',
  attn_q_b: 'attn.wq_b',
  attn_kv: 'attn.wkv',
  attn_kv_a_norm: 'attn.kv_norm',
  attn_output_a: 'attn.wo_a',
  attn_output_b: 'attn.wo_b',
  attn_compressor_ape: bare('attn.compressor.ape'),
  attn_compressor_kv: 'attn.compressor.wkv',
  attn_compressor_gate: 'attn.compressor.wgate',
  attn_compressor_norm: 'attn.compressor.norm',
  'indexer.attn_q_b': 'attn.indexer.wq_b',
  'indexer.proj': 'attn.indexer.weights_proj',
  indexer_compressor_ape: bare('attn.indexer.compressor.ape'),
  indexer_compressor_kv: 'attn.indexer.compressor.wkv',
  indexer_compressor_gate: 'attn.indexer.compressor.wgate',
  indexer_compressor_norm: 'attn.indexer.compressor.norm',
  ...expertNames('ffn', 'gate', W123),
  exp_probs_b: 'ffn.gate',
  ffn_gate_tid2eid: bare('ffn.gate.tid2eid'),
  ffn_gate_shexp: 'ffn.shared_experts.w1',
  ffn_up_shexp: 'ffn.shared_experts.w3',
  ffn_down_shexp: 'ffn.shared_experts.w2',
}

export const deepseekV4: ModelDefinition = {
  modelTypes: ['deepseek_v4'],
  published: {
    gguf: [
      {
        architecture: 'deepseek4',
        names: { top: GGUF_TOP, layer: GGUF_LAYER, prefix: 'layers.' },
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const deepseekV4Schema = () =>
  z.object({
    ...COMMON,
    // no layer is dense
    intermediate_size: z.unknown().optional(),
    ...MIXTURE_CONFIG,
    ...INDEXER_CONFIG,
    hidden_act: z.literal('silu').default('silu'),
    tie_word_embeddings: z.literal(false).default(false),
    attention_bias: z.literal(false).default(false),
    num_key_value_heads: z.literal(1),
    head_dim: size,
    qk_rope_head_dim: size,
    q_lora_rank: size,
    o_groups: size,
    o_lora_rank: size,
    sliding_window: z.number().int().min(1).max(1e9),
    compress_ratios: z.array(z.union([z.literal(0), z.literal(4), z.literal(128)])).max(8192),
    compress_rope_theta: z.number().positive(),
    n_routed_experts: expertCount,
    norm_topk_prob: z.literal(true).default(true),
    n_group: z.literal(1).nullish(),
    topk_group: z.literal(1).nullish(),
    // Flash and Pro differ in it: no default.
    routed_scaling_factor: z.number(),
    scoring_func: z.literal('sqrtsoftplus').default('sqrtsoftplus'),
    topk_method: z.literal('noaux_tc').default('noaux_tc'),
    swiglu_limit: z.number().positive(),
    num_hash_layers: z.number().int().min(0).max(4096),
    hc_mult: z.literal(4),
    hc_sinkhorn_iters: z.number().int().min(1).max(1000),
    hc_eps: z.number().positive().max(1),
  })
type Config = z.infer<ReturnType<typeof deepseekV4Schema>>

function check(c: Config, where: string): void {
  checkMixture(c, where)
  requireMultiple(where, 'hidden_size', c.hidden_size, 'a vector', 4)
  requireMultiple(where, 'head_dim', c.head_dim, 'a vector', 4)
  requireMultiple(where, 'index_head_dim', c.index_head_dim, 'a vector', 4)
  requireMultiple(where, 'o_lora_rank', c.o_lora_rank, 'a group of rows', 4)
  requireMultiple(where, 'qk_rope_head_dim', c.qk_rope_head_dim, 'a pair', 2)
  requireMultiple(where, 'num_attention_heads', c.num_attention_heads, 'o_groups', c.o_groups)
  for (const key of ['head_dim', 'index_head_dim'] as const)
    if (c.qk_rope_head_dim > c[key])
      refuseKey(where, 'qk_rope_head_dim', `at most ${key} (${c[key]})`, c.qk_rope_head_dim)
  requirePerLayer(where, 'compress_ratios', c.compress_ratios, c.num_hidden_layers, 'at least')
}

// ---- weights

/** Experts by token id, [V, topK]. */
function hashTable(name: string, c: Config): Weight {
  const table = matrix(name, c.vocab_size, c.num_experts_per_tok, { quantizable: false })
  return { ...table, idsBelow: c.n_routed_experts }
}

// ---- graph

/** Frequencies of a layer: of its tokens, and of entries, which stand where their window begins. */
interface Tables {
  readonly own: RopeTable
  readonly entries: RopeTable
}

function build(checkpoint: Checkpoint): Program {
  const c = readConfig(deepseekV4Schema, checkpoint.config, checkpoint.name)
  check(c, checkpoint.name)
  const b = new GraphBuilder()
  const tables = ropeTables(b, c)
  const [V, D, eps] = [c.vocab_size, c.hidden_size, c.rms_norm_eps]
  let streams = b.repeat(b.embed(matrix('embed.weight', V, D)), c.hc_mult) // [T, 4 * D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const ratio = c.compress_ratios[i]!
    const layer = `layers.${i}`
    const gate = `${layer}.ffn.gate`
    const chooser =
      i < c.num_hash_layers
        ? { table: hashTable(`${gate}.tid2eid`, c) }
        : { bias: vector(`${gate}.bias`, c.n_routed_experts) }
    streams = connect(b, streams, `${layer}.hc_attn`, c, (x) =>
      attention(b, norm(b, x, `${layer}.attn_norm`, eps), `${layer}.attn`, c, ratio, tables[ratio]),
    )
    streams = connect(b, streams, `${layer}.hc_ffn`, c, (x) =>
      experts(b, norm(b, x, `${layer}.ffn_norm`, eps), `${layer}.ffn`, c, chooser),
    )
  }
  return b.build(head(b, b.selectRows(streams), c), c.max_position_embeddings)
}

function ropeTables(b: GraphBuilder, c: Config): Record<0 | 4 | 128, Tables> {
  const { max_position_embeddings, rope_theta, rope_scaling } = c
  // cos and sin are not scaled, whatever YaRN's factor
  const make = (theta: number | undefined, scaling: typeof rope_scaling, shift: number): RopeTable => {
    const config = { max_position_embeddings, rope_theta: theta, rope_scaling: scaling }
    return b.ropeTable(makeRope(config, c.qk_rope_head_dim).invFreq, 1, shift)
  }
  const near = make(rope_theta, null, 0)
  const far = make(c.compress_rope_theta, rope_scaling, 0)
  const entries = (ratio: number): RopeTable => make(c.compress_rope_theta, rope_scaling, 1 - ratio)
  return {
    0: { own: near, entries: near },
    4: { own: far, entries: entries(4) },
    128: { own: far, entries: entries(128) },
  }
}

/** One block between the streams: they are collapsed for it, and mixed with what it returns. */
function connect(b: GraphBuilder, streams: Value, name: string, c: Config, block: (x: Value) => Value): Value {
  const n = c.hc_mult
  const columns = n * (n + 2)
  const normed = b.rmsNorm(streams, undefined, c.rms_norm_eps)
  const m = b.linear(normed, matrix(`${name}_fn`, columns, streams.width, { quantizable: false }))
  const shape = { streams: n, eps: c.hc_eps, iterations: c.hc_sinkhorn_iters }
  const weights = b.streamWeights(m, vector(`${name}_scale`, 3), vector(`${name}_base`, columns), shape)
  return b.updateStreams(streams, block(b.collapseStreams(streams, weights, n)), weights, n)
}

/** streams [R, 4 * D] -> logits [R, V]. */
function head(b: GraphBuilder, streams: Value, c: Config): Value {
  const n = c.hc_mult
  const normed = b.rmsNorm(streams, undefined, c.rms_norm_eps)
  const m = b.linear(normed, matrix('hc_head_fn', n, streams.width, { quantizable: false }))
  const shape = { streams: n, eps: c.hc_eps, iterations: 1 }
  const weights = b.streamWeights(m, vector('hc_head_scale', 1), vector('hc_head_base', n), shape)
  const x = b.collapseStreams(streams, weights, n)
  return b.linear(norm(b, x, 'norm', c.rms_norm_eps), matrix('head.weight', c.vocab_size, c.hidden_size))
}

function experts(b: GraphBuilder, x: View, name: string, c: Config, chooser: Pick<RouteRule, 'bias' | 'table'>): Value {
  const rule = {
    ...chooser,
    scoring: 'sqrtsoftplus',
    nGroups: 1,
    topkGroups: 1,
    groupScore: 'max',
    normalize: true,
  } as const
  const activation = { alpha: 1, limit: c.swiglu_limit, upOffset: 0 }
  return mixture(b, x, name, c, rule, { names: W123, activation })
}

/** One latent for keys and values, sinks, and an output that is turned back by its own position; x [T, D] -> [T, D]. */
function attention(b: GraphBuilder, x: View, name: string, c: Config, ratio: 0 | 4 | 128, tables: Tables): Value {
  const [nHeads, E, eps] = [c.num_attention_heads, c.head_dim, c.rms_norm_eps]
  const low = norm(b, project(b, x, `${name}.wq_a`, c.q_lora_rank), `${name}.q_norm`, eps)
  const q = project(b, low, `${name}.wq_b`, nHeads * E) // [T, H * E]
  b.rmsNorm(q, undefined, eps, { heads: nHeads, out: view(q) })
  const latent = norm(b, project(b, x, `${name}.wkv`, E), `${name}.kv_norm`, eps) // [T, E]
  rotateLast(b, q, nHeads, c, tables.own)
  rotateLast(b, latent.value, 1, c, tables.own)
  const far = ratio && {
    entry: entries(b, x, `${name}.compressor`, E, ratio, c, tables.entries),
    every: ratio,
    ...(ratio === 4 && { chosen: chooseEntries(b, x, low, `${name}.indexer`, c, tables) }),
  }
  const shape = { nHeads, rank: E, ropeDim: 0, scale: E ** -0.5, window: c.sliding_window }
  const read = { ...(far || {}), sinks: vector(`${name}.attn_sink`, nHeads) }
  const out = b.sparseAttention(q, latent, shape, read) // [T, H * E]
  rotateLast(b, out, nHeads, c, tables.own, true)

  const [groups, rows] = [c.o_groups, c.o_lora_rank]
  const width = (nHeads / groups) * E
  const grouped = b.value(groups * rows)
  b.headLinear({
    x: { value: out, offset: 0, stride: width },
    weight: matrix(`${name}.wo_a.weight`, groups * rows, width),
    nHeads: groups,
    ...{ rowOffset: 0, rowStride: rows, rows, transposed: false },
    out: { value: grouped, offset: 0, stride: rows },
  })
  return project(b, grouped, `${name}.wo_b`, x.width)
}

/** Rotates the last columns of each head, neighbours in pairs. */
function rotateLast(b: GraphBuilder, value: Value, nHeads: number, c: Config, table: RopeTable, inverse = false): void {
  const [stride, dim] = [value.width / nHeads, c.qk_rope_head_dim]
  b.rope({ x: { value, offset: stride - dim, stride }, nHeads, dim, pairs: 'interleaved', inverse, table })
}

/** Entries [T, E]: a row at each position that ends a window. Those of ratio 4 overlap, and have two series of columns. */
function entries(b: GraphBuilder, x: View, name: string, E: number, ratio: 4 | 128, c: Config, table: RopeTable): View {
  const overlap = ratio === 4
  const n = overlap ? 2 * E : E
  const [kv, gate] = [project(b, x, `${name}.wkv`, n), project(b, x, `${name}.wgate`, n)]
  const pooled = b.compress(kv, gate, matrix(`${name}.ape`, ratio, n, { quantizable: false }), { ratio, overlap })
  const entry = norm(b, pooled, `${name}.norm`, c.rms_norm_eps)
  rotateLast(b, entry.value, 1, c, table)
  return entry
}

/** The positions of the entries that attention is to read: [T, topK]. */
function chooseEntries(b: GraphBuilder, x: View, low: View, name: string, c: Config, tables: Tables): Value {
  const [nHeads, dim] = [c.index_n_heads, c.index_head_dim]
  const q = project(b, low, `${name}.wq_b`, nHeads * dim)
  rotateLast(b, q, nHeads, c, tables.own)
  const k = entries(b, x, `${name}.compressor`, dim, 4, c, tables.entries)
  const weights = b.linear(x, matrix(`${name}.weights_proj.weight`, nHeads, x.width, { quantizable: false }))
  return b.index(q, k, weights, { nHeads, dim, topK: c.index_topk, scale: (nHeads * dim) ** -0.5, every: 4 })
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  return {
    model_type: 'deepseek_v4',
    hidden_size: meta.neededWhole('embedding_length'),
    num_hidden_layers: layerCount(meta),
    num_attention_heads: meta.neededWhole('attention.head_count'),
    num_key_value_heads: meta.whole('attention.head_count_kv') ?? 1,
    head_dim: meta.neededWhole('attention.key_length'),
    qk_rope_head_dim: meta.neededWhole('rope.dimension_count'),
    q_lora_rank: meta.neededWhole('attention.q_lora_rank'),
    o_lora_rank: meta.neededWhole('attention.output_lora_rank'),
    o_groups: meta.neededWhole('attention.output_group_count'),
    sliding_window: meta.neededWhole('attention.sliding_window'),
    compress_ratios: meta.wholes('attention.compress_ratios'),
    compress_rope_theta: meta.needed('attention.compress_rope_freq_base'),
    ...indexerConfig(meta),
    hc_mult: meta.neededWhole('hyper_connection.count'),
    hc_sinkhorn_iters: meta.neededWhole('hyper_connection.sinkhorn_iterations'),
    hc_eps: meta.needed('hyper_connection.epsilon'),
    num_hash_layers: meta.whole('hash_layer_count') ?? 0,
    n_routed_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    n_shared_experts: meta.whole('expert_shared_count') ?? 0,
    moe_intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    routed_scaling_factor: meta.needed('expert_weights_scale'),
    norm_topk_prob: meta.boolean('expert_weights_norm') ?? true,
    scoring_func: scoringOf(meta, 'sqrtsoftplus'),
    swiglu_limit: meta.needed('swiglu_clamp_exp'),
    ...textConfig(meta, shapes),
  }
}
