import { buildDense } from './parts/dense.js'
import type { ModelDefinition } from './definition.js'

/** Qwen2 and Qwen2.5 (arXiv 2407.10671), DeepSeek-R1-Distill-Qwen: biases on q, k and v, none on o. */
export const qwen2: ModelDefinition = {
  modelTypes: ['qwen2'],
  build: (checkpoint) => buildDense(checkpoint, { qkvBias: true }),
}
