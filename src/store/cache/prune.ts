/** Takes out of the cache what no model needs. */
import { nodeFiles, nodePath } from '../platform.js'
import type { PruneOptions, Removed } from '../store.js'
import { LOCK_END, foldersOf } from './layout.js'
import { removeStale } from './lock.js'
import { Freed, namedBlobs } from './remove.js'
import { isPartName, namesIn, namesInCache, type CachedModels } from './snapshots.js'

/** Another program may be about to link a blob that it has just finished. */
const YOUNG_MS = 10 * 60_000

export async function pruneCache(
  { cache }: CachedModels,
  { dryRun = false, parts = true }: PruneOptions,
): Promise<Removed> {
  const freed = new Freed(dryRun)
  for (const name of await namesInCache(cache)) {
    if (!name.includes('--')) continue
    const folders = foldersOf(cache, name)
    const named = await namedBlobs(folders)
    for (const blob of await namesIn(folders.blobs)) {
      const path = nodePath().join(folders.blobs, blob)
      const isPart = isPartName(blob)
      if (isPart ? !parts : named.has(blob)) continue
      if (await isInUse(path, isPart, nodePath().join(folders.locks, `${bare(blob)}${LOCK_END}`))) continue
      await freed.file(path)
    }
    await removeLeftovers(folders.snapshots, folders.refs, folders.trees, freed)
  }
  await removeLocks(nodePath().join(cache, '.locks'), freed)
  return freed
}

function bare(blob: string): string {
  return blob.replace(/\.kaiyuan(\.pieces)?$/, '')
}

/** A part without a living lock is free; a part or a blob of another program, once it is old. */
async function isInUse(path: string, isPart: boolean, lock: string): Promise<boolean> {
  const isOwn = /\.kaiyuan(\.pieces)?$/.test(path)
  if (isPart && isOwn) return !(await removeStale(lock))
  const found = await nodeFiles()
    .stat(path)
    .catch(() => undefined)
  return found === undefined || Date.now() - found.mtimeMs < YOUNG_MS
}

/** Names that a process which was killed has not finished writing. */
async function removeLeftovers(snapshots: string, refs: string, trees: string, freed: Freed): Promise<void> {
  for (const folder of [snapshots, refs, trees]) {
    const entries = await nodeFiles()
      .readdir(folder, { recursive: true, withFileTypes: true })
      .catch(() => [])
    for (const entry of entries)
      if (!entry.isDirectory() && /\.[0-9a-f-]{36}\.tmp$/.test(entry.name))
        await freed.file(nodePath().join(entry.parentPath, entry.name))
  }
}

async function removeLocks(folder: string, freed: Freed): Promise<void> {
  for (const name of await namesIn(folder))
    for (const lock of await namesIn(nodePath().join(folder, name))) {
      const path = nodePath().join(folder, name, lock)
      if (lock.endsWith(LOCK_END) && (await removeStale(path))) freed.paths.push(path)
    }
}
