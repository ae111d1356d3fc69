import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { Program } from '../graph/program.js'

export interface BuildOptions {
  /** Build the draft by the model's layer for further tokens too. */
  readonly mtp?: boolean
}

/** One architecture: the model_types it serves, and how a checkpoint becomes a program. */
export interface ModelDefinition {
  readonly modelTypes: readonly string[]
  /** @throws UserError when the config is not one this definition can build. A definition without MTP leaves the option aside. */
  build(checkpoint: Checkpoint, options?: BuildOptions): Promise<Program>
}
