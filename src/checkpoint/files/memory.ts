import { checkRange } from './range.js'
import type { ByteSource, FileSet } from './source.js'

/** Bytes that are in memory already. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length)
      return bytes.slice(offset, offset + length)
    },
    async close() {},
  }
}

/** A folder in memory. `main`: the one file to open, as when a user points at model.gguf. */
export function memoryFiles(name: string, files: Readonly<Record<string, Uint8Array>>, main?: string): FileSet {
  const entries = new Map(Object.entries(files))
  return {
    name,
    ...(main === undefined ? {} : { main }),
    async list() {
      return [...entries.keys()]
    },
    async open(file) {
      const bytes = entries.get(file)
      return bytes && memorySource(`${name}/${file}`, bytes)
    },
  }
}
