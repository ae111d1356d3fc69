import type { JsonObject } from '../json.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { Program } from '../graph/program.js'
import type { GgufForm } from '../published/gguf.js'
import type { MistralForm } from '../published/mistral.js'

export interface BuildOptions {
  /** Build the draft by the model's layer for further tokens too. */
  readonly mtp?: boolean
}

/** The forms in which an architecture is published in addition to Hugging Face's layout. */
export interface PublishedForms {
  readonly gguf?: readonly GgufForm[]
  readonly mistral?: MistralForm
}

/** How a lab says that its chat models choose tokens; what is left out narrows nothing. */
export interface ChatSampling {
  readonly temperature: number
  readonly topP?: number
  readonly topK?: number
  readonly repetitionPenalty?: number
}

/** One architecture: the model_types it serves, and how a checkpoint becomes a program. */
export interface ModelDefinition {
  readonly modelTypes: readonly string[]
  readonly published?: PublishedForms
  /** Of its chat models, for files that do not say it themselves; with its source. */
  readonly chatSampling?: ChatSampling | ((config: JsonObject) => ChatSampling)
  /** Tensors of a layer, below it, that the labs publish and that nothing reads. */
  readonly spare?: RegExp
  /** @throws UserError when the config is not one this definition can build. A definition without MTP leaves the option aside. */
  build(checkpoint: Checkpoint, options?: BuildOptions): Promise<Program>
}
