import { blobFiles } from './blob.js'
import { httpFiles } from './http.js'
import { MINI, miniPath } from './mini.js'
import type { FileSet } from './source.js'

/**
 * A path (Node), the address of a folder or file, files that a user chose, or any other set of files. `'mini'` is the small
 * model inside of the package; a folder of that name in the current one is `'./mini'`.
 */
export type ModelFiles = string | File | readonly File[] | FileSet

/**
 * The files of a model, wherever they are.
 * @throws UserError when there is nothing.
 */
export async function filesOf(named: ModelFiles): Promise<FileSet> {
  const model = named === MINI ? miniPath() : named
  if (typeof model !== 'string') return 'open' in model ? model : blobFiles(model instanceof Blob ? [model] : model)
  const isAddress = /^(https?|blob|data):/.test(model)
  const { process } = globalThis as { process?: { getBuiltinModule?: unknown } }
  if (isAddress || !process?.getBuiltinModule) return httpFiles(model)
  return (await import('./node.js')).nodeFiles(model)
}
