/**
 * DeepSeek-V3.2 and V3.2-Exp (arXiv 2512.02556): DeepSeek-V3 whose attention reads the positions that an indexer chooses.
 * Its indexer rotates halves, where everything else of DeepSeek rotates neighbours.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Value, View } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import { deepseekFromGguf } from './deepseek.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, readConfig } from './parts/config.js'
import { indexerConfig, scoringOf } from './parts/gguf-config.js'
import { INDEXER, LATENT } from './parts/gguf-latent.js'
import { layerNames } from './parts/gguf-names.js'
import { checkIndexer, chooseByIndexer, INDEXER_CONFIG } from './parts/indexer.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { BIASED_SIGMOID_CONFIG, biasedSigmoid, checkMixture, mixture } from './parts/mixture.js'
import { checkMla, MLA_CONFIG, mla } from './parts/mla.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const deepseekV32: ModelDefinition = {
  modelTypes: ['deepseek_v32'],
  // model card of DeepSeek-V3.2.
  chatSampling: { temperature: 1, topP: 0.95 },
  published: {
    gguf: [
      {
        architecture: 'deepseek32',
        names: layerNames(LATENT, INDEXER),
        config: (meta, shapes) => ({
          ...deepseekFromGguf(meta, shapes, scoringOf(meta, 'sigmoid')),
          ...indexerConfig(meta),
          model_type: 'deepseek_v32',
        }),
      },
    ],
  },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const deepseekV32Schema = () =>
  z.object({
    ...COMMON,
    ...MLA_CONFIG,
    ...BIASED_SIGMOID_CONFIG,
    ...INDEXER_CONFIG,
    first_k_dense_replace: z.number().int().min(0).default(0),
    moe_layer_freq: z.literal(1).default(1),
  })

// ---- graph

function build(checkpoint: Checkpoint): Program {
  const c = readConfig(deepseekV32Schema, checkpoint.config, checkpoint.name)
  checkMla(c, checkpoint.name)
  checkMixture(c, checkpoint.name)
  checkIndexer(c, checkpoint.name)
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * rope.softmaxFactor
  const indexRope = { table, dim: c.qk_rope_head_dim, pairs: 'half' as const }
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, c.rms_norm_eps)
    const choose = (block: View, low: View): Value =>
      chooseByIndexer(b, block, low, `${layer}.self_attn.indexer`, c, indexRope)
    x = b.add(x, mla(b, h, `${layer}.self_attn`, c, { table, scale, choose }, checkpoint))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, c.rms_norm_eps)
    const mlp = `${layer}.mlp`
    const dense = i < c.first_k_dense_replace
    x = b.add(x, dense ? gatedMlp(b, g, mlp, c.intermediate_size) : mixture(b, g, mlp, c, biasedSigmoid(c, mlp)))
  }
  return b.build(logits(b, x, 'model.norm', c.rms_norm_eps, head), c.max_position_embeddings)
}
