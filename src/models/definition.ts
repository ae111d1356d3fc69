import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { Program } from '../graph/program.js'

/** One architecture: the model_types it serves, and how a checkpoint becomes a program. */
export interface ModelDefinition {
  readonly modelTypes: readonly string[]
  /** @throws UserError when the config is not one this definition can build. */
  build(checkpoint: Checkpoint): Promise<Program>
}
