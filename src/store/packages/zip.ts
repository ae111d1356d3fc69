/** Wheels: zip files (APPNOTE 6.3.10), whose entries are stored or deflated. Read from the end; entries are streamed. */
import { UserError } from '../../errors.js'
import { nodeFiles, nodeFilesSync, nodeZlib, type FileHandle } from '../platform.js'
import type { ArchiveEntry } from './archive.js'

const END_RECORD = 0x06054b50
const END64_LOCATOR = 0x07064b50
const END64_RECORD = 0x06064b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_ENTRY = 0x04034b50
/** The end record with the longest comment. */
const LONGEST_END = 22 + 65535
/** Of a directory that is read; a wheel with more names is not one with a model. */
const LARGEST_DIRECTORY = 64 << 20
const LARGEST_RECORD = 16 << 20
const STORED = 0
const DEFLATED = 8

interface Place {
  readonly path: string
  readonly method: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/**
 * The files of a wheel, with the sha256 that its RECORD names.
 * @throws UserError invalid_file for what is no zip file, or a damaged one
 */
export async function openZip(file: string): Promise<ArchiveEntry[]> {
  const handle = await nodeFiles().open(file, 'r')
  try {
    const places = await directoryOf(file, handle)
    const entries = places.map((place) => entryOf(file, place))
    const record = entries.find(({ path }) => /^[^/]+\.dist-info\/RECORD$/.test(path))
    const hashes = record && record.size <= LARGEST_RECORD ? hashesOf(await textOf(record)) : new Map<string, string>()
    return entries.map((entry) => ({ ...entry, sha256: hashes.get(entry.path) }))
  } finally {
    await handle.close()
  }
}

async function directoryOf(file: string, handle: FileHandle): Promise<Place[]> {
  const { size } = await handle.stat()
  const tail = await bytesAt(file, handle, Math.max(0, size - LONGEST_END), Math.min(size, LONGEST_END))
  let at = tail.length - 22
  while (at >= 0 && tail.readUInt32LE(at) !== END_RECORD) at--
  if (at < 0) throw damaged(file, 'it has no end record')
  let [count, bytes, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
  if (at >= 20 && tail.readUInt32LE(at - 20) === END64_LOCATOR) {
    const end64 = await bytesAt(file, handle, Number(tail.readBigUInt64LE(at - 12)), 56)
    if (end64.readUInt32LE(0) !== END64_RECORD) throw damaged(file, 'its 64-bit end record is not where it says')
    ;[count, bytes, offset] = [32, 40, 48].map((field) => Number(end64.readBigUInt64LE(field))) as [
      number,
      number,
      number,
    ]
  }
  if (bytes > LARGEST_DIRECTORY) throw damaged(file, `its directory takes ${bytes} bytes`)
  const places = placesOf(file, await bytesAt(file, handle, offset, bytes), count)
  // Sizes of 64 bits may be larger than any file.
  const outside = places.find((place) => !(place.offset + place.packed <= size))
  if (outside) throw damaged(file, `${outside.path} is said to lie outside of it`)
  return places
}

function placesOf(file: string, directory: Buffer, count: number): Place[] {
  const places: Place[] = []
  for (let at = 0; places.length < count;) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== DIRECTORY_ENTRY)
      throw damaged(file, `entry ${places.length} of its directory is broken`)
    const [name, extra, comment] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ]
    const path = directory.toString('utf8', at + 46, at + 46 + name)
    const wide = wideFields(directory.subarray(at + 46 + name, at + 46 + name + extra))
    const field = (place: number): number => {
      const value = directory.readUInt32LE(at + place)
      return value === 0xffffffff ? (wide.shift() ?? value) : value
    }
    // The order in which the 64-bit fields stand.
    const [size, packed] = [field(24), field(20)]
    places.push({ path, method: directory.readUInt16LE(at + 10), size, packed, offset: field(42) })
    at += 46 + name + extra + comment
  }
  return places
}

/** The 64-bit values of an entry that has any, in their order. */
function wideFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)]
    const end = Math.min(at + 4 + length, extra.length)
    if (id === 1) {
      const values: number[] = []
      for (let field = at + 4; field + 8 <= end; field += 8) values.push(Number(extra.readBigUInt64LE(field)))
      return values
    }
    at = end
  }
  return []
}

function entryOf(file: string, place: Place): ArchiveEntry {
  return { path: place.path, size: place.size, stream: (signal) => streamOf(file, place, signal) }
}

async function* streamOf(file: string, place: Place, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const { path, method, packed, size, offset } = place
  if (method !== STORED && method !== DEFLATED)
    throw damaged(file, `${path} is packed by method ${method}, expected stored or deflated`)
  const begin = await dataOffset(file, offset)
  if (packed === 0) return
  const source = nodeFilesSync().createReadStream(file, {
    start: begin,
    end: begin + packed - 1,
    highWaterMark: 1 << 20,
  })
  const inflate = method === DEFLATED ? nodeZlib().createInflateRaw({ chunkSize: 1 << 20 }) : undefined
  if (inflate) source.on('error', (error) => inflate.destroy(error)).pipe(inflate)
  const plain = inflate ?? source
  let done = 0
  try {
    for await (const chunk of plain as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted()
      done += chunk.length
      // A header that lies must not fill the disk.
      if (done > size) throw damaged(file, `${path} has more bytes than the ${size} of its directory`)
      yield chunk
    }
  } catch (cause) {
    if (cause instanceof UserError || signal?.aborted) throw cause
    throw damaged(file, `${path} cannot be unpacked`, cause)
  } finally {
    source.destroy()
    inflate?.destroy()
  }
  if (done !== size) throw damaged(file, `${path} has ${done} bytes, expected ${size}`)
}

/** After the local header, whose lengths may differ from those of the directory. */
async function dataOffset(file: string, offset: number): Promise<number> {
  const handle = await nodeFiles().open(file, 'r')
  try {
    const header = await bytesAt(file, handle, offset, 30)
    if (header.readUInt32LE(0) !== LOCAL_ENTRY) throw damaged(file, `there is no entry at ${offset}`)
    return offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  } finally {
    await handle.close()
  }
}

async function bytesAt(file: string, handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(offset + length)) throw damaged(file, `a part of it is said to begin at ${offset}`)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, offset)
  if (bytesRead !== length) throw damaged(file, `it ends at ${offset + bytesRead}`)
  return bytes
}

async function textOf(entry: ArchiveEntry): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of entry.stream()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** `path,sha256=BASE64URL,size` a line; a path with a comma stands in quotes. PyPA, "Recording installed projects". */
function hashesOf(record: string): Map<string, string> {
  const hashes = new Map<string, string>()
  for (const line of record.split(/\r?\n/)) {
    const [, quoted, plain, hash] = /^(?:"((?:[^"]|"")*)"|([^,]*)),sha256=([\w-]{43})=?,/.exec(line) ?? []
    if (hash !== undefined)
      hashes.set(quoted?.replaceAll('""', '"') ?? plain ?? '', Buffer.from(hash, 'base64url').toString('hex'))
  }
  return hashes
}

function damaged(file: string, what: string, cause?: unknown): UserError {
  return new UserError(
    `${file}: expected a whole zip file (a wheel); ${what}. Delete it and pull again.`,
    'invalid_file',
    {
      cause,
    },
  )
}
