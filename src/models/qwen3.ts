import { buildDense } from './parts/dense.js'
import type { ModelDefinition } from './definition.js'

/** Qwen3 dense (arXiv 2505.09388): q and k are normalised per head before the rotation. */
export const qwen3: ModelDefinition = {
  modelTypes: ['qwen3'],
  build: (checkpoint) => buildDense(checkpoint, { qkNorm: true }),
}
