import { checkRange, roomFor } from './range.js'
import type { ByteSource } from './source.js'

/** How ranges are fetched and kept. */
export interface RangeCacheOptions {
  readonly rangeBytes: number
  /** Ranges that are kept. */
  readonly kept: number
  /** Fetch the range after the one that is read, where reading continues. */
  readonly ahead: boolean
}

/**
 * For loading, which asks for a megabyte at a time, one tensor after the other, in about the order in which they lie in the file. A
 * request costs a round trip, or a message to another process.
 */
const LOADING: RangeCacheOptions = { rangeBytes: 8 << 20, kept: 4, ahead: true }

/** Where reading is slow to begin: bytes are fetched in ranges of a size, and the latest are kept. */
export function rangeCache(
  name: string,
  size: number,
  fetchRange: (offset: number, length: number) => Promise<Uint8Array>,
  { rangeBytes, kept, ahead }: RangeCacheOptions = LOADING,
): ByteSource {
  const ranges = new Map<number, Promise<Uint8Array>>()
  let latest = -1

  const rangeAt = (index: number): Promise<Uint8Array> => {
    const offset = index * rangeBytes
    const found = ranges.get(index)
    const range = found ?? fetchRange(offset, Math.min(rangeBytes, size - offset))
    // After the others, as the one used last.
    ranges.delete(index)
    ranges.set(index, range)
    if (found) return found
    // A failure reaches those who wait for it and is not kept.
    range.catch(() => ranges.get(index) === range && ranges.delete(index))
    for (const oldest of ranges.keys()) {
      if (ranges.size <= kept) break
      ranges.delete(oldest)
    }
    return range
  }

  return {
    name,
    size,
    async read(offset, length, into) {
      checkRange(name, size, offset, length)
      const bytes = roomFor(length, into)
      for (let done = 0; done < length;) {
        const at = offset + done
        const index = Math.floor(at / rangeBytes)
        const range = rangeAt(index)
        if (ahead && index === latest + 1 && (index + 1) * rangeBytes < size) void rangeAt(index + 1)
        latest = index
        const part = (await range).subarray(at - index * rangeBytes, at - index * rangeBytes + length - done)
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
