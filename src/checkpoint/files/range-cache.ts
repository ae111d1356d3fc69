import { checkRange } from './range.js'
import type { ByteSource } from './source.js'

/** Loading asks for a megabyte at a time; a request costs a round trip, or a message to another process. */
const RANGE_BYTES = 8 << 20
/** Kept at once: tensors are read one after the other, in about the order in which they lie in the file. */
const KEPT_RANGES = 4

/** Where reading is slow to begin: bytes are fetched in ranges of a size, one ahead of the reader, and the latest are kept. */
export function rangeCache(
  name: string,
  size: number,
  fetchRange: (offset: number, length: number) => Promise<Uint8Array>,
): ByteSource {
  const ranges = new Map<number, Promise<Uint8Array>>()
  let latest = -1

  const rangeAt = (index: number): Promise<Uint8Array> => {
    const offset = index * RANGE_BYTES
    const found = ranges.get(index)
    const range = found ?? fetchRange(offset, Math.min(RANGE_BYTES, size - offset))
    // After the others, as the one used last.
    ranges.delete(index)
    ranges.set(index, range)
    if (found) return found
    // A failure reaches those who wait for it and is not kept.
    range.catch(() => ranges.get(index) === range && ranges.delete(index))
    for (const oldest of ranges.keys()) {
      if (ranges.size <= KEPT_RANGES) break
      ranges.delete(oldest)
    }
    return range
  }

  return {
    name,
    size,
    async read(offset, length, into) {
      checkRange(name, size, offset, length)
      const bytes = into && into.byteLength >= length ? into.subarray(0, length) : new Uint8Array(length)
      for (let done = 0; done < length;) {
        const at = offset + done
        const index = Math.floor(at / RANGE_BYTES)
        const range = rangeAt(index)
        if (index === latest + 1 && (index + 1) * RANGE_BYTES < size) void rangeAt(index + 1)
        latest = index
        const part = (await range).subarray(at - index * RANGE_BYTES, at - index * RANGE_BYTES + length - done)
        bytes.set(part, done)
        done += part.length
      }
      return bytes
    },
    async close() {
      ranges.clear()
    },
  }
}
