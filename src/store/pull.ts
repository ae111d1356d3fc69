/** From a reference to a model on this machine. */
import { UserError } from '../errors.js'
import { onDisk } from './cache/disk-errors.js'
import { HashThread } from './cache/hash-thread.js'
import { blobName, JOURNAL_END, PART_END, refOf, type RepositoryFolders } from './cache/layout.js'
import { checkPaths } from './cache/paths.js'
import { linkFile, tagCache, writeRef } from './cache/link.js'
import { NodeDisk } from './cache/node-disk.js'
import { snapshotFiles, type CachedModels } from './cache/snapshots.js'
import { writeTree } from './cache/tree.js'
import { bytesOf, chooseFiles } from './choose.js'
import type { ListedFile, Listing } from './listing.js'
import type { Network } from './network/ask.js'
import { nodeFiles, nodePath } from './platform.js'
import type { ModelReference } from './reference-types.js'
import type { PullOptions, StoredModel } from './store.js'
import { checkSpace } from './space.js'
import { distinct, fetchFiles } from './transfer/lanes.js'
import { Meter } from './transfer/meter.js'
import { nameOf } from './wording.js'

export const DEFAULT_LANES = 4
const MOST_LANES = 16

export interface Puller {
  readonly cache: CachedModels
  readonly allowLinks: boolean
  list(reference: ModelReference, options: PullOptions): Promise<Listing>
  network(options: PullOptions): Network
}

/** @throws UserError in words */
export async function pullModel(puller: Puller, reference: ModelReference, options: PullOptions): Promise<StoredModel> {
  const lanes = lanesOf(options)
  const meter = new Meter(options.onProgress)
  const network = { ...puller.network(options), onNote: (note: string) => meter.tell(note) }
  meter.say('listing')
  const listing = await puller.list(reference, options)
  const chosen = await chosenFiles(listing, reference, options)
  const folders = puller.cache.folders(reference)
  const { to } = options
  const fetching = { puller, folders, listing, chosen, meter, network, lanes }
  const fetched = to === undefined ? fetchMissing(fetching, options) : fetchInto(to, fetching, options)
  await onDisk(fetched, to ?? folders.root)
  meter.say('done')
  return to === undefined
    ? storedModel(puller, reference, listing, chosen)
    : folderModel(reference, listing.commit, chosen, to, options)
}

async function fetchInto(to: string, fetching: Fetching, { force = false }: PullOptions): Promise<void> {
  const { placeFiles } = await import('./pull-to.js')
  const { folders, listing, chosen, meter, network, lanes } = fetching
  const sources = (file: ListedFile): string[] => [
    nodePath().join(folders.snapshots, listing.commit, ...file.path.split('/')),
    nodePath().join(folders.blobs, blobName(file)),
  ]
  await placeFiles({ to, files: chosen, sources, meter, network, lanes, force })
}

/** A copy of a model that is here. */
export async function copyModel(
  puller: Puller,
  found: StoredModel,
  to: string,
  options: PullOptions,
): Promise<StoredModel> {
  const [{ placeFiles }, { expectedFiles }] = await Promise.all([import('./pull-to.js'), import('./cache/verify.js')])
  const address = (): Promise<never> =>
    Promise.reject(new UserError(`${found.name}: the copy of it in the cache has changed`, 'file_changed'))
  const files = (await expectedFiles(puller.cache, found)).map((file) => ({ ...file, address }))
  const sources = ({ path }: ListedFile): string[] => [nodePath().join(found.folder, ...path.split('/'))]
  const meter = new Meter(options.onProgress)
  const network = puller.network(options)
  const placing = { to, files, sources, meter, network, lanes: lanesOf(options), force: options.force === true }
  await onDisk(placeFiles(placing), to)
  return folderModel(found.reference, found.commit, files, to, options)
}

/** A model in a folder of its own. What patterns chose need not be one. */
function folderModel(
  reference: ModelReference,
  commit: string,
  files: readonly ListedFile[],
  to: string,
  { include, exclude }: PullOptions,
): StoredModel {
  const paths = files.map(({ path }) => path).sort()
  const gguf = paths.find((path) => /\.gguf$/i.test(path))
  const open = gguf === undefined ? to : nodePath().join(to, ...gguf.split('/'))
  const complete = include === undefined && exclude === undefined
  const name = nameOf(reference)
  return { reference, name, commit, folder: to, open, files: paths, bytes: bytesOf(files), complete, origin: 'folder' }
}

