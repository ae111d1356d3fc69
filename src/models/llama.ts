import type { ModelDefinition } from './definition.js'
import { buildDense } from './parts/dense.js'
import { attentionConfig } from './parts/gguf-config.js'
import { DENSE, PAIRED, layerNames } from './parts/gguf-names.js'

/** Llama 2 and 3.x (arXiv 2407.21783) and DeepSeek-R1-Distill-Llama. */
export const llama: ModelDefinition = {
  modelTypes: ['llama'],
  published: {
    gguf: [
      {
        architecture: 'llama',
        names: layerNames(DENSE, PAIRED),
        config: (meta, shapes) => ({ ...attentionConfig(meta, shapes), model_type: 'llama' }),
      },
    ],
  },
  build: (checkpoint) => buildDense(checkpoint, {}),
}
