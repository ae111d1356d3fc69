/**
 * Kimi-Linear-48B-A3B (arXiv 2510.26692): three layers of Kimi Delta Attention, then one of latent attention without
 * positions, and mixtures of experts after the first layers.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Value, View } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import { bare, type Names } from '../published/names.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, readConfig, requirePerLayer } from './parts/config.js'
import { scoringOf } from './parts/gguf-config.js'
import { LATENT, latentConfig } from './parts/gguf-latent.js'
import { choosingBias, expertNames, layerNames, mlpNames } from './parts/gguf-names.js'
import { KDA_CONFIG, checkKda, kda } from './parts/kda.js'
import { PROJECTIONS, W123, gatedMlp, logits, norm } from './parts/layers.js'
import { biasedSigmoid, checkMixture, mixture, type MixtureConfig } from './parts/mixture.js'
import { MLA_CONFIG, checkMla, mla } from './parts/mla.js'
import { embeddingAndHead } from './parts/text-model.js'

/** GGUF's names in addition to those of latent attention. */
const DELTA_ATTENTION: Names = {
  ssm_conv1d_q: { name: 'self_attn.q_conv1d', transform: 'reshaped' },
  ssm_conv1d_k: { name: 'self_attn.k_conv1d', transform: 'reshaped' },
  ssm_conv1d_v: { name: 'self_attn.v_conv1d', transform: 'reshaped' },
  ssm_f_a: 'self_attn.f_a_proj',
  ssm_f_b: 'self_attn.f_b_proj',
  ssm_g_a: 'self_attn.g_a_proj',
  ssm_g_b: 'self_attn.g_b_proj',
  ssm_beta: 'self_attn.b_proj',
  ssm_norm: 'self_attn.o_norm',
  ssm_a: bare('self_attn.A_log', 'rates'),
  ssm_dt: bare('self_attn.dt_bias'),
}

export const kimiLinear: ModelDefinition = {
  modelTypes: ['kimi_linear'],
  published: {
    gguf: [
      {
        architecture: 'kimi-linear',
        names: layerNames(
          LATENT,
          expertNames('block_sparse_moe', 'gate', W123),
          mlpNames('block_sparse_moe.shared_experts', '_shexp'),
          choosingBias('block_sparse_moe.gate.e_score_correction_bias'),
          DELTA_ATTENTION,
        ),
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const count = z.number().int().min(1).max(65536)

/** Keys of the mixtures, which Kimi K3 has too. */
export const KIMI_EXPERTS = {
  moe_router_activation_func: z.literal('sigmoid').default('sigmoid'),
  moe_intermediate_size: count,
  num_experts: count,
  num_experts_per_token: count,
  num_shared_experts: z.number().int().min(0).max(1024).default(1),
  num_expert_group: count.default(1),
  topk_group: count.default(1),
  moe_renormalize: z.boolean().default(true),
  routed_scaling_factor: z.number(),
  first_k_dense_replace: z.number().int().min(0).default(1),
  moe_layer_freq: z.literal(1).default(1),
}

const { max_position_embeddings: positions, ...WITHOUT_POSITIONS } = COMMON
const kimiLinearSchema = () =>
  z.object({
    ...WITHOUT_POSITIONS,
    ...MLA_CONFIG,
    ...KDA_CONFIG,
    ...KIMI_EXPERTS,
    model_max_length: positions,
    mla_use_nope: z.literal(true).default(true),
    mlp_layer_types: z.array(z.enum(['dense', 'sparse'])).optional(),
  })
type Config = z.infer<ReturnType<typeof kimiLinearSchema>>

export function kimiMixture(c: z.infer<z.ZodObject<typeof KIMI_EXPERTS>>): MixtureConfig {
  return {
    moe_intermediate_size: c.moe_intermediate_size,
    n_routed_experts: c.num_experts,
    n_shared_experts: c.num_shared_experts,
    num_experts_per_tok: c.num_experts_per_token,
    n_group: c.num_expert_group,
    topk_group: c.topk_group,
    norm_topk_prob: c.moe_renormalize,
    routed_scaling_factor: c.routed_scaling_factor,
  }
}

// ---- graph

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(kimiLinearSchema, checkpoint.config, where)
  checkMla(c, where)
  checkKda(c, where)
  checkMixture(kimiMixture(c), where)
  if (c.mlp_layer_types) requirePerLayer(where, 'mlp_layer_types', c.mlp_layer_types, c.num_hidden_layers)
  const b = new GraphBuilder()
  const eps = c.rms_norm_eps
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5
  const rateShape = [1, 1, c.linear_attn_config.num_heads, 1]
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, eps)
    const name = `${layer}.self_attn`
    const full = c.linear_attn_config.full_attn_layers.includes(i + 1)
    x = b.add(x, full ? mla(b, h, name, c, { scale }, checkpoint) : kda(b, h, name, c, { eps, rateShape }))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    const sparse = c.mlp_layer_types ? c.mlp_layer_types[i] === 'sparse' : i >= c.first_k_dense_replace
    const moe = `${layer}.block_sparse_moe`
    // Moonshot publishes dense layers as mlp; transformers saves them under the name of the mixtures.
    const dense = checkpoint.has(`${layer}.mlp.gate_proj.weight`) ? `${layer}.mlp` : moe
    x = b.add(x, sparse ? experts(b, g, moe, c) : gatedMlp(b, g, dense, c.intermediate_size))
  }
  return b.build(logits(b, x, 'model.norm', eps, head), c.model_max_length)
}

function experts(b: GraphBuilder, x: View, name: string, c: Config): Value {
  const sizes = kimiMixture(c)
  return mixture(b, x, name, sizes, biasedSigmoid(sizes, name), { names: W123, sharedNames: PROJECTIONS })
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const latent = latentConfig(meta, shapes, scoringOf(meta, 'sigmoid'))
  // Heads with keys per layer, 0 where it is recurrent.
  const kvHeads = meta.wholes('attention.head_count_kv').slice(0, latent.num_hidden_layers)
  const layers = (recurrent: boolean): number[] =>
    kvHeads.flatMap((count, i) => ((count === 0) === recurrent ? [i + 1] : []))
  return {
    ...latent,
    model_type: 'kimi_linear',
    model_max_length: latent.max_position_embeddings,
    num_experts: latent.n_routed_experts,
    num_experts_per_token: latent.num_experts_per_tok,
    num_shared_experts: latent.n_shared_experts,
    num_expert_group: latent.n_group,
    moe_renormalize: latent.norm_topk_prob,
    linear_attn_config: {
      full_attn_layers: layers(false),
      kda_layers: layers(true),
      num_heads: latent.num_attention_heads,
      head_dim: meta.neededWhole('kda.head_dim'),
      short_conv_kernel_size: meta.neededWhole('ssm.conv_kernel'),
    },
  }
}
