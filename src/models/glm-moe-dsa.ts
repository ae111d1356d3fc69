/**
 * GLM-5, 5.1 and 5.2 (zai-org; arXiv 2602.15763): DeepSeek-V3.2's sparse attention with an indexer that rotates
 * neighbours. From GLM-5.2 on, layers share the choice of the last layer before them that has an indexer (arXiv 2603.12201).
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Value, View } from '../graph/ops.js'
import type { Program } from '../graph/program.js'
import type { JsonObject } from '../json.js'
import type { GgufMetadata } from '../published/gguf-metadata.js'
import type { TensorShapes } from '../published/gguf.js'
import type { ModelDefinition } from './definition.js'
import { COMMON, readConfig, refuseKey, requirePerLayer } from './parts/config.js'
import { indexerConfig, scoringOf } from './parts/gguf-config.js'
import { INDEXER, LATENT, latentConfig } from './parts/gguf-latent.js'
import { layerNames } from './parts/gguf-names.js'
import { checkIndexer, chooseByIndexer, INDEXER_CONFIG } from './parts/indexer.js'
import { gatedMlp, logits, norm } from './parts/layers.js'
import { BIASED_SIGMOID_CONFIG, biasedSigmoid, checkMixture, mixture } from './parts/mixture.js'
import { checkMla, MLA_CONFIG, mla } from './parts/mla.js'
import { makeRope } from './parts/rope.js'
import { embeddingAndHead } from './parts/text-model.js'

export const glmMoeDsa: ModelDefinition = {
  modelTypes: ['glm_moe_dsa'],
  // generation_config.json of GLM-5.
  chatSampling: { temperature: 1, topP: 0.95 },
  published: { gguf: [{ architecture: 'glm-dsa', names: layerNames(LATENT, INDEXER), config: configFromGguf }] },
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const glmMoeDsaSchema = () =>
  z.object({
    ...COMMON,
    ...MLA_CONFIG,
    ...BIASED_SIGMOID_CONFIG,
    ...INDEXER_CONFIG,
    norm_topk_prob: z.boolean().default(true),
    routed_scaling_factor: z.number().default(2.5),
    first_k_dense_replace: z.number().int().min(0).default(3),
    mlp_layer_types: z.array(z.enum(['dense', 'sparse'])).nullish(),
    rope_interleave: z.literal(true).default(true),
    indexer_rope_interleave: z.boolean().default(true),
    indexer_types: z.array(z.enum(['full', 'shared'])).nullish(),
    index_topk_pattern: z.null().optional(),
    index_topk_freq: z.number().int().min(1).max(4096).default(1),
    index_skip_topk_offset: z.number().int().min(0).max(4096).default(2),
  })
type Config = z.infer<ReturnType<typeof glmMoeDsaSchema>>

/** Which layers choose positions themselves, and which have one dense MLP instead of experts. */
function layersOf(c: Config, where: string): { full: boolean; dense: boolean }[] {
  for (const key of ['indexer_types', 'mlp_layer_types'] as const)
    if (c[key]) requirePerLayer(where, key, c[key], c.num_hidden_layers)
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => {
    const scheduled = Math.max(i - c.index_skip_topk_offset + 1, 0) % c.index_topk_freq === 0
    return {
      full: c.indexer_types ? c.indexer_types[i] === 'full' : scheduled,
      dense: c.mlp_layer_types ? c.mlp_layer_types[i] === 'dense' : i < c.first_k_dense_replace,
    }
  })
  if (!layers[0]!.full)
    refuseKey(
      where,
      'the first layer',
      'one with an indexer (indexer_types, index_topk_freq)',
      'one that shares the choice of another',
    )
  return layers
}

// ---- graph

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const c = readConfig(glmMoeDsaSchema, checkpoint.config, where)
  checkMla(c, where)
  checkMixture(c, where)
  checkIndexer(c, where)
  const layers = layersOf(c, where)
  const b = new GraphBuilder()
  const rope = makeRope(c, c.qk_rope_head_dim)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5 * rope.softmaxFactor
  const pairs = c.indexer_rope_interleave ? 'interleaved' : 'half'
  const indexRope = { table, dim: c.qk_rope_head_dim, pairs } as const
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  let x = b.embed(embedding) // [T, D]
  let chosen: Value | undefined
  layers.forEach(({ full, dense }, i) => {
    b.layer(i)
    const layer = `model.layers.${i}`
    const h = norm(b, x, `${layer}.input_layernorm`, c.rms_norm_eps)
    const choose = (block: View, low: View): Value => {
      if (!chosen || full) chosen = chooseByIndexer(b, block, low, `${layer}.self_attn.indexer`, c, indexRope)
      return chosen
    }
    x = b.add(x, mla(b, h, `${layer}.self_attn`, c, { table, scale, choose }, checkpoint))
    const g = norm(b, x, `${layer}.post_attention_layernorm`, c.rms_norm_eps)
    const mlp = `${layer}.mlp`
    x = b.add(x, dense ? gatedMlp(b, g, mlp, c.intermediate_size) : mixture(b, g, mlp, c, biasedSigmoid(c, mlp)))
  })
  return b.build(logits(b, x, 'model.norm', c.rms_norm_eps, head), c.max_position_embeddings)
}

// ---- GGUF

/** Files from before the key for it: every layer has an indexer, from GLM-5.2 on (a million positions) the third and every fourth. */
function configFromGguf(meta: GgufMetadata, shapes: TensorShapes): JsonObject {
  const types = meta.flags('attention.indexer.types')
  const shares = !types && meta.neededWhole('context_length') >= 1048576
  return {
    ...latentConfig(meta, shapes, scoringOf(meta, 'sigmoid')),
    ...indexerConfig(meta),
    model_type: 'glm_moe_dsa',
    ...(types && { indexer_types: types.map((full) => (full ? 'full' : 'shared')) }),
    ...(shares && { index_topk_freq: 4, index_skip_topk_offset: 3 }),
  }
}
