/** Values as pages of Parquet hold them. */

/** Physical types, by the numbers of the format. */
export const TYPES = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const

export type ParquetValue = string | number | boolean | null

const text = new TextDecoder('utf-8', { fatal: true })

/** Values one after the other (PLAIN). Bytes are texts. */
export function plainValues(bytes: Uint8Array, type: number, count: number): ParquetValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const values: ParquetValue[] = []
  for (let i = 0; i < count; i++) {
    if (type === TYPES.boolean) values.push(((view.getUint8(i >> 3) >> (i & 7)) & 1) === 1)
    else if (type === TYPES.int32) values.push(view.getInt32((at += 4) - 4, true))
    else if (type === TYPES.int64) values.push(Number(view.getBigInt64((at += 8) - 8, true)))
    else if (type === TYPES.float) values.push(view.getFloat32((at += 4) - 4, true))
    else if (type === TYPES.double) values.push(view.getFloat64((at += 8) - 8, true))
    else {
      const length = view.getUint32((at += 4) - 4, true)
      if (at + length > bytes.length) throw new RangeError('a text behind the end')
      values.push(text.decode(bytes.subarray(at, (at += length))))
    }
  }
  return values
}

/** Small whole numbers of `width` bits: runs of one, and groups of eight packed together (RLE / bit-packed hybrid). */
export function packedNumbers(bytes: Uint8Array, width: number, count: number): number[] {
  const numbers: number[] = []
  if (width === 0) return Array.from({ length: count }, () => 0)
  if (width > 24) throw new RangeError('numbers of more than 24 bits')
  let at = 0
  const byte = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new RangeError('behind the end')
    return value
  }
  while (numbers.length < count) {
    let head = 0
    for (let shift = 0, one = 128; one >= 128; shift += 7) {
      if (shift > 28) throw new RangeError('a run of more than 32 bits')
      one = byte()
      head += (one & 127) * 2 ** shift
    }
    const length = Math.floor(head / 2)
    if (length === 0) throw new RangeError('a run of nothing')
    if (head % 2 === 0) {
      let value = 0
      for (let i = 0; i < width; i += 8) value += byte() * 2 ** i
      for (let i = Math.min(length, count - numbers.length); i > 0; i--) numbers.push(value)
      continue
    }
    let [held, bits] = [0, 0]
    for (let i = 0; i < length * 8; i++) {
      for (; bits < width; bits += 8) held += (at < bytes.length ? byte() : 0) * 2 ** bits
      if (numbers.length < count) numbers.push(held % 2 ** width)
      else break
      held = Math.floor(held / 2 ** width)
      bits -= width
    }
  }
  return numbers
}
