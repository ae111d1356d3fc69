/**
 * DeepSeek-V2 (arXiv 2405.04434), DeepSeek-V3 and R1 (arXiv 2412.19437), Kimi K2 (arXiv 2507.20534): multi-head latent
 * attention with absorbed weights, a few dense layers, then mixtures of experts with shared ones. The layers past
 * num_hidden_layers predict further tokens (MTP); they take no part in an ordinary step and are not loaded.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, matrix, vector, view } from '../graph/builder.js'
import type { RopeTable, Value, View } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import { embeddingAndHead, gatedMlp, logits, norm, project } from './blocks.js'
import { COMMON, readConfig, requireMultiple, unsupported } from './config.js'
import type { ModelDefinition } from './definition.js'
import { makeRope } from './rope.js'

export const deepseek: ModelDefinition = {
  modelTypes: ['deepseek_v2', 'deepseek_v3', 'kimi_k2'],
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const width = z.number().int().min(1).max(1e6)

const DeepseekConfig = z.object({
  ...COMMON,
  model_type: z.enum(['deepseek_v2', 'deepseek_v3', 'kimi_k2']),
  attention_bias: z.boolean().default(false),
  q_lora_rank: width.nullish(),
  kv_lora_rank: width,
  qk_nope_head_dim: width,
  qk_rope_head_dim: width,
  v_head_dim: width,
  moe_intermediate_size: width.default(1),
  n_routed_experts: z.number().int().min(1).max(65536).nullish(),
  n_shared_experts: z.number().int().min(0).max(1024).nullish(),
  num_experts_per_tok: z.number().int().min(1).max(1024).default(1),
  first_k_dense_replace: z.number().int().min(0).default(0),
  moe_layer_freq: z.number().int().min(1).default(1),
  n_group: z.number().int().min(1).nullish(),
  topk_group: z.number().int().min(1).nullish(),
  topk_method: z.enum(['greedy', 'group_limited_greedy', 'noaux_tc']).optional(),
  scoring_func: z.enum(['softmax', 'sigmoid']).optional(),
  norm_topk_prob: z.boolean().default(false),
  routed_scaling_factor: z.number().default(1),
})
type Config = z.infer<typeof DeepseekConfig>

/** The reference builds the norms of the latents with its own default, whatever rms_norm_eps says. */
const LATENT_EPS = 1e-6

function check(c: Config, where: string): void {
  if (c.attention_bias) unsupported(where, 'attention_bias: true')
  requireMultiple(where, 'qk_rope_head_dim', c.qk_rope_head_dim, 'a pair', 2)
  const X = c.n_routed_experts
  if (!X) return
  requireMultiple(where, 'n_routed_experts', X, 'n_group', c.n_group ?? 1)
  const kept = (X / (c.n_group ?? 1)) * (c.topk_group ?? 1)
  if (c.num_experts_per_tok > kept)
    unsupported(where, `num_experts_per_tok ${c.num_experts_per_tok} of ${kept} experts that the groups leave`)
}

// ---- graph

function build(checkpoint: Checkpoint): Program {
  const c = readConfig(DeepseekConfig, checkpoint.config, checkpoint.name)
  check(c, checkpoint.name)
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * rope.softmaxFactor
  const { embedding, head } = embeddingAndHead(checkpoint, c.tie_word_embeddings, c.vocab_size, c.hidden_size)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, c.rms_norm_eps)
    x = b.add(x, mla(b, h, `${layer}.self_attn`, c, table, scale, checkpoint))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, c.rms_norm_eps)
    const sparse = c.n_routed_experts && i >= c.first_k_dense_replace && i % c.moe_layer_freq === 0
    x = b.add(x, sparse ? mixture(b, g, `${layer}.mlp`, c) : gatedMlp(b, g, `${layer}.mlp`, c.intermediate_size))
  }
  return b.build(logits(b, x, 'model.norm', c.rms_norm_eps, head), c.max_position_embeddings)
}

/**
 * Multi-head latent attention in absorbed form: the cache holds one latent [rank] and one rotated key [rope] per
 * position, the key half of kv_b goes into the queries and the value half into the outputs. x [T, D] -> [T, D].
 */
