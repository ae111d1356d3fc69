import { distance } from 'fastest-levenshtein'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import type { Program } from '../graph/program.js'
import type { BuildOptions, ModelDefinition } from './definition.js'
import * as families from './families.js'
import { unsupported } from './parts/config.js'
import { checkUnread } from './parts/unread.js'

/** Every architecture. */
export const MODELS: readonly ModelDefinition[] = Object.values(families)

/** All model_type values that can be run. */
export const MODEL_TYPES: readonly string[] = MODELS.flatMap((model) => model.modelTypes)

/** The definition that serves a model_type. */
export function familyOf(modelType: unknown): ModelDefinition | undefined {
  return MODELS.find((model) => model.modelTypes.includes(String(modelType)))
}

/**
 * The program of a checkpoint, by its config's model_type.
 * @throws UserError for an architecture that is not here: names the supported ones and the nearest.
 */
export async function buildProgram(checkpoint: Checkpoint, options: BuildOptions = {}): Promise<Program> {
  const modelType = checkpoint.config['model_type']
  const model = familyOf(modelType)
  if (model) {
    const program = await named(checkpoint, () => model.build(checkpoint, options))
    if (options.mtp && !program.draft) unsupported(checkpoint.name, 'speculate mtp')
    await checkUnread(checkpoint, program, model.spare)
    return program
  }
  const near = typeof modelType === 'string' ? nearest(modelType) : undefined
  const found = typeof modelType === 'string' ? JSON.stringify(modelType.slice(0, 64)) : 'no model_type'
  throw new UserError(
    `${checkpoint.name}: expected a supported architecture (${SUPPORTED}); found ${found}` +
      `${near ? `, of which the nearest is ${near}` : ''}. ` +
      'kaiyuan models lists models of every size that run here; docs/models.md lists all architectures.',
    'unsupported_model',
  )
}

/** The families as people call them. */
const SUPPORTED =
  'DeepSeek V2 to V4, Kimi, Llama, Qwen 2 to 3.5, GLM 4.5 to 5, gpt-oss, MiniMax M2, Mistral, Mixtral and Gemma 3'

/** Parts of a config that several families share do not know whose they are. */
async function named(checkpoint: Checkpoint, build: () => Promise<Program>): Promise<Program> {
  try {
    return await build()
  } catch (error) {
    if (!(error instanceof UserError) || error.at || error.fault.includes(checkpoint.name)) throw error
    const { path, remedies, cause } = error
    throw new UserError(`${checkpoint.name}: ${error.fault}`, error.code, { path, remedies, cause })
  }
}

/** Of the supported names that begin with the same word, that with the smallest edit distance: phi3 is no misspelt qwen3. */
function nearest(name: string): string | undefined {
  const ranked = MODEL_TYPES.filter((type) => familyWord(type) === familyWord(name))
    .map((type) => ({ type, edits: distance(name.slice(0, 64), type) }))
    .sort((a, b) => a.edits - b.edits)
  return ranked[0]?.type
}

const familyWord = (name: string): string => /^[a-z]*/.exec(name.toLowerCase())![0]
