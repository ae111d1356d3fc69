import { z } from 'zod'
import type { ModelDefinition } from './definition.js'
import { hybridMixtureConfig, hybridNames } from './parts/gguf-qwen-hybrid.js'
import { HYBRID_CONFIG, HYBRID_MIXTURE_CONFIG, buildHybrid, denseFeed, sharedMixture } from './parts/qwen-hybrid.js'

/** Qwen3-Next (September 2025, as in transformers' qwen3_next): DeltaNet's inputs in one matrix, packed by key head. */
export const qwen3Next: ModelDefinition = {
  modelTypes: ['qwen3_next'],
  // model card of Qwen3-Next-80B-A3B-Instruct.
  chatSampling: { temperature: 0.7, topP: 0.8, topK: 20 },
  published: {
    gguf: [
      {
        architecture: 'qwen3next',
        names: hybridNames(),
        config: (meta, shapes) => ({ ...hybridMixtureConfig(meta, shapes), model_type: 'qwen3_next' }),
      },
    ],
  },
  build: (checkpoint, options) =>
    Promise.resolve(
      buildHybrid(checkpoint, options?.mtp ?? false, qwen3NextSchema, (c) => {
        const [sparse, dense] = [sharedMixture(c, checkpoint.name), denseFeed(c)]
        const isSparse = (i: number): boolean => !c.mlp_only_layers.includes(i) && (i + 1) % c.decoder_sparse_step === 0
        return (b, x, name, i) => (isSparse(i) ? sparse : dense)(b, x, name, i)
      }),
    ),
}

const qwen3NextSchema = () =>
  z.object({
    ...HYBRID_CONFIG,
    ...HYBRID_MIXTURE_CONFIG,
    norm_topk_prob: z.boolean().default(true),
    decoder_sparse_step: z.number().int().min(1).default(1),
    mlp_only_layers: z.array(z.number().int()).default([]),
  })
