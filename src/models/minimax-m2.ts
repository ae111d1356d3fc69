/**
 * MiniMax-M2 to M2.7: grouped-query attention with one norm over all heads of q (and of k) and half of each head rotated; every
 * layer a mixture of experts, chosen by sigmoid with a correction bias, without a shared one.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, vector } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import {
  COMMON,
  activationOf,
  checkExperts,
  expertCount,
  readConfig,
  refuseKey,
  requireMultiple,
} from './parts/config.js'
import { attentionConfig, localExperts, rotatedColumns } from './parts/gguf-config.js'
import { DENSE, choosingBias, expertNames, layerNames } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, partialRotary } from './parts/gqa.js'
import { W123, logits, norm } from './parts/layers.js'
import { plainRule, routedExperts } from './parts/mixture.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const minimaxM2: ModelDefinition = {
  modelTypes: ['minimax_m2'],
  // model card of MiniMax-M2.
  chatSampling: { temperature: 1, topP: 0.95, topK: 40 },
  published: {
    gguf: [
      {
        architecture: 'minimax-m2',
        names: layerNames(
          DENSE,
          expertNames('block_sparse_moe', 'gate', W123),
          choosingBias('block_sparse_moe.e_score_correction_bias'),
        ),
        config: configFromGguf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const minimaxSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    // transformers' own, where a config leaves it out
    rope_theta: z.number().positive().default(5e6),
    rotary_dim: z.number().int().min(2).max(65536).optional(),
    partial_rotary_factor: z.number().positive().max(1).optional(),
    num_local_experts: expertCount,
    num_experts_per_tok: expertCount,
    shared_intermediate_size: z.literal(0).optional(),
    scoring_func: z.literal('sigmoid').optional(),
    use_routing_bias: z.literal(true).optional(),
    use_qk_norm: z.literal(true).optional(),
    qk_norm_type: z.literal('per_layer').optional(),
    /** 1: softmax attention. Earlier MiniMax models mix it with linear attention. */
    attn_type_list: z.array(z.literal(1)).optional(),
  })

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(minimaxSchema, checkpoint.config, where)
  checkExperts(where, c.num_experts_per_tok, c.num_local_experts)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const rotated = c.rotary_dim ?? partialRotary(c, heads.headDim, 1, where)
  requireMultiple(where, 'rotary_dim', rotated, 'a pair', 2)
  if (rotated > heads.headDim) refuseKey(where, 'rotary_dim', `at most head_dim (${heads.headDim})`, rotated)

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, rotated)
  const attention = {
    ...heads,
    eps,
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    qkNorm: 'whole' as const,
  }
  const sizes = {
    n_routed_experts: c.num_local_experts,
    num_experts_per_tok: c.num_experts_per_tok,
    moe_intermediate_size: c.intermediate_size,
    routed_scaling_factor: 1,
  }
  const options = { names: W123, activation: activationOf(c) }
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    const moe = `${layer}.block_sparse_moe`
    const bias = vector(`${moe}.e_score_correction_bias`, c.num_local_experts)
    x = b.add(x, routedExperts(b, h, moe, sizes, { ...plainRule('sigmoid', true), bias }, options))
  }
  return b.build(logits(b, x, 'model.norm', eps, head), c.max_position_embeddings)
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const common = attentionConfig(meta, shapes, 'partly')
  return {
    ...common,
    ...localExperts(meta, 'sigmoid'),
    model_type: 'minimax_m2',
    intermediate_size: meta.whole('expert_feed_forward_length') ?? common.intermediate_size,
    rotary_dim: rotatedColumns(meta, common.head_dim),
  }
}
