/** A pull into a plain folder of somebody's own: the files under their names, no links. What is in the cache is copied. */
import { UserError } from '../errors.js'
import { HashThread } from './cache/hash-thread.js'
import { blobName, foldersOf, type RepositoryFolders } from './cache/layout.js'
import { NodeDisk } from './cache/node-disk.js'
import { stateOf } from './cache/verify.js'
import { bytesOf } from './choose.js'
import type { ListedFile } from './listing.js'
import type { Network } from './network/ask.js'
import { errorCode, nodeFiles, nodeFilesSync, nodePath } from './platform.js'
import { checkSpace } from './space.js'
import { distinct, fetchFiles } from './transfer/lanes.js'
import type { Meter } from './transfer/meter.js'

/** In the folder while it is not complete. */
const UNFINISHED = '.kaiyuan'

export interface Placing {
  readonly to: string
  readonly files: readonly ListedFile[]
  /** Where a file may lie on this machine already. */
  readonly sources: (file: ListedFile) => readonly string[]
  readonly meter: Meter
  readonly network: Network
  readonly lanes: number
  readonly force: boolean
}

/**
 * Puts files into a folder; what came of an earlier try is taken over.
 * @throws UserError where the folder holds other files under these names, unless forced
 */
export async function placeFiles(placing: Placing): Promise<void> {
  const { to, sources, meter, network, lanes, force } = placing
  const missing = await missingFiles(placing)
  const folders = foldersOf(nodePath().join(to, UNFINISHED), 'files')
  const wanted = distinct(missing.map((file) => ({ file, blob: blobName(file) })))
  meter.expect(wanted.length, bytesOf(wanted.map(({ file }) => file)))
  const thread = new HashThread()
  const disk = new NodeDisk(folders, thread)
  if (!force) await checkSpace(disk, folders, wanted)
  try {
    for (const { file, blob } of wanted) {
      const source = (await disk.sizeOf(blob)) === file.size ? undefined : await firstOf(sources(file), file.size)
      if (source !== undefined) await copied(source, disk.blob(blob))
    }
    await fetchFiles(wanted, lanes, { disk, network, meter })
  } finally {
    await thread.close()
  }
  for (const [i, file] of missing.entries()) {
    const blob = disk.blob(blobName(file))
    const place = placeOf(to, file)
    await nodeFiles().mkdir(nodePath().dirname(place), { recursive: true })
    // Two files of the same bytes.
    if (missing.slice(i + 1).some((other) => blobName(other) === blobName(file))) await copied(blob, place)
    else await nodeFiles().rename(blob, place)
  }
  await removeEmpty(folders, to)
}

function placeOf(to: string, { path }: ListedFile): string {
  return nodePath().join(to, ...path.split('/'))
}

/** Those that the folder does not have. */
async function missingFiles({ to, files, network, meter, force }: Placing): Promise<ListedFile[]> {
  await checkFolder(to)
  meter.say('checking')
  const missing: ListedFile[] = []
  for (const file of files) {
    const state = await stateOf(placeOf(to, file), file, network.signal)
    if (state === 'wrong' && !force)
      throw new UserError(
        `${placeOf(to, file)}: is another file than that of the model, and is not overwritten. Name an empty folder.`,
        'invalid_argument',
        { remedies: [{ option: 'force' }] },
      )
    if (state === 'missing' || state === 'wrong') missing.push(file)
  }
  return missing
}

async function checkFolder(to: string): Promise<void> {
  const found = await nodeFiles()
    .stat(to)
    .catch(() => undefined)
  if (found && !found.isDirectory())
    throw new UserError(`${to}: expected a folder for the model's files, found a file.`, 'invalid_argument')
}

async function firstOf(places: readonly string[], size: number): Promise<string | undefined> {
  for (const place of places) {
    const found = await nodeFiles()
      .stat(place)
      .catch(() => undefined)
    if (found?.isFile() === true && found.size === size) return place
  }
  return undefined
}

/** Whole or not at all; without copying where the disk can share blocks. */
async function copied(from: string, to: string): Promise<void> {
  const temporary = `${to}.${process.pid}.tmp`
  await nodeFiles().mkdir(nodePath().dirname(to), { recursive: true })
  try {
    await nodeFiles().copyFile(from, temporary, nodeFilesSync().constants.COPYFILE_FICLONE)
    await nodeFiles().rename(temporary, to)
  } finally {
    await nodeFiles().rm(temporary, { force: true })
  }
}

/** What was made for the unfinished files. Another process may still be at work there. */
async function removeEmpty({ root, blobs, locks }: RepositoryFolders, to: string): Promise<void> {
  const all = nodePath().join(to, UNFINISHED)
  for (const folder of [blobs, root, locks, nodePath().dirname(locks), all])
    await nodeFiles()
      .rmdir(folder)
      .catch((error: unknown) => {
        if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error
      })
}
