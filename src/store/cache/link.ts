/** Gives blobs their names in a snapshot, and a branch its commit: the last steps of a pull. */
import { errorCode, nodeCrypto, nodeFiles, nodePath } from '../platform.js'
import type { RepositoryFolders } from './layout.js'
import { replaceFile } from './replace.js'

/** Systems and disks without links: the file itself moves into the snapshot, as Python does it. */
const NO_LINKS = ['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'UNKNOWN']

export async function linkFile(
  folders: RepositoryFolders,
  commit: string,
  path: string,
  blob: string,
  allowLinks: boolean,
): Promise<void> {
  const { mkdir, rename, rm, symlink } = nodeFiles()
  const place = nodePath().join(folders.snapshots, commit, ...path.split('/'))
  const source = nodePath().join(folders.blobs, blob)
  await mkdir(nodePath().dirname(place), { recursive: true })
  if (allowLinks) {
    const target = nodePath().relative(nodePath().dirname(place), source)
    if (await isLinkTo(place, target)) return
    const temporary = `${place}.${nodeCrypto().randomUUID()}.tmp`
    try {
      await symlink(target, temporary)
      await rename(temporary, place)
      return
    } catch (error) {
      await rm(temporary, { force: true })
      if (!NO_LINKS.includes(errorCode(error) ?? '')) throw error
    }
  }
  await rename(source, place)
}

async function isLinkTo(place: string, target: string): Promise<boolean> {
  const found = await nodeFiles()
    .readlink(place)
    .catch(() => undefined)
  return found === target
}

export async function writeRef({ refs }: RepositoryFolders, ref: string, commit: string): Promise<void> {
  await replaceFile(nodePath().join(refs, ref), commit)
}

const TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This file tells backup programs that the folder is a cache of models. https://bford.info/cachedir/
`

/** Backup programs leave a folder with this file out. */
export async function tagCache(cache: string): Promise<void> {
  await nodeFiles().mkdir(cache, { recursive: true })
  await nodeFiles()
    .writeFile(nodePath().join(cache, 'CACHEDIR.TAG'), TAG, { flag: 'wx' })
    .catch(() => undefined)
}
