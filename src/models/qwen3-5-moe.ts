import { z } from 'zod'
import type { ModelDefinition } from './definition.js'
import { TILED, hybridMixtureConfig, hybridNames } from './parts/gguf-qwen-hybrid.js'
import { HYBRID_CONFIG, HYBRID_MIXTURE_CONFIG, buildHybrid, sharedMixture } from './parts/qwen-hybrid.js'

/** Qwen3.5 and 3.6 with mixtures of experts (as in transformers' qwen3_5_moe); weights of the chosen always sum to one. */
export const qwen35Moe: ModelDefinition = {
  modelTypes: ['qwen3_5_moe', 'qwen3_5_moe_text'],
  published: {
    gguf: [
      {
        architecture: 'qwen35moe',
        names: hybridNames(TILED),
        config: (meta, shapes) => ({ ...hybridMixtureConfig(meta, shapes), model_type: 'qwen3_5_moe_text' }),
      },
    ],
  },
  build: (checkpoint, options) =>
    Promise.resolve(
      buildHybrid(
        checkpoint,
        options?.mtp ?? false,
        () => z.object({ ...HYBRID_CONFIG, ...HYBRID_MIXTURE_CONFIG }),
        (c) => sharedMixture({ ...c, norm_topk_prob: true }, checkpoint.name),
      ),
    ),
}
