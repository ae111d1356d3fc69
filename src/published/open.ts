import { UserError } from '../errors.js'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { openGguf } from './gguf.js'
import { isMistralLayout, MISTRAL_LAYOUT } from './mistral.js'
import { openSafetensors } from '../checkpoint/safetensors/folder.js'
import type { FileSet } from '../checkpoint/files/source.js'

/**
 * Opens a model: a folder in Hugging Face layout or in Mistral's, or a GGUF file. Reads headers only, never weights.
 * @throws UserError when files are missing, damaged or of an unknown kind.
 */
export async function openCheckpoint(files: FileSet): Promise<Checkpoint> {
  const { main } = files
  if (main?.endsWith('.gguf')) return openGguf(files, main)
  if (main?.endsWith('.safetensors')) return openFolder(files)
  if (main === undefined) {
    const only = await onlyGguf(files)
    return only === undefined ? openFolder(files) : openGguf(files, only)
  }
  throw new UserError(
    `${files.name}/${main}: expected a model folder, a .gguf file or a .safetensors file. Give one of these.`,
    'invalid_argument',
  )
}

async function openFolder(files: FileSet): Promise<Checkpoint> {
  return openSafetensors(files, (await isMistralLayout(files)) ? MISTRAL_LAYOUT : undefined)
}

/** The GGUF file of a folder that holds nothing else to open: a single file or the first part of a split one. */
async function onlyGguf(files: FileSet): Promise<string | undefined> {
  const names = await files.list()
  if (names.includes('config.json') || names.some((name) => name.endsWith('.safetensors'))) return undefined
  const ggufs = names.filter((name) => name.endsWith('.gguf'))
  const heads = ggufs.filter((name) => !/-\d{5}-of-\d{5}\.gguf$/.test(name) || name.includes('-00001-of-'))
  if (ggufs.length === 0) return undefined
  const [only] = heads
  if (heads.length === 1 && only !== undefined) return only
  throw new UserError(
    `${files.name}: expected one model, found ${ggufs.length} GGUF files (${ggufs.slice(0, 3).join(', ')}...). ` +
      'Give the path of one of them.',
    'invalid_argument',
  )
}
