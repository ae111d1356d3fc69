import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileSet } from '../../checkpoint/files/source.js'
import { partNames } from '../../checkpoint/gguf/file.js'
import { UserError } from '../../errors.js'

/** A model must not be written over itself. @throws UserError where `out` is one of its files, by whatever name */
export async function refuseOwnSource(out: string, files: FileSet): Promise<void> {
  const written = await stat(out, { bigint: true }).catch(() => undefined)
  if (!written) return
  for (const name of await inputsOf(files)) {
    const read = await stat(join(files.name, name), { bigint: true }).catch(() => undefined)
    if (read?.dev === written.dev && read.ino === written.ino)
      throw new UserError(`--out: ${out} is a file of the model itself. Give another name.`, 'invalid_argument')
  }
}

/** The file that was named with its other parts, or a folder's. */
async function inputsOf(files: FileSet): Promise<string[]> {
  const { main } = files
  if (main !== undefined) return partNames(files, main)
  const names = await files.list()
  // Next to safetensors a GGUF is not read.
  const isHub = names.some((name) => name.endsWith('.safetensors'))
  return names.filter((name) => !isHub || !name.endsWith('.gguf'))
}
