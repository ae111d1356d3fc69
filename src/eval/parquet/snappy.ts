/** Snappy's raw format: pieces that are new, and pieces that were there before. */

/** A copy of 64 bytes takes three: nothing grows by more. */
const MOST_GROWTH = 22

/** @throws RangeError where the bytes are damaged or promise more than they can hold */
export function unsnap(packed: Uint8Array): Uint8Array {
  let at = 0
  const number = (bytes: number): number => {
    let value = 0
    for (let i = 0; i < bytes; i++) value += byteAt(packed, at++) * 2 ** (8 * i)
    return value
  }
  let size = 0
  for (let scale = 1, byte = 128; byte >= 128; scale *= 128) {
    byte = byteAt(packed, at++)
    size += (byte & 127) * scale
    if (scale > 2 ** 28) throw new RangeError('a size of more than 32 bits')
  }
  if (size > packed.length * MOST_GROWTH + 64) throw new RangeError('a size that cannot be')
  const out = new Uint8Array(size)
  let end = 0
  while (at < packed.length) {
    const tag = packed[at++]!
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const length = 1 + (short < 60 ? short : number(short - 59))
      if (at + length > packed.length || end + length > size) throw new RangeError('a piece behind the end')
      out.set(packed.subarray(at, at + length), end)
      at += length
      end += length
      continue
    }
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
    const back = kind === 1 ? ((tag >> 5) << 8) + number(1) : number(kind === 2 ? 2 : 4)
    if (back === 0 || back > end || end + length > size) throw new RangeError('a copy from before the beginning')
    // One by one: a piece may be repeated by copying from what it writes.
    for (let i = 0; i < length; i++, end++) out[end] = out[end - back]!
  }
  if (end !== size) throw new RangeError('fewer bytes than promised')
  return out
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new RangeError('behind the end')
  return byte
}
