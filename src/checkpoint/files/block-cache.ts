import { checkRange } from './range.js'
import type { ByteSource } from './source.js'

/** Loading asks for a megabyte at a time; a request costs a round trip, or a message to another process. */
const BLOCK_BYTES = 8 << 20
/** Kept at once: tensors are read one after the other, in about the order in which they lie in the file. */
const KEPT_BLOCKS = 4

/** Where reading is slow to begin: bytes are fetched in blocks, one ahead of the reader, and the latest are kept. */
export function blockSource(
  name: string,
  size: number,
  fetchRange: (offset: number, length: number) => Promise<Uint8Array>,
): ByteSource {
  const blocks = new Map<number, Promise<Uint8Array>>()
  let latest = -1

  const blockAt = (index: number): Promise<Uint8Array> => {
    const offset = index * BLOCK_BYTES
    const found = blocks.get(index)
    const block = found ?? fetchRange(offset, Math.min(BLOCK_BYTES, size - offset))
    // Behind the others, as the one used last.
    blocks.delete(index)
    blocks.set(index, block)
    if (found) return found
    // A failure is told to whoever waits for it and is not kept.
    block.catch(() => blocks.get(index) === block && blocks.delete(index))
    for (const oldest of blocks.keys()) {
      if (blocks.size <= KEPT_BLOCKS) break
      blocks.delete(oldest)
    }
    return block
  }

  return {
    name,
    size,
    async read(offset, length, into) {
      checkRange(name, size, offset, length)
      const bytes = into && into.byteLength >= length ? into.subarray(0, length) : new Uint8Array(length)
      for (let done = 0; done < length;) {
        const at = offset + done
        const index = Math.floor(at / BLOCK_BYTES)
        const block = blockAt(index)
        if (index === latest + 1 && (index + 1) * BLOCK_BYTES < size) void blockAt(index + 1)
        latest = index
        const part = (await block).subarray(at - index * BLOCK_BYTES, at - index * BLOCK_BYTES + length - done)
        bytes.set(part, done)
        done += part.length
      }
      return bytes
    },
    async close() {
      blocks.clear()
    },
  }
}
