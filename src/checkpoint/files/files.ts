import { blobFiles } from './blob.js'
import { httpFiles } from './http.js'
import type { FileSet } from './source.js'

/** A path (Node), the address of a folder or file, files that a user chose, or any other set of files. */
export type ModelFiles = string | File | readonly File[] | FileSet

/**
 * The files of a model, wherever they are.
 * @throws UserError when there is nothing.
 */
export async function filesOf(model: ModelFiles): Promise<FileSet> {
  if (typeof model !== 'string') return 'open' in model ? model : blobFiles(model instanceof Blob ? [model] : model)
  const isAddress = /^(https?|blob|data):/.test(model)
  const { process } = globalThis as { process?: { getBuiltinModule?: unknown } }
  if (isAddress || !process?.getBuiltinModule) return httpFiles(model)
  return (await import('./node.js')).nodeFiles(model)
}
