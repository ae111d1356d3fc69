/** Qwen3 mixtures of experts (arXiv 2505.09388): Qwen3's attention; softmax routing, no shared expert. */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes, WrittenConfig } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, activationOf, checkExperts, expertCount, readConfig, refuseKey, unsupported } from './parts/config.js'
import { attentionConfig, attentionKeys, scoringOf } from './parts/gguf-config.js'
import { DENSE, expertNames, layerNames } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf } from './parts/gqa.js'
import { PROJECTIONS, gatedMlp, logits, norm } from './parts/layers.js'
import { plainRule, routedExperts } from './parts/mixture.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const qwen3Moe: ModelDefinition = {
  modelTypes: ['qwen3_moe'],
  // generation_config.json of Qwen3-30B-A3B.
  chatSampling: { temperature: 0.6, topP: 0.95, topK: 20 },
  published: {
    gguf: [
      {
        architecture: 'qwen3moe',
        names: layerNames(DENSE, expertNames('mlp', 'gate', PROJECTIONS)),
        config: configFromGguf,
        write: keysOf,
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const qwen3MoeSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    attention_bias: z.boolean().default(false),
    qkv_bias: z.literal(false).optional(),
    use_qk_norm: z.literal(true).optional(),
    use_sliding_window: z.boolean().default(false),
    num_experts_per_tok: expertCount,
    moe_intermediate_size: z.number().int().min(1).max(1e7),
    shared_expert_intermediate_size: z.literal(0).optional(),
    // transformers 5 writes the second name
    num_experts: expertCount.optional(),
    num_local_experts: expertCount.optional(),
    norm_topk_prob: z.boolean().default(false),
    decoder_sparse_step: z.number().int().min(1).default(1),
    mlp_only_layers: z.array(z.number().int()).default([]),
  })

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(qwen3MoeSchema, checkpoint.config, where)
  const nExperts = c.num_experts ?? c.num_local_experts
  if (c.use_sliding_window) unsupported(where, 'sliding-window attention (use_sliding_window: true)')
  if (nExperts === undefined) refuseKey(where, 'num_experts', 'a number', 'none')
  checkExperts(where, c.num_experts_per_tok, nExperts)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps
  const activation = activationOf(c)

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, heads.headDim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const bias = c.attention_bias
  const attention = { ...heads, eps, table, qkvBias: bias, outBias: bias, qkNorm: 'heads' as const }
  const sizes = { ...c, n_routed_experts: nExperts, routed_scaling_factor: 1 }
  const rule = plainRule('softmax', c.norm_topk_prob)
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    const sparse = !c.mlp_only_layers.includes(i) && (i + 1) % c.decoder_sparse_step === 0
    const y = sparse
      ? routedExperts(b, h, `${layer}.mlp`, sizes, rule, { activation })
      : gatedMlp(b, h, `${layer}.mlp`, c.intermediate_size, { activation })
    x = b.add(x, y)
  }
  return b.build(logits(b, x, 'model.norm', eps, head), c.max_position_embeddings)
}

// ---- GGUF

function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  scoringOf(meta, 'softmax')
  return {
    ...attentionConfig(meta, shapes),
    model_type: 'qwen3_moe',
    num_experts: meta.neededWhole('expert_count'),
    num_experts_per_tok: meta.neededWhole('expert_used_count'),
    moe_intermediate_size: meta.neededWhole('expert_feed_forward_length'),
    norm_topk_prob: true,
  }
}

function keysOf(config: JsonObject): WrittenConfig {
  const common = attentionKeys(config)
  const c = readConfig(qwen3MoeSchema, config, 'config.json')
  return {
    ...common,
    keys: {
      ...common.keys,
      expert_count: ['u32', c.num_experts ?? c.num_local_experts ?? 0],
      expert_used_count: ['u32', c.num_experts_per_tok],
      expert_feed_forward_length: ['u32', c.moe_intermediate_size],
    },
  }
}
