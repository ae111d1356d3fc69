/** Mixtral (arXiv 2401.04088): Mistral's blocks with eight experts, of which the softmax of the router chooses two. */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, activationOf, checkExperts, expertCount, readConfig } from './parts/config.js'
import { attentionConfig, localExperts } from './parts/gguf-config.js'
import { DENSE, PAIRED, expertNames, layerNames } from './parts/gguf-names.js'
import { HEADS, gqaAttention, headsOf, spanLength } from './parts/gqa.js'
import { W123, logits, norm } from './parts/layers.js'
import { plainRule, routedExperts } from './parts/mixture.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const mixtral: ModelDefinition = {
  modelTypes: ['mixtral'],
  published: {
    gguf: [
      {
        // Mixtral is a Llama with experts there.
        architecture: 'llama',
        when: (meta) => (meta.whole('expert_count') ?? 0) > 0,
        names: layerNames(DENSE, PAIRED, expertNames('block_sparse_moe', 'gate', W123)),
        config: (meta, shapes) => ({
          ...attentionConfig(meta, shapes),
          ...localExperts(meta, 'softmax'),
          model_type: 'mixtral',
        }),
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const mixtralSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    // transformers' own, where a config leaves it out
    rope_theta: z.number().positive().default(1e6),
    sliding_window: spanLength,
    num_local_experts: expertCount,
    num_experts_per_tok: expertCount,
  })

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(mixtralSchema, checkpoint.config, where)
  checkExperts(where, c.num_experts_per_tok, c.num_local_experts)
  const heads = headsOf(c, where)
  const eps = c.rms_norm_eps

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, heads.headDim)
  const attention = {
    ...heads,
    eps,
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    span: c.sliding_window ? { kind: 'sliding' as const, length: c.sliding_window } : undefined,
  }
  const sizes = {
    n_routed_experts: c.num_local_experts,
    num_experts_per_tok: c.num_experts_per_tok,
    moe_intermediate_size: c.intermediate_size,
    routed_scaling_factor: 1,
  }
  const rule = plainRule('chosenSoftmax', false)
  const options = { names: W123, activation: activationOf(c) }
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, attention))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    x = b.add(x, routedExperts(b, h, `${layer}.block_sparse_moe`, sizes, rule, options))
  }
  return b.build(logits(b, x, 'model.norm', eps, head), c.max_position_embeddings)
}
