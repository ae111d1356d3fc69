/** The models that lie in the cache, read from its folders. */
import { UserError } from '../../errors.js'
import { isJsonObject } from '../../json.js'
import { reasonOf } from '../../system-error.js'
import { bytesOf, matchingSets, ggufSets, chooseFiles, type SizedFile } from '../choose.js'
import { isCommit } from '../commit.js'
import { errorCode, nodeFiles, nodePath } from '../platform.js'
import type { ModelReference } from '../reference-types.js'
import type { StoredModel } from '../store.js'
import { nameOf } from '../wording.js'
import { groupsOf, isEssential, isWhole, type FileGroup } from './completeness.js'
import { JOURNAL_END, PART_END, foldersOf, folderName, refOf, referenceOf, type RepositoryFolders } from './layout.js'
import { readTree, type TreeFile } from './tree.js'

/** A file of a snapshot: what its link leads to. */
export interface SnapshotFile extends SizedFile {
  readonly used: Date
}

/** The files of a commit, links whose blob is gone left out. */
export async function snapshotFiles({ snapshots }: RepositoryFolders, commit: string): Promise<SnapshotFile[]> {
  const root = nodePath().join(snapshots, commit)
  const entries = await nodeFiles()
    .readdir(root, { recursive: true, withFileTypes: true })
    .catch(() => [])
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const whole = nodePath().join(entry.parentPath, entry.name)
      const found = await nodeFiles()
        .stat(whole)
        .catch(() => undefined)
      const path = nodePath().relative(root, whole).replaceAll('\\', '/')
      if (!found?.isFile()) return []
      return [{ path, size: found.size, used: new Date(Math.max(found.atimeMs, found.mtimeMs)) }]
    })
  return (await Promise.all(files)).flat().sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The names of a folder, none where it is missing. @throws UserError where it cannot be read */
export async function namesIn(folder: string): Promise<string[]> {
  return nodeFiles()
    .readdir(folder)
    .catch((cause: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(cause) ?? '')) return []
      throw new UserError(`${folder}: cannot be read: ${reasonOf(cause)}`, 'access_denied', { cause })
    })
}

/** The names of a cache. @throws UserError where it is no folder, or cannot be read */
export async function namesInCache(cache: string): Promise<string[]> {
  const found = await nodeFiles()
    .stat(cache)
    .catch(() => undefined)
  if (found && !found.isDirectory())
    throw new UserError(`${cache}: expected the folder of a cache; found a file`, 'invalid_argument')
  return namesIn(cache)
}

/** The commit that a branch had when it was last fetched. */
export async function readRef({ refs }: RepositoryFolders, ref: string): Promise<string | undefined> {
  const text = await nodeFiles()
    .readFile(nodePath().join(refs, ref), 'utf8')
    .catch(() => undefined)
  const commit = text?.trim()
  return isCommit(commit) ? commit : undefined
}

/** The commit of a reference on this machine. What ModelScope gave stands for the hub's where that was never asked. */
export async function storedCommit(folders: RepositoryFolders, reference: ModelReference): Promise<string | undefined> {
  const { source, revision } = reference
  if (isCommit(revision)) return revision
  const found = await readRef(folders, refOf(reference))
  if (found !== undefined || source !== 'hugging-face' || revision !== undefined) return found
  return readRef(folders, refOf({ source: 'modelscope', id: reference.id }))
}

/** The shards that an index names; undefined where there is no index that can be read. */
async function indexedShards(snapshot: string): Promise<string[] | undefined> {
  const path = nodePath().join(snapshot, 'model.safetensors.index.json')
  try {
    const content: unknown = JSON.parse(await nodeFiles().readFile(path, 'utf8'))
    const map = isJsonObject(content) ? content['weight_map'] : undefined
    return isJsonObject(map) ? [...new Set(Object.values(map).filter((file) => typeof file === 'string'))] : undefined
  } catch {
    return undefined
  }
}

/** The models of a cache, unfinished ones too. */
export class CachedModels {
  constructor(readonly cache: string) {}

  folders(reference: ModelReference): RepositoryFolders {
    return foldersOf(this.cache, folderName(reference))
  }

  /** Undefined unless nothing is missing. */
  async find(reference: ModelReference): Promise<StoredModel | undefined> {
    const folders = this.folders(reference)
    const commit = await storedCommit(folders, reference)
    if (commit === undefined) return undefined
    const commitFiles = await this.commit(folders, commit)
    const group = wantedGroup(commitFiles.tree ?? commitFiles.present, reference.tag)
    const model = group && (await this.stored(folders, commitFiles, group, { ...reference, tag: group.tag }))
    return model?.complete ? model : undefined
  }

  /** All models of the cache. */
  async all(): Promise<StoredModel[]> {
    const references = (await namesInCache(this.cache)).flatMap((name) => referenceOf(name) ?? [])
    return (await Promise.all(references.map((reference) => this.inFolder(reference)))).flat()
  }

