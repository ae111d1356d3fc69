import { UserError } from '../../errors.js'
import { rangeCache } from './range-cache.js'
import type { FileSet } from './source.js'

/**
 * Files that a user chose or dropped: one file (model.gguf), or those of a model folder; the folder's own name, which
 * `<input webkitdirectory>` puts in front of them, is taken off.
 * @throws UserError when there are none, or two of one name.
 */
export function blobFiles(files: readonly File[]): FileSet {
  const [first] = files
  if (!first) throw new UserError('no files: give a .gguf file, or the files of a model folder', 'invalid_argument')
  const folder = first.webkitRelativePath?.split('/')[0] ?? ''
  const named = new Map<string, File>()
  for (const file of files) {
    const path = file.webkitRelativePath
    const name = path && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : file.name
    if (named.has(name))
      throw new UserError(`two files are called ${name}: give the files of one model only`, 'invalid_argument')
    named.set(name, file)
  }
  return {
    name: folder === '' ? (files.length === 1 ? 'chosen file' : 'chosen files') : folder,
    ...(files.length === 1 && folder === '' ? { main: first.name } : {}),
    async list() {
      return [...named.keys()]
    },
    async open(name) {
      const file = named.get(name)
      return file && rangeCache(name, file.size, (offset, length) => readBlob(name, file, offset, length))
    },
  }
}

async function readBlob(name: string, blob: Blob, offset: number, length: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(
      `${name}: ${length} bytes at offset ${offset} cannot be read (${reason}). The file may have changed: choose it again.`,
      'invalid_file',
      { cause },
    )
  }
}
