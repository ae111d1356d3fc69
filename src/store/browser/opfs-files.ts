/** A model's files in the private file system, as the loader reads them. */
import { checkRange, roomFor } from '../../checkpoint/files/range.js'
import { blobFiles } from '../../checkpoint/files/blob.js'
import type { ByteSource, FileSet } from '../../checkpoint/files/source.js'
import { readHandle, type SyncHandle } from './handles.js'

export interface NamedHandle {
  readonly path: string
  readonly handle: FileSystemFileHandle
}

/**
 * In a worker, through synchronous handles: several gigabytes a second, straight to where the bytes go. Elsewhere, and where
 * somebody else holds a handle that shares with nobody, as files that a user chose.
 * @param main the file to open, of a GGUF
 */
export function opfsFiles(name: string, files: readonly NamedHandle[], main: string | undefined): FileSet {
  const handles = new Map(files.map(({ path, handle }) => [path, handle]))
  return {
    name,
    ...(main !== undefined && { main }),
    list: () => Promise.resolve([...handles.keys()]),
    async open(path) {
      const handle = handles.get(path)
      if (!handle) return undefined
      const opened = await readHandle(handle)
      if (opened) return syncSource(path, opened)
      const file = await handle.getFile()
      return blobFiles([new File([file], path)]).open(path)
    },
  }
}

function syncSource(name: string, handle: SyncHandle): ByteSource {
  const size = handle.getSize()
  return {
    name,
    size,
    async read(offset, length, into) {
      checkRange(name, size, offset, length)
      const bytes = roomFor(length, into)
      for (let done = 0; done < length;) {
        const count = handle.read(bytes.subarray(done), { at: offset + done })
        if (count === 0) checkRange(name, offset + done, offset, length)
        done += count
      }
      return bytes
    },
    async close() {
      handle.close()
    },
  }
}
