import { buildDense } from './parts/dense.js'
import type { ModelDefinition } from './definition.js'

/** Llama 2 and 3.x (arXiv 2407.21783) and DeepSeek-R1-Distill-Llama. */
export const llama: ModelDefinition = {
  modelTypes: ['llama'],
  build: (checkpoint) => buildDense(checkpoint, {}),
}
