import { distance } from 'fastest-levenshtein'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import { deepseek } from './deepseek.js'
import { deepseekV32 } from './deepseek-v32.js'
import { deepseekV4 } from './deepseek-v4.js'
import { unsupported } from './parts/config.js'
import type { BuildOptions, ModelDefinition } from './definition.js'
import { gemma3 } from './gemma3.js'
import { glm4Moe } from './glm4-moe.js'
import { glmMoeDsa } from './glm-moe-dsa.js'
import { gptOss } from './gpt-oss.js'
import { kimiK3 } from './kimi-k3.js'
import { kimiLinear } from './kimi-linear.js'
import { llama } from './llama.js'
import { llama4 } from './llama4.js'
import { minimaxM2 } from './minimax-m2.js'
import { mistral } from './mistral.js'
import { mistral4 } from './mistral4.js'
import { mixtral } from './mixtral.js'
import { qwen2 } from './qwen2.js'
import { qwen3 } from './qwen3.js'
import { qwen35 } from './qwen3-5.js'
import { qwen35Moe } from './qwen3-5-moe.js'
import { qwen3Moe } from './qwen3-moe.js'
import { qwen3Next } from './qwen3-next.js'

/** Every architecture; a new one is one file and one line here. */
export const MODELS: readonly ModelDefinition[] = [
  llama,
  llama4,
  mistral,
  mistral4,
  mixtral,
  qwen2,
  qwen3,
  qwen3Moe,
  qwen3Next,
  qwen35,
  qwen35Moe,
  deepseek,
  deepseekV32,
  deepseekV4,
  glm4Moe,
  glmMoeDsa,
  kimiLinear,
  kimiK3,
  minimaxM2,
  gptOss,
  gemma3,
]

/** All model_type values that can be run. */
export const MODEL_TYPES: readonly string[] = MODELS.flatMap((model) => model.modelTypes)

/**
 * The program of a checkpoint, by its config's model_type.
 * @throws UserError for an architecture that is not here: names the supported ones and the nearest.
 */
export async function buildProgram(checkpoint: Checkpoint, options: BuildOptions = {}): Promise<Program> {
  const modelType = checkpoint.config['model_type']
  const model = MODELS.find((m) => m.modelTypes.includes(String(modelType)))
  if (model) {
    const program = await model.build(checkpoint, options)
    if (options.mtp && !program.draft) unsupported(checkpoint.name, 'speculate mtp')
    return program
  }
  const found = typeof modelType === 'string' ? `model_type ${modelType}` : 'no model_type'
  const near = typeof modelType === 'string' ? nearest(modelType) : undefined
  throw new UserError(
    `${checkpoint.name}: expected model_type to be one of ${MODEL_TYPES.join(', ')}; found ${found}${near ? `, nearest is ${near}` : ''}. ` +
      'Choose a checkpoint of a supported architecture.',
    'unsupported_model',
  )
}

/** The supported name with the smallest edit distance, if it is near at all. */
function nearest(name: string): string | undefined {
  const ranked = MODEL_TYPES.map((type) => ({ type, edits: distance(name.slice(0, 64), type) })).sort(
    (a, b) => a.edits - b.edits,
  )
  return ranked[0] && ranked[0].edits <= 4 ? ranked[0].type : undefined
}
