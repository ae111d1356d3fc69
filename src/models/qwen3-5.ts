import { z } from 'zod'
import type { ModelDefinition } from './definition.js'
import { TILED, hybridConfig, hybridNames } from './parts/gguf-qwen-hybrid.js'
import { HYBRID_CONFIG, buildHybrid, denseFeed } from './parts/qwen-hybrid.js'

/** Qwen3.5 and 3.6, dense (as in transformers' qwen3_5); the text model of a wrapper that also sees. */
export const qwen35: ModelDefinition = {
  modelTypes: ['qwen3_5', 'qwen3_5_text'],
  published: {
    gguf: [
      {
        architecture: 'qwen35',
        names: hybridNames(TILED),
        config: (meta, shapes) => ({ ...hybridConfig(meta, shapes), model_type: 'qwen3_5_text' }),
      },
    ],
  },
  build: (checkpoint, options) =>
    Promise.resolve(buildHybrid(checkpoint, options?.mtp ?? false, () => z.object(HYBRID_CONFIG), denseFeed)),
}
