import { UserError } from '../errors.js'
import type { Checkpoint } from './checkpoint.js'
import { openSafetensors } from './safetensors.js'
import type { FileSet } from './source.js'

/**
 * Opens a model: a folder in Hugging Face layout, or a GGUF file. Reads headers only, never weights.
 * @throws UserError when files are missing, damaged or of an unknown kind.
 */
export async function openCheckpoint(files: FileSet): Promise<Checkpoint> {
  const { main } = files
  if (main?.endsWith('.safetensors')) return openSafetensors(files)
  if (main === undefined) return openSafetensors(files)
  throw new UserError(
    `${files.name}/${main}: expected a model folder, a .gguf file or a .safetensors file. Give one of these.`,
    'invalid_argument',
  )
}
