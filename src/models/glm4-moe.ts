/**
 * GLM-4.5, 4.6, 4.7 and 4.5-Air (arXiv 2508.06471): grouped-query attention that rotates half of each head, a few dense layers,
 * then DeepSeek-V3's mixture of experts with a shared one. The layer past num_hidden_layers predicts further tokens (MTP); it takes
 * no part in an ordinary step and is loaded when it is asked for.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, vector } from '../graph/builder.js'
import type { Value } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, activationOf, expertCount, readConfig } from './parts/config.js'
import { attentionConfig, rotatedColumns, scoringOf } from './parts/gguf-config.js'
import {
  DENSE,
  FURTHER_TOKENS,
  SECOND_NORM,
  choosingBias,
  expertNames,
  layerNames,
  mlpNames,
} from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, partialRotary } from './parts/gqa.js'
import { PROJECTIONS, gatedMlp, logits, norm } from './parts/layers.js'
import { MIXTURE_CONFIG, checkMixture, mixture, type RouteRule } from './parts/mixture.js'
import { buildWithMtp, checkMtp, deepseekMtp } from './parts/mtp.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const glm4Moe: ModelDefinition = {
  modelTypes: ['glm4_moe'],
  // model card of GLM-4.6.
  chatSampling: { temperature: 1, topP: 0.95 },
  published: {
    gguf: [
      {
        architecture: 'glm4moe',
        names: layerNames(
          DENSE,
          SECOND_NORM,
          expertNames('mlp', 'gate', PROJECTIONS),
          mlpNames('mlp.shared_experts', '_shexp'),
          choosingBias('mlp.gate.e_score_correction_bias'),
          FURTHER_TOKENS,
        ),
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint, options) => Promise.resolve(build(checkpoint, options?.mtp ?? false)),
}

// ---- config

const glm4MoeSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    ...MIXTURE_CONFIG,
    attention_bias: z.boolean().default(false),
    use_qk_norm: z.boolean().default(false),
    partial_rotary_factor: z.number().positive().max(1).optional(),
    n_routed_experts: expertCount,
    n_shared_experts: z.number().int().min(0).max(1024).default(1),
    first_k_dense_replace: z.number().int().min(0).default(1),
    norm_topk_prob: z.boolean().default(true),
    num_nextn_predict_layers: z.number().int().min(0).nullish(),
  })
type Config = z.infer<ReturnType<typeof glm4MoeSchema>>

function build(checkpoint: Checkpoint, mtp: boolean): Program {
  const where = checkpoint.name
  const c = readConfig(glm4MoeSchema, checkpoint.config, where)
  checkMixture(c, where)
  const names = deepseekMtp(c.num_hidden_layers)
  if (mtp) checkMtp(checkpoint, names, ['num_nextn_predict_layers', c.num_nextn_predict_layers])
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, partialRotary(c, heads.headDim, 0.5, where))
  const attention = {
    ...heads,
    eps,
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    qkvBias: c.attention_bias,
    qkNorm: c.use_qk_norm ? ('heads' as const) : undefined,
  }
  const activation = activationOf(c)
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  const block = (x: Value, layer: string, sparse: boolean): Value => {
    const y = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, y, `${layer}.post_attention_layernorm`, eps)
    const mlp = `${layer}.mlp`
    const fed = sparse
      ? mixture(b, h, mlp, c, ruleOf(c, mlp), { activation })
      : gatedMlp(b, h, mlp, c.intermediate_size, { activation })
    return b.add(y, fed)
  }
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    x = block(x, `model.layers.${i}`, i >= c.first_k_dense_replace)
  }
  const [layers, positions, finalNorm] = [c.num_hidden_layers, c.max_position_embeddings, 'model.norm']
  if (!mtp) return b.build(logits(b, x, finalNorm, eps, head), positions)
  const parts = { names, embedding, head, eps, block: (y: Value, layer: string) => block(y, layer, true) }
  return buildWithMtp(b, x, { finalNorm, layers, positions }, parts)
}

/** As DeepSeek-V3 routes. */
function ruleOf(c: Config, name: string): RouteRule {
  return {
    bias: vector(`${name}.gate.e_score_correction_bias`, c.n_routed_experts),
    scoring: 'sigmoid',
    nGroups: c.n_group ?? 1,
    topkGroups: c.topk_group ?? 1,
    groupScore: 'top2sum',
    normalize: c.norm_topk_prob,
  }
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes, 'partly')
  scoringOf(meta, 'sigmoid')
  return {
    ...common,
    model_type: 'glm4_moe',
    num_nextn_predict_layers: meta.whole('nextn_predict_layers') ?? 0,
    use_qk_norm: shapes.has('blk.0.attn_q_norm.weight'),
    partial_rotary_factor: rotatedColumns(meta, common.head_dim) / common.head_dim,
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
