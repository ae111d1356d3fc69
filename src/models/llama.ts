import type { ModelDefinition } from './definition.js'
import { buildDense } from './parts/dense.js'
import { attentionConfig, attentionKeys } from './parts/gguf-config.js'
import { DENSE, PAIRED, layerNames } from './parts/gguf-names.js'

const SMOLLM_VOCABULARY = 49152

/** Llama 2 and 3.x (arXiv 2407.21783) and DeepSeek-R1-Distill-Llama. */
export const llama: ModelDefinition = {
  modelTypes: ['llama'],
  // generation_config.json of Llama-3.1-8B-Instruct. SmolLM has the same architecture; its generation_config.json asks for no
  // sampling, which is greedy, and at a hundred million parameters one unlikely token loses the thread.
  chatSampling: ({ vocab_size: vocabulary }) =>
    vocabulary === SMOLLM_VOCABULARY ? { temperature: 0 } : { temperature: 0.6, topP: 0.9 },
  published: {
    gguf: [
      {
        architecture: 'llama',
        names: layerNames(DENSE, PAIRED),
        config: (meta, shapes) => ({ ...attentionConfig(meta, shapes), model_type: 'llama' }),
        write: attentionKeys,
      },
    ],
  },
  build: (checkpoint) => buildDense(checkpoint, {}),
}