  /** All models of a folder of the cache. */
  async inFolder(reference: ModelReference): Promise<StoredModel[]> {
    const folders = this.folders(reference)
    const refs = await this.refs(folders)
    const trees = (await namesIn(folders.trees)).map((name) => name.replace(/\.json$/, ''))
    const commits = [...new Set([...(await namesIn(folders.snapshots)), ...trees])].filter(isCommit)
    const models: StoredModel[] = []
    for (const commit of commits) {
      const commitFiles = await this.commit(folders, commit)
      const named = await this.named(reference, commit, refs)
      for (const group of groupsOf(commitFiles.tree ?? commitFiles.present)) {
        const model = await this.stored(folders, commitFiles, group, { ...named, tag: group.tag })
        if (model && (model.bytes > 0 || model.complete)) models.push(model)
      }
    }
    return models
  }

  /** By the branch where it has this commit, else by the commit. */
  private async named(
    { source, id }: ModelReference,
    commit: string,
    refs: ReadonlyMap<string, string>,
  ): Promise<ModelReference> {
    const own = refs.get(commit)
    if (own === undefined) return { source, id, ...(refs.size > 0 && { revision: commit }) }
    if (own.startsWith('modelscope/')) {
      const branch = own.slice('modelscope/'.length)
      return { source: 'modelscope', id, ...(branch !== 'master' && { revision: branch }) }
    }
    return { source, id, ...(own !== 'main' && { revision: own }) }
  }

  /** Branches by their commits; main, where it is one of several, before others. */
  private async refs({ refs }: RepositoryFolders): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    const entries = await nodeFiles()
      .readdir(refs, { recursive: true, withFileTypes: true })
      .catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const whole = nodePath().join(entry.parentPath, entry.name)
      const name = nodePath().relative(refs, whole).replaceAll('\\', '/')
      const commit = (
        await nodeFiles()
          .readFile(whole, 'utf8')
          .catch(() => '')
      ).trim()
      if (isCommit(commit) && (name === 'main' || !found.has(commit))) found.set(commit, name)
    }
    return found
  }

  private async commit(folders: RepositoryFolders, commit: string): Promise<CommitFiles> {
    const [tree, present] = await Promise.all([readTree(folders, commit), snapshotFiles(folders, commit)])
    return { commit, tree, present }
  }

  private async stored(
    folders: RepositoryFolders,
    { commit, tree, present }: CommitFiles,
    group: FileGroup,
    reference: ModelReference,
  ): Promise<StoredModel | undefined> {
    const there = new Map(present.map((file) => [file.path, file]))
    const found = group.files.flatMap(({ path }) => there.get(path) ?? [])
    const folder = nodePath().join(folders.snapshots, commit)
    const isComplete = tree
      ? group.files.every((file) => !isEssential(file, group) || there.get(file.path)?.size === file.size)
      : isWhole(group, present, await indexedShards(folder))
    const bytes = isComplete
      ? bytesOf(found)
      : bytesOf(found) + (await unlinkedBytes(folders, tree ?? [], group, there))
    const first = group.files[0]
    if (!first) return undefined
    const used = found.map((file) => file.used.getTime())
    return {
      reference,
      name: nameOf(reference),
      commit,
      folder,
      open: group.tag === undefined ? folder : nodePath().join(folder, first.path),
      files: found.map(({ path }) => path),
      bytes,
      complete: isComplete,
      ...(used.length > 0 && { lastUsed: new Date(Math.max(...used)) }),
      origin: reference.source === 'pypi' || reference.source === 'npm' ? 'package' : 'cache',
    }
  }
}

interface CommitFiles {
  readonly commit: string
  readonly tree: readonly TreeFile[] | undefined
  readonly present: readonly SnapshotFile[]
}

/** The group that a tag means, or that is taken without one. */
function wantedGroup(files: readonly SizedFile[], tag: string | undefined): FileGroup | undefined {
  if (tag !== undefined) {
    const [set] = matchingSets(ggufSets(files), tag)
    if (set) return { tag: set.label, files: set.files }
    if (!files.some(({ path }) => path === tag)) return undefined
  }
  try {
    const chosen = chooseFiles('', files)
    const [set] = ggufSets(chosen)
    return set ? { tag: set.label, files: set.files } : { files: chosen }
  } catch {
    return undefined
  }
}

/** Bytes of a group that are fetched and have no name yet: blobs, and the written part of unfinished ones. */
async function unlinkedBytes(
  { blobs }: RepositoryFolders,
  tree: readonly TreeFile[],
  group: FileGroup,
  there: ReadonlyMap<string, unknown>,
): Promise<number> {
  const wanted = new Set(group.files.map(({ path }) => path))
  const missing = tree.filter(({ path }) => wanted.has(path) && !there.has(path))
  const sizes = missing.map(async ({ hash }) => {
    if (!hash) return 0
    const blob = nodePath().join(blobs, 'sha256' in hash ? hash.sha256 : hash.gitSha1)
    const { stat } = nodeFiles()
    const whole = await stat(blob).catch(() => undefined)
    if (whole) return whole.size
    const part = await stat(`${blob}${PART_END}`).catch(() => undefined)
    // The file has its full size from the beginning; what is written takes blocks.
    return part ? Math.min(part.size, part.blocks * 512) : 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** Whether a name among the blobs is that of an unfinished download or of its journal. */
export function isPartName(name: string): boolean {
  return name.endsWith(PART_END) || name.endsWith(JOURNAL_END) || /\.(incomplete|downloadInProgress)$/.test(name)
}
