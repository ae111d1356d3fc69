/**
 * Mistral Small 4 and Mistral Large 3: DeepSeek's latent attention and shared experts, with queries that grow with the
 * position and a softmax router without bias. Small 4 comes inside of a wrapper, mistral3, that also sees.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import { gatedMlp, logits, norm } from './parts/blocks.js'
import { COMMON, readConfig } from './parts/config.js'
import type { ModelDefinition } from './definition.js'
import { checkMixture, MIXTURE_CONFIG, mixture, plainRule } from './parts/mixture.js'
import { checkMla, MLA_CONFIG, mla } from './parts/mla.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

export const mistral4: ModelDefinition = {
  modelTypes: ['mistral4'],
  build: (checkpoint) => Promise.resolve(buildMistral4(checkpoint)),
}

// ---- config

const Mistral4Config = z.object({
  ...COMMON,
  ...MLA_CONFIG,
  ...MIXTURE_CONFIG,
  n_routed_experts: z.number().int().min(1).max(65536),
  n_group: z.literal(1).nullish(),
  topk_group: z.literal(1).nullish(),
  norm_topk_prob: z.boolean().default(true),
  first_k_dense_replace: z.number().int().min(0).default(0),
  rope_parameters: z.looseObject({
    llama_4_scaling_beta: z.number().optional(),
    original_max_position_embeddings: z.number().int().min(1),
    // transformers multiplies the softmax's scale by YaRN's mscale^2, as it does for DeepSeek. Mistral's own checkpoints,
    // and vLLM with them, say that it is not to be (yarn.apply_scale: false).
    apply_yarn_scaling: z.boolean().default(true),
  }),
})

/** Also for a wrapper, whose text model this is. */
export function buildMistral4(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const text = textModel(checkpoint)
  const c = readConfig(Mistral4Config, text.config, where)
  checkMla(c, where)
  checkMixture(c, where)
  const { llama_4_scaling_beta: beta, original_max_position_embeddings: length, ...rule } = c.rope_parameters

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const attention = {
    table: b.ropeTable(rope.invFreq, rope.attentionFactor),
    scale: (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * (rule.apply_yarn_scaling ? rope.softmaxFactor : 1),
    ...(beta !== undefined && { temperature: { beta, length, shift: 0 } }),
  }
  const router = { ...plainRule('softmax', c.norm_topk_prob), epsilon: 1e-20 }
  const { embedding, head } = embeddingAndHead(checkpoint, c, text)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `${text.model}.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, c.rms_norm_eps)
    x = b.add(x, mla(b, h, `${layer}.self_attn`, c, attention, checkpoint))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, c.rms_norm_eps)
    const mlp = `${layer}.mlp`
    const dense = i < c.first_k_dense_replace
    x = b.add(x, dense ? gatedMlp(b, g, mlp, c.intermediate_size) : mixture(b, g, mlp, c, router, { stacked: true }))
  }
  return b.build(logits(b, x, `${text.model}.norm`, c.rms_norm_eps, head), c.max_position_embeddings)
}
