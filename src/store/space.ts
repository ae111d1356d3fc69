/** Whether a disk has the space for what is to be fetched. */
import { tooSmall } from './cache/disk-errors.js'
import { PART_END, type RepositoryFolders } from './cache/layout.js'
import type { NodeDisk } from './cache/node-disk.js'
import { nodeFiles, nodePath } from './platform.js'
import type { Wanted } from './transfer/lanes.js'

/** Left on the disk for everything else. */
const SPARE_BYTES = 64 << 20

/** @throws UserError where the disk is too small for what is missing */
export async function checkSpace(disk: NodeDisk, folders: RepositoryFolders, wanted: readonly Wanted[]): Promise<void> {
  const missing = await Promise.all(
    wanted.map(async ({ file, blob }) => {
      if ((await disk.sizeOf(blob)) === file.size) return 0
      const part = await nodeFiles()
        .stat(`${disk.blob(blob)}${PART_END}`)
        .catch(() => undefined)
      return Math.max(0, file.size - (part ? part.blocks * 512 : 0))
    }),
  )
  const needed = missing.reduce((sum, bytes) => sum + bytes, 0)
  const free = await freeBytes(folders.root)
  if (needed > 0 && free !== undefined && needed + SPARE_BYTES > free) throw tooSmall(folders.root, needed, free)
}

/** Of the disk that a folder will be on; undefined where the system does not say. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let at = folder; ; at = nodePath().dirname(at)) {
    const found = await nodeFiles()
      .statfs(at)
      .catch(() => undefined)
    if (found) return found.bavail * found.bsize
    if (at === nodePath().dirname(at)) return undefined
  }
}
