import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { refuseLookAlikeIn } from '../checkpoint/files/look-alikes.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { openFolder } from '../checkpoint/safetensors/folder.js'
import { UserError } from '../errors.js'
import { openGguf } from '../published/gguf.js'
import { isMistralForm, openMistral } from '../published/mistral.js'
import { MODELS } from './registry.js'

const GGUF = MODELS.flatMap(({ published }) => published?.gguf ?? [])
const MISTRAL = MODELS.flatMap(({ published }) => published?.mistral ?? [])

/**
 * Opens a model: a folder in Hugging Face layout or in Mistral's, or a GGUF file. Reads headers only, never weights.
 * @throws UserError when files are missing, damaged or of an unknown kind.
 */
export async function openCheckpoint(files: FileSet): Promise<Checkpoint> {
  const main = files.main ?? (await onlyGguf(files))
  if (main === undefined || /\.safetensors$/i.test(main)) return openWeights(files)
  if (!/\.gguf$/i.test(main)) await expectGguf(files, main)
  return openGguf(files, main, GGUF)
}

/** Ollama keeps its files under names without an ending. @throws UserError for a file that is not GGUF. */
async function expectGguf(files: FileSet, main: string): Promise<void> {
  const source = await files.open(main)
  try {
    if (source && source.size >= 4 && String.fromCharCode(...(await source.read(0, 4))) === 'GGUF') return
    if (source) await refuseLookAlikeIn(source)
  } finally {
    await source?.close()
  }
  throw new UserError(
    `${files.name}/${main}: expected a model folder, a .gguf file or a .safetensors file. Give one of these.`,
    'invalid_argument',
  )
}

async function openWeights(files: FileSet): Promise<Checkpoint> {
  return (await isMistralForm(files)) ? openMistral(files, MISTRAL) : openFolder(files)
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
