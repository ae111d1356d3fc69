/** The listing of a commit as Python's huggingface_hub keeps it: trees/COMMIT.json. A commit never changes. */
import { isJsonObject } from '../../json.js'
import { nodeFiles, nodePath } from '../platform.js'
import type { FileHash } from '../listing.js'
import type { RepositoryFolders } from './layout.js'
import { replaceFile } from './replace.js'

/** A file of a stored listing. */
export interface TreeFile {
  readonly path: string
  readonly size: number
  readonly hash?: FileHash | undefined
}

const FORMAT = 1

/** Undefined where there is none that can be read. */
export async function readTree({ trees }: RepositoryFolders, commit: string): Promise<TreeFile[] | undefined> {
  const text = await nodeFiles()
    .readFile(nodePath().join(trees, `${commit}.json`), 'utf8')
    .catch(() => undefined)
  if (text === undefined) return undefined
  const content = parsed(text)
  if (!isJsonObject(content) || content['format_version'] !== FORMAT || !isJsonObject(content['files']))
    return undefined
  return Object.entries(content['files']).flatMap(([path, entry]) => treeFile(path, entry) ?? [])
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function treeFile(path: string, entry: unknown): TreeFile | undefined {
  if (!isJsonObject(entry)) return undefined
  const { size, blob_id: gitSha1, lfs_sha256: sha256, lfs_size: lfsSize } = entry
  if (typeof size !== 'number') return undefined
  if (typeof sha256 === 'string') return { path, size: typeof lfsSize === 'number' ? lfsSize : size, hash: { sha256 } }
  if (typeof gitSha1 === 'string' && /^[0-9a-f]{40}$/.test(gitSha1)) return { path, size, hash: { gitSha1 } }
  return { path, size }
}

/** Python reads it too: what has no hash of git gets an empty one. */
export async function writeTree(folders: RepositoryFolders, commit: string, files: readonly TreeFile[]): Promise<void> {
  const entries = files.map(({ path, size, hash }) => {
    const isLarge = hash && 'sha256' in hash
    const large = isLarge ? { lfs_sha256: hash.sha256, lfs_size: size } : {}
    return [path, { size, blob_id: hash && 'gitSha1' in hash ? hash.gitSha1 : '', ...large }] as const
  })
  const content = { format_version: FORMAT, files: Object.fromEntries(entries) }
  await replaceFile(nodePath().join(folders.trees, `${commit}.json`), JSON.stringify(content, null, 1))
}