function mla(
  b: GraphBuilder,
  x: View,
  name: string,
  c: Config,
  table: RopeTable,
  scale: number,
  checkpoint: Checkpoint,
): Value {
  const nHeads = c.num_attention_heads
  const [nope, ropeDim, v, rank] = [c.qk_nope_head_dim, c.qk_rope_head_dim, c.v_head_dim, c.kv_lora_rank]
  const q = queries(b, x, name, c) // [T, H * (nope + rope)]
  const latent = project(b, x, `${name}.kv_a_proj_with_mqa`, rank + ropeDim) // [T, rank + rope]
  const compressed = view(latent, 0, rank)
  b.rmsNorm(compressed, vector(`${name}.kv_a_layernorm.weight`, rank), LATENT_EPS, { out: compressed })
  b.rope({ x: { value: latent, offset: rank, stride: ropeDim }, nHeads: 1, dim: ropeDim, layout: 'interleaved', table })

  const absorbed = b.value(nHeads * (rank + ropeDim)) // [T, H * (rank + rope)]
  const qHead = { value: q, offset: 0, stride: nope + ropeDim }
  const absorbedHead = { value: absorbed, offset: 0, stride: rank + ropeDim }
  const outputs = b.value(nHeads * v) // [T, H * v]
  const split = checkpoint.has(`${name}.k_b_proj.weight`)
  const kvB = matrix(`${name}.kv_b_proj.weight`, nHeads * (nope + v), rank)
  // GGUF keeps the halves apart, the key half already transposed.
  const keys = split
    ? {
        weight: matrix(`${name}.k_b_proj.weight`, nHeads * rank, nope),
        rowOffset: 0,
        rowStride: rank,
        rows: rank,
        transposed: false,
      }
    : { weight: kvB, rowOffset: 0, rowStride: nope + v, rows: nope, transposed: true }
  const values = split
    ? {
        weight: matrix(`${name}.v_b_proj.weight`, nHeads * v, rank),
        rowOffset: 0,
        rowStride: v,
        rows: v,
        transposed: false,
      }
    : { weight: kvB, rowOffset: nope, rowStride: nope + v, rows: v, transposed: false }
  b.headLinear({ x: qHead, ...keys, nHeads, out: absorbedHead })
  b.rope({
    x: { ...qHead, offset: nope },
    out: { ...absorbedHead, offset: rank },
    nHeads,
    dim: ropeDim,
    layout: 'interleaved',
    table,
  })
  const attended = b.mlaAttention(absorbed, latent, { nHeads, rank, ropeDim, scale }) // [T, H * rank]
  b.headLinear({
    x: { value: attended, offset: 0, stride: rank },
    ...values,
    nHeads,
    out: { value: outputs, offset: 0, stride: v },
  })
  return project(b, outputs, `${name}.o_proj`, x.width)
}

function queries(b: GraphBuilder, x: View, name: string, c: Config): Value {
  const n = c.num_attention_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim)
  if (!c.q_lora_rank) return project(b, x, `${name}.q_proj`, n)
  const low = project(b, x, `${name}.q_a_proj`, c.q_lora_rank)
  return project(b, norm(b, low, `${name}.q_a_layernorm`, LATENT_EPS), `${name}.q_b_proj`, n)
}

/** Routed experts, weighted, plus the shared ones. V2 routes by softmax, V3 and K2 by sigmoid with a correction bias. */
function mixture(b: GraphBuilder, x: View, name: string, c: Config): Value {
  const X = c.n_routed_experts!
  const sigmoid = (c.scoring_func ?? (c.model_type === 'deepseek_v2' ? 'softmax' : 'sigmoid')) === 'sigmoid'
  const biased = (c.topk_method ?? (sigmoid ? 'noaux_tc' : 'greedy')) === 'noaux_tc'
  const grouped = biased || c.topk_method === 'group_limited_greedy'
  const scores = b.linear(x, matrix(`${name}.gate.weight`, X, x.width, { quantizable: false })) // [T, X]
  const routing = b.route(scores, {
    ...(biased && { bias: vector(`${name}.gate.e_score_correction_bias`, X) }),
    scoring: sigmoid ? 'sigmoid' : 'softmax',
    nGroups: grouped ? (c.n_group ?? 1) : 1,
    topkGroups: grouped ? (c.topk_group ?? 1) : 1,
    groupScore: biased ? 'top2sum' : 'max',
    topK: c.num_experts_per_tok,
    normalize: sigmoid && c.norm_topk_prob,
    scale: c.routed_scaling_factor,
  })
  const all = (part: string, n: number, k: number) =>
    Array.from({ length: X }, (_, e) => matrix(`${name}.experts.${e}.${part}.weight`, n, k))
  const [F, D] = [c.moe_intermediate_size, x.width]
  const weights = { gate: all('gate_proj', F, D), up: all('up_proj', F, D), down: all('down_proj', D, F) }
  const routed = b.experts(x, routing, weights, c.num_experts_per_tok)
  return c.n_shared_experts ? b.add(routed, gatedMlp(b, x, `${name}.shared_experts`, c.n_shared_experts * F)) : routed
}
