/** The files of a listing, read from their hub by range: headers and configs, before anything is fetched. */
import { UserError } from '../errors.js'
import { rangeCache, type RangeCacheOptions } from '../checkpoint/files/range-cache.js'
import { memorySource } from '../checkpoint/files/memory.js'
import type { ByteSource, FileSet } from '../checkpoint/files/source.js'
import type { FileAddress, ListedFile, Listing } from './listing.js'
import { askFollowing, type Network } from './network/ask.js'
import { isWebPage, serverRefusal, webPage } from './network/refusals.js'
import { wholeBody } from './network/transport.js'
import { nameOf } from './wording.js'

/** A header of GGUF with its vocabulary takes a few ranges; nothing after it is wanted. */
const HEADERS: RangeCacheOptions = { rangeBytes: 1 << 20, kept: 8, ahead: false }
/** Small files come whole. */
const WHOLE = 32 << 20

/** `chosen`: those that are a model; the first GGUF of them is what is opened. */
export function remoteFiles(network: Network, listing: Listing, chosen: readonly ListedFile[]): FileSet {
  const main = chosen.find(({ path }) => /\.gguf$/i.test(path))?.path
  const files = new Map(chosen.map((file) => [file.path, file]))
  const opened = new Map<string, Promise<ByteSource>>()
  return {
    name: nameOf(listing.reference),
    ...(main !== undefined && { main }),
    list: () => Promise.resolve([...files.keys()]),
    open(path) {
      const file = files.get(path)
      if (!file || file.stream) return Promise.resolve(undefined)
      const source = opened.get(path) ?? openRemote(network, file)
      opened.set(path, source)
      return source
    },
  }
}

async function openRemote(network: Network, file: ListedFile): Promise<ByteSource> {
  const isSmall = file.hash !== undefined && 'gitSha1' in file.hash
  if (!isSmall || file.size > WHOLE) return rangesOf(network, file)
  const address = await file.address(network.signal)
  const { answer, url } = await askFollowing(network, address.url, address.headers)
  const bytes = answer.status === 200 && !isWebPage(answer) ? await wholeBody(answer, WHOLE) : undefined
  if (bytes?.length === file.size) return memorySource(file.path, bytes)
  await answer.discard()
  throw isWebPage(answer) ? webPage(file.path, url) : serverRefusal(file.path, answer)
}

/** One address for all ranges; another one when it ends. */
function rangesOf(network: Network, file: ListedFile): ByteSource {
  let address: FileAddress | undefined
  const fetchRange = async (from: number, length: number, isAgain = false): Promise<Uint8Array> => {
    const { url, headers } = (address ??= await file.address(network.signal))
    const { answer } = await askFollowing(network, url, headers, { range: `bytes=${from}-${from + length - 1}` })
    if ((answer.status === 401 || answer.status === 403) && !isAgain) {
      await answer.discard()
      address = undefined
      return fetchRange(from, length, true)
    }
    const bytes = answer.status === 206 ? await wholeBody(answer, length) : undefined
    if (bytes?.length === length) return bytes
    await answer.discard()
    if (answer.status !== 206) throw serverRefusal(file.path, answer)
    throw new UserError(`${file.path}: expected ${length} bytes at offset ${from}, found others. Try again.`, 'network')
  }
  return rangeCache(file.path, file.size, (offset, length) => fetchRange(offset, length), HEADERS)
}