function lanesOf({ lanes = DEFAULT_LANES }: PullOptions): number {
  if (Number.isInteger(lanes) && lanes >= 1 && lanes <= MOST_LANES) return lanes
  throw new UserError(`lanes: expected a whole number from 1 to ${MOST_LANES}, found ${lanes}`, 'invalid_argument')
}

/** What a model needs, or what the patterns say. */
async function chosenFiles(
  listing: Listing,
  reference: ModelReference,
  { include = [], exclude = [] }: PullOptions,
): Promise<ListedFile[]> {
  const name = nameOf({ ...reference, tag: undefined })
  const { matches } = await import('./patterns.js')
  const chosen =
    include.length > 0
      ? listing.files.filter(({ path }) => matches(include, path))
      : chooseFiles(name, listing.files, reference.tag)
  const left = chosen.filter(({ path }) => !matches(exclude, path))
  if (left.length === 0)
    throw new UserError(
      `${name}: the patterns leave none of its ${listing.files.length} files (${listing.files
        .slice(0, 5)
        .map(({ path }) => path)
        .join(', ')}...). Change them.`,
      'invalid_argument',
    )
  checkPaths(name, left)
  return left
}

interface Fetching {
  readonly puller: Puller
  readonly folders: RepositoryFolders
  readonly listing: Listing
  readonly chosen: readonly ListedFile[]
  readonly meter: Meter
  readonly network: Network
  readonly lanes: number
}

/** Bytes, then names, and the branch last: whatever happens, a branch leads to files that are all there. */
async function fetchMissing(fetching: Fetching, options: PullOptions): Promise<void> {
  const { puller, folders, listing, chosen, meter, network, lanes } = fetching
  const { commit, reference } = listing
  const files = await withoutMoved(folders, commit, chosen)
  const wanted = distinct(files.map((file) => ({ file, blob: blobName(file) })))
  meter.expect(wanted.length, bytesOf(wanted.map(({ file }) => file)))
  const thread = new HashThread()
  const disk = new NodeDisk(folders, thread)
  if (options.force !== true) await checkSpace(disk, folders, wanted)
  await tagCache(puller.cache.cache)
  await writeTree(folders, commit, listing.files)
  try {
    await fetchFiles(wanted, lanes, { disk, network, meter })
  } finally {
    await thread.close()
  }
  for (const file of files) await linkFile(folders, commit, file.path, blobName(file), puller.allowLinks)
  await writeRef(folders, refOf(reference), commit)
}

/** Where links are not possible, a finished file lies in the snapshot itself. */
async function withoutMoved(
  folders: RepositoryFolders,
  commit: string,
  chosen: readonly ListedFile[],
): Promise<ListedFile[]> {
  const there = await Promise.all(
    chosen.map(async (file) => {
      const found = await nodeFiles()
        .lstat(nodePath().join(folders.snapshots, commit, file.path))
        .catch(() => undefined)
      return found?.isFile() === true && found.size === file.size
    }),
  )
  return chosen.filter((_, i) => !there[i])
}

async function storedModel(
  puller: Puller,
  reference: ModelReference,
  { commit }: Listing,
  chosen: readonly ListedFile[],
): Promise<StoredModel> {
  const found = await puller.cache.find({ ...reference, revision: commit })
  if (found) return { ...found, reference: { ...reference, tag: found.reference.tag }, name: nameOf(reference) }
  // What patterns chose need not be a model.
  const folders = puller.cache.folders(reference)
  const paths = new Set(chosen.map(({ path }) => path))
  const files = (await snapshotFiles(folders, commit)).filter(({ path }) => paths.has(path))
  const folder = nodePath().join(folders.snapshots, commit)
  return {
    reference,
    name: nameOf(reference),
    commit,
    folder,
    open: folder,
    files: files.map(({ path }) => path),
    bytes: bytesOf(files),
    complete: false,
    origin: 'cache',
  }
}

/** Whether a name among the blobs is one of ours that is unfinished. */
export function isOwnPart(name: string): boolean {
  return name.endsWith(PART_END) || name.endsWith(JOURNAL_END)
}
