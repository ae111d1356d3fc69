import type { Stats } from 'node:fs'
import type * as fs from 'node:fs/promises'
import type * as paths from 'node:path'
import { UserError } from '../../errors.js'
import { rangeCache, type RangeCacheOptions } from './range-cache.js'
import { checkRange, isPlainFileName, roomFor } from './range.js'
import type { ByteSource, FileSet } from './source.js'

/** Node's modules without an import, so that a bundler for browsers, where this file is never used, finds nothing to resolve. */
const nodeFs = (): typeof fs => process.getBuiltinModule('node:fs/promises')
const nodePath = (): typeof paths => process.getBuiltinModule('node:path')

/** One read call takes at most 2^31 - 1 bytes in Node. */
const LARGEST_READ = 2 ** 30

/**
 * Reads below so many bytes are out of ranges where they are near each other: a mixture has a scale of a few bytes for each expert, and
 * a call takes longer than 100 kB.
 */
const SMALL_READ = 1 << 14
const RANGES: RangeCacheOptions = { rangeBytes: 1 << 17, kept: 8, ahead: false }

/**
 * The files of a model: a folder in Hugging Face layout, or one file (model.gguf) with its siblings.
 * @throws UserError when there is nothing at `path`.
 */
export async function nodeFiles(path: string): Promise<FileSet> {
  const found = await statOf(path)
  if (!found) {
    throw new UserError(`${path}: no such file or folder. Give a model folder or a .gguf file.`, 'file_not_found')
  }
  if (found.isDirectory()) return folder(path)
  if (found.isFile()) return folder(nodePath().dirname(path), nodePath().basename(path))
  throw new UserError(
    `${path}: expected a folder or a regular file. Give a model folder or a .gguf file.`,
    'invalid_file',
  )
}

/** `main`, which somebody named, may have any name; all others come from files. */
function folder(path: string, main?: string): FileSet {
  return {
    name: path,
    ...(main !== undefined && { main }),
    async list() {
      const entries = await nodeFs().readdir(path, { withFileTypes: true }).catch(asUserError(path))
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
    },
    async open(file) {
      if (file !== main && !isPlainFileName(file)) return undefined
      const whole = nodePath().join(path, file)
      const found = await statOf(whole)
      // A pipe or a device has no size and may block for ever, so only regular files count.
      return found?.isFile() ? fileSource(whole, found.size) : undefined
    },
  }
}

function fileSource(path: string, size: number): ByteSource {
  // Opened at the first read: a checkpoint may have hundreds of shards.
  let handle: Promise<fs.FileHandle> | undefined
  const readFrom = async (offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> => {
    handle ??= nodeFs().open(path, 'r')
    const file = await handle.catch(asUserError(path))
    const bytes = roomFor(length, into, () => allocate(path, length))
    for (let done = 0; done < length;) {
      const part = Math.min(length - done, LARGEST_READ)
      const { bytesRead } = await file.read(bytes, done, part, offset + done).catch(asUserError(path))
      // The file shrank after it was opened.
      if (bytesRead === 0) checkRange(path, offset + done, offset, length)
      done += bytesRead
    }
    return bytes
  }
  const ranges = rangeCache(path, size, readFrom, RANGES)
  let lastSmall = -Infinity
  return {
    name: path,
    size,
    async read(offset, length, into) {
      checkRange(path, size, offset, length)
      if (length >= SMALL_READ) return readFrom(offset, length, into)
      const isNear = Math.abs(offset - lastSmall) < RANGES.rangeBytes
      lastSmall = offset
      if (!isNear) return readFrom(offset, length, into)
      return ranges.read(
        offset,
        length,
        roomFor(length, into, () => allocate(path, length)),
      )
    },
    async close() {
      await ranges.close()
      const opened = handle
      handle = undefined
      const file = await opened?.catch(() => undefined)
      await file?.close()
    },
  }
}

function allocate(path: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new UserError(`${path}: no memory for a read of ${length} bytes.`, 'out_of_memory', { cause })
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await nodeFs().stat(path)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    return asUserError(path)(cause)
  }
}

function errorCode(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}

function asUserError(path: string): (cause: unknown) => never {
  return (cause) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${path}: cannot be read (${reason}). Check the path and its permissions.`, 'invalid_file', {
      cause,
    })
  }
}
