import type { ModelDefinition } from './definition.js'
import { buildDense } from './parts/dense.js'
import { attentionConfig, attentionKeys } from './parts/gguf-config.js'
import { DENSE, layerNames } from './parts/gguf-names.js'

/** Qwen3 dense (arXiv 2505.09388): q and k are normalised per head before the rotation. */
export const qwen3: ModelDefinition = {
  modelTypes: ['qwen3'],
  // generation_config.json of Qwen3-8B.
  chatSampling: { temperature: 0.6, topP: 0.95, topK: 20 },
  published: {
    gguf: [
      {
        architecture: 'qwen3',
        names: layerNames(DENSE),
        config: (meta, shapes) => ({ ...attentionConfig(meta, shapes), model_type: 'qwen3' }),
        write: attentionKeys,
      },
    ],
  },
  build: (checkpoint) => buildDense(checkpoint, { qkNorm: true }),
}
