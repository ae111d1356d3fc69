/** Reads stored files and compares them with the hashes that their hub named. */
import { UserError } from '../../errors.js'
import { throwIfAborted } from '../network/patience.js'
import { nodeCrypto, nodeFiles, nodePath } from '../platform.js'
import type { FileHash } from '../listing.js'
import type { ModelReference } from '../reference-types.js'
import type { CheckedFile, StoredModel, VerifyOptions } from '../store.js'
import { nameOf } from '../wording.js'
import { matchingTag } from './completeness.js'
import type { CachedModels } from './snapshots.js'
import { storedCommit } from './snapshots.js'
import { readTree } from './tree.js'

/** @throws UserError when there is no such model */
export async function verifyModels(
  cache: CachedModels,
  reference: ModelReference | undefined,
  options: VerifyOptions,
): Promise<CheckedFile[]> {
  const models = reference ? await meant(cache, reference) : await cache.all()
  const checked: CheckedFile[] = []
  const seen = new Set<string>()
  for (const model of models) {
    for (const file of await expectedFiles(cache, model)) {
      const place = nodePath().join(model.folder, file.path)
      if (seen.has(place)) continue
      seen.add(place)
      throwIfAborted(options.signal)
      const state = await stateOf(place, file, options.signal)
      if (state === 'wrong' && options.repair === true) await takeOut(place)
      const row = { model: model.name, path: file.path, bytes: file.size, state }
      options.onFile?.(row)
      checked.push(row)
    }
  }
  return checked
}

async function meant(cache: CachedModels, reference: ModelReference): Promise<StoredModel[]> {
  const commit = await storedCommit(cache.folders(reference), reference)
  const found = (await cache.inFolder(reference)).filter(
    (model) =>
      model.commit === commit &&
      (reference.tag === undefined || matchingTag(model.reference.tag, reference.tag, model.open)),
  )
  if (found.length > 0) return found
  throw new UserError(`${nameOf(reference)}: no such model in the cache.`, 'model_not_found')
}

export interface Expected {
  readonly path: string
  readonly size: number
  readonly hash?: FileHash | undefined
}

/** By the list of its commit; the names of blobs say their hashes where there is no list. */
export async function expectedFiles(cache: CachedModels, model: StoredModel): Promise<Expected[]> {
  const tree = await readTree(cache.folders(model.reference), model.commit)
  const listed = new Map(tree?.map((file) => [file.path, file]))
  const named = model.files.map(async (path) => listed.get(path) ?? byBlob(nodePath().join(model.folder, path), path))
  return Promise.all(named)
}

async function byBlob(place: string, path: string): Promise<Expected> {
  const target = await nodeFiles()
    .readlink(place)
    .catch(() => '')
  const name = nodePath().basename(target)
  const found = await nodeFiles()
    .stat(place)
    .catch(() => undefined)
  const size = found?.size ?? 0
  if (/^[0-9a-f]{64}$/.test(name)) return { path, size, hash: { sha256: name } }
  return /^[0-9a-f]{40}$/.test(name) ? { path, size, hash: { gitSha1: name } } : { path, size }
}

/** Whether the file at a place is the one that is expected there. */
export async function stateOf(
  place: string,
  { size, hash }: Omit<Expected, 'path'>,
  signal?: AbortSignal,
): Promise<CheckedFile['state']> {
  const found = await nodeFiles()
    .stat(place)
    .catch(() => undefined)
  if (!found) return 'missing'
  if (found.size !== size) return 'wrong'
  if (!hash) return 'unknown'
  const digest = nodeCrypto().createHash('sha256' in hash ? 'sha256' : 'sha1')
  if ('gitSha1' in hash) digest.update(`blob ${size}\0`)
  const handle = await nodeFiles().open(place, 'r')
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
      throwIfAborted(signal)
      digest.update(chunk as Uint8Array)
    }
  } finally {
    await handle.close()
  }
  return digest.digest('hex') === Object.values(hash)[0] ? 'right' : 'wrong'
}

/** The blob and its name: no model is complete without it. */
async function takeOut(place: string): Promise<void> {
  const blob = await nodeFiles()
    .realpath(place)
    .catch(() => place)
  await nodeFiles().rm(blob, { force: true })
  await nodeFiles().rm(place, { force: true })
}
