/**
 * Where things lie in the cache. The layout is Hugging Face's (huggingface_hub, file_download.py and _tree_cache.py):
 * models--ORG--NAME/{blobs/HASH, snapshots/COMMIT/PATH -> blob, refs/BRANCH, trees/COMMIT.json}, and .locks next to them.
 */
import { isPlainFileName } from '../../checkpoint/files/range.js'
import { UserError } from '../../errors.js'
import { nodeCrypto, nodePath } from '../platform.js'
import type { ListedFile } from '../listing.js'
import type { ModelReference } from '../reference-types.js'

/** Folders of a repository in the cache. */
export interface RepositoryFolders {
  readonly name: string
  readonly root: string
  readonly blobs: string
  readonly snapshots: string
  readonly refs: string
  readonly trees: string
  readonly locks: string
}

/** An unfinished download, and its journal of pieces. */
export const PART_END = '.kaiyuan'
export const JOURNAL_END = '.kaiyuan.pieces'
export const LOCK_END = '.kaiyuan'

/** A name of a folder is no longer on any disk. */
const LONGEST_NAME = 200

/** The folder's name of a model. ModelScope's files are those of Hugging Face under the same name, and share its folder. */
export function folderName({ source, id }: ModelReference): string {
  if (source === 'hugging-face' || source === 'modelscope') return ['models', ...id.split('/')].join('--')
  // What stands after the question mark is a signature, another one each time.
  const parts = source === 'http' ? [id.replace(/[?#].*$/, '')] : id.split('/')
  const name = [source, ...parts.map((part) => encodeURIComponent(part).replace(/\*/g, '%2A'))].join('--')
  if (name.length <= LONGEST_NAME) return name
  return `${name.slice(0, LONGEST_NAME)}--${nodeCrypto().createHash('sha256').update(id).digest('hex').slice(0, 16)}`
}

/** The model of a folder; undefined where the folder is something else. */
export function referenceOf(folder: string): ModelReference | undefined {
  const [kind, ...parts] = folder.split('--')
  if (parts.length === 0 || folder.length > LONGEST_NAME) return undefined
  if (kind === 'models') return { source: 'hugging-face', id: parts.join('/') }
  if (kind !== 'pypi' && kind !== 'npm' && kind !== 'http') return undefined
  try {
    return {
      source: kind,
      id: kind === 'http' ? decodeURIComponent(parts.join('--')) : parts.map(decodeURIComponent).join('/'),
    }
  } catch {
    return undefined
  }
}

export function foldersOf(cache: string, name: string): RepositoryFolders {
  const join = (...parts: string[]): string => nodePath().join(...parts)
  const root = join(cache, name)
  return {
    name,
    root,
    blobs: join(root, 'blobs'),
    snapshots: join(root, 'snapshots'),
    refs: join(root, 'refs'),
    trees: join(root, 'trees'),
    locks: join(cache, '.locks', name),
  }
}

/** The branch that is meant where none is named, and where a branch's commit is written. */
export function refOf({ source, revision }: ModelReference): string {
  if (revision !== undefined && !isPlainFileName(revision))
    throw new UserError(`${revision}: expected a branch, a tag or a commit`, 'invalid_argument')
  if (source === 'modelscope') return `modelscope/${revision ?? 'master'}`
  return revision ?? 'main'
}

/** The blob's name: its hash, by which it is found whatever file it is. */
export function blobName(file: ListedFile): string {
  if (file.hash) return 'sha256' in file.hash ? file.hash.sha256 : file.hash.gitSha1
  const identity = JSON.stringify([file.path, file.size, file.etag ?? ''])
  return `etag-${nodeCrypto().createHash('sha256').update(identity).digest('hex').slice(0, 40)}`
}
