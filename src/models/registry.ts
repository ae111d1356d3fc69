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

/**
 * The program of a checkpoint, by its config's model_type.
 * @throws UserError for an architecture that is not here: names the supported ones and the nearest.
 */
export async function buildProgram(checkpoint: Checkpoint, options: BuildOptions = {}): Promise<Program> {
  const modelType = checkpoint.config['model_type']
  const model = MODELS.find((m) => m.modelTypes.includes(String(modelType)))
  if (model) {
    const program = await named(checkpoint, () => model.build(checkpoint, options))
    if (options.mtp && !program.draft) unsupported(checkpoint.name, 'speculate mtp')
    await checkUnread(checkpoint, program, model.spare)
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

/** The supported name with the smallest edit distance, if it is near at all. */
function nearest(name: string): string | undefined {
  const ranked = MODEL_TYPES.map((type) => ({ type, edits: distance(name.slice(0, 64), type) })).sort(
    (a, b) => a.edits - b.edits,
  )
  return ranked[0] && ranked[0].edits <= 4 ? ranked[0].type : undefined
}
