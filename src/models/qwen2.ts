import type { ModelDefinition } from './definition.js'
import { buildDense } from './parts/dense.js'
import { attentionConfig, attentionKeys } from './parts/gguf-config.js'
import { DENSE, layerNames } from './parts/gguf-names.js'

/** Qwen2 and Qwen2.5 (arXiv 2407.10671), DeepSeek-R1-Distill-Qwen: biases on q, k and v, none on o. */
export const qwen2: ModelDefinition = {
  modelTypes: ['qwen2'],
  // generation_config.json of Qwen2.5-7B-Instruct.
  chatSampling: { temperature: 0.7, topP: 0.8, topK: 20, repetitionPenalty: 1.05 },
  published: {
    gguf: [
      {
        architecture: 'qwen2',
        names: layerNames(DENSE),
        config: (meta, shapes) => ({ ...attentionConfig(meta, shapes), model_type: 'qwen2' }),
        write: attentionKeys,
      },
    ],
  },
  build: (checkpoint) => buildDense(checkpoint, { qkvBias: true }),
}
