import { UserError } from '../../errors.js'
import { blobFiles } from './blob.js'
import { addressedFiles } from './addresses.js'
import { httpFiles } from './http.js'
import { MINI, MINI_FILES, miniPath } from './mini.js'
import type { FileSet } from './source.js'

/**
 * A path (Node), the address of a folder or file, the addresses of a folder's files, files that a user chose, or any other set of
 * files. `'mini'` is the small model inside of the package; a folder of that name in the current one is `'./mini'`.
 */
export type ModelFiles = string | File | readonly File[] | readonly string[] | FileSet

/**
 * The files of a model, wherever they are.
 * @throws UserError when there is nothing.
 */
export async function filesOf(named: ModelFiles): Promise<FileSet> {
  const given: unknown = named
  if (given === '' || (typeof given !== 'string' && (typeof given !== 'object' || given === null)))
    throw new UserError(
      `the model: expected a folder, a .gguf file, an address or a name; found ${given === '' ? 'an empty text' : String(given)}`,
      'invalid_argument',
    )
  const model = named === MINI ? miniPath() : named
  if (typeof model !== 'string') return 'open' in model ? model : listedFiles(model instanceof Blob ? [model] : model)
  const isAddress = /^(https?|blob|data):/.test(model)
  const { process } = globalThis as { process?: { getBuiltinModule?: unknown } }
  if (isAddress || !process?.getBuiltinModule) return httpFiles(model, named === MINI ? { names: MINI_FILES } : {})
  return (await import('./node.js')).nodeFiles(model)
}

function listedFiles(files: readonly (File | string)[]): FileSet {
  const addresses = files.filter((file) => typeof file === 'string')
  const chosen = files.filter((file) => typeof file !== 'string')
  if (addresses.length === 0) return blobFiles(chosen)
  if (chosen.length === 0) return addressedFiles(addresses)
  throw new UserError('the model: expected files or their addresses, found both', 'invalid_argument')
}
