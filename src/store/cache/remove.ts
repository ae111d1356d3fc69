import { UserError } from '../../errors.js'
import { nodeFiles, nodePath } from '../platform.js'
import type { ModelReference } from '../reference-types.js'
import type { Removed, StoredModel } from '../store.js'
import { nameOf } from '../wording.js'
import { isCommit } from '../commit.js'
import { matchingTag } from './completeness.js'
import { JOURNAL_END, LOCK_END, PART_END, type RepositoryFolders } from './layout.js'
import { removeStale } from './lock.js'
import { namesIn, readRef, snapshotFiles, storedCommit, type CachedModels } from './snapshots.js'
import { readTree } from './tree.js'

/** @throws UserError when there is no such model */
export async function removeModel(cache: CachedModels, reference: ModelReference): Promise<Removed> {
  if (reference.source === 'ollama')
    throw new UserError(
      `${nameOf(reference)}: the model belongs to Ollama, and is only read here. Delete it there: ollama rm ${reference.id}`,
      'access_denied',
    )
  const folders = cache.folders(reference)
  const models = await cache.inFolder(reference)
  const commit = isCommit(reference.revision) ? reference.revision : await storedCommit(folders, reference)
  const meant = models.filter((model) => isMeant(model, reference, commit))
  if (meant.length === 0) throw notThere(reference, models)
  const freed = new Freed()
  const left = new Set(models.filter((model) => !meant.includes(model)).map((model) => model.commit))
  for (const model of meant) await removeNames(folders, model, left.has(model.commit), freed)
  await removeUnnamed(folders, freed, await blobsOf(folders, meant))
  await removeEmpty(folders, cache.cache)
  return freed
}

/** Without a tag, all quantisations; without a revision, the branch's commit or, where there is none, what is unfinished. */
function isMeant(model: StoredModel, { tag, revision }: ModelReference, commit: string | undefined): boolean {
  if (tag !== undefined && !matchingTag(model.reference.tag, tag, model.open)) return false
  if (commit !== undefined) return model.commit === commit
  return revision === undefined
}

function notThere(reference: ModelReference, models: readonly StoredModel[]): UserError {
  const there = models.length > 0 ? ` There are: ${models.map(({ name }) => name).join(', ')}.` : ''
  return new UserError(`${nameOf(reference)}: no such model in the cache.${there}`, 'model_not_found')
}

/** What is deleted, and how much that is. */
export class Freed implements Removed {
  bytes = 0
  readonly paths: string[] = []

  constructor(private readonly dryRun = false) {}

  async file(path: string): Promise<void> {
    const found = await nodeFiles()
      .lstat(path)
      .catch(() => undefined)
    if (!found) return
    // Of a link, what it leads to stays; of an unfinished file, what is written.
    if (found.isFile()) this.bytes += Math.min(found.size, found.blocks * 512 || found.size)
    this.paths.push(path)
    if (!this.dryRun) await nodeFiles().rm(path, { force: true })
  }
}

/** With the last model of a commit goes all that its snapshot has. */
async function removeNames(
  folders: RepositoryFolders,
  model: StoredModel,
  isShared: boolean,
  freed: Freed,
): Promise<void> {
  const files = isShared ? model.files : (await snapshotFiles(folders, model.commit)).map(({ path }) => path)
  for (const file of files) await freed.file(nodePath().join(folders.snapshots, model.commit, file))
}

/** The blobs of models, unfinished ones too. */
async function blobsOf(folders: RepositoryFolders, models: readonly StoredModel[]): Promise<Set<string>> {
  const names = new Set<string>()
  for (const { commit } of models)
    for (const { hash } of (await readTree(folders, commit)) ?? [])
      if (hash) names.add('sha256' in hash ? hash.sha256 : hash.gitSha1)
  return names
}

/** Blobs that no snapshot names, and parts of those in `unfinished`. */
async function removeUnnamed(folders: RepositoryFolders, freed: Freed, unfinished: ReadonlySet<string>): Promise<void> {
  const named = await namedBlobs(folders)
  for (const name of await namesIn(folders.blobs)) {
    const blob = name.replace(JOURNAL_END, '').replace(PART_END, '')
    const isPart = blob !== name
    if (isPart ? !unfinished.has(blob) : named.has(name)) continue
    // Somebody fetches it at this moment.
    if (!(await removeStale(nodePath().join(folders.locks, `${blob}${LOCK_END}`)))) continue
    await freed.file(nodePath().join(folders.blobs, name))
  }
}

/** The blobs to which the snapshots of a repository lead. */
export async function namedBlobs({ snapshots }: RepositoryFolders): Promise<Set<string>> {
  const entries = await nodeFiles()
    .readdir(snapshots, { recursive: true, withFileTypes: true })
    .catch(() => [])
  const links = entries.filter((entry) => entry.isSymbolicLink())
  const targets = links.map((entry) => nodeFiles().readlink(nodePath().join(entry.parentPath, entry.name)))
  return new Set((await Promise.all(targets)).map((target) => nodePath().basename(target)))
}

/** Folders, branches and lists that nothing is left of. */
async function removeEmpty(folders: RepositoryFolders, cache: string): Promise<void> {
  const { rm } = nodeFiles()
  const join = (...parts: string[]): string => nodePath().join(...parts)
  for (const commit of await namesIn(folders.snapshots)) {
    const root = join(folders.snapshots, commit)
    const entries = await nodeFiles()
      .readdir(root, { recursive: true, withFileTypes: true })
      .catch(() => [])
    if (entries.every((entry) => entry.isDirectory())) await rm(root, { recursive: true, force: true })
  }
  const left = new Set(await namesIn(folders.snapshots))
  const hasParts = (await namesIn(folders.blobs)).length > 0
  for (const ref of await refNames(folders))
    if (!left.has((await readRef(folders, ref)) ?? '')) await rm(join(folders.refs, ref), { force: true })
  if (!hasParts)
    for (const tree of await namesIn(folders.trees))
      if (!left.has(tree.replace(/\.json$/, ''))) await rm(join(folders.trees, tree), { force: true })
  if (left.size > 0 || hasParts) return
  await rm(folders.root, { recursive: true, force: true })
  await rm(join(cache, '.locks', folders.name), { recursive: true, force: true })
}

async function refNames({ refs }: RepositoryFolders): Promise<string[]> {
  const entries = await nodeFiles()
    .readdir(refs, { recursive: true, withFileTypes: true })
    .catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => nodePath().relative(refs, nodePath().join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}
