/** Structures in Thrift's compact protocol, in which Parquet describes itself: fields by their numbers. */

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct
export interface ThriftStruct {
  readonly fields: ReadonlyMap<number, ThriftValue>
}

/** Parquet's own descriptions are a handful deep. */
const DEEPEST = 32
/** Kinds of values, by the numbers of the protocol. */
const [TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]

/** Reads from `at` on; a read behind the end is a RangeError. */
export class ThriftReader {
  private readonly view: DataView

  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  struct(depth = 0): ThriftStruct {
    if (depth > DEEPEST) throw new RangeError('too deep')
    const fields = new Map<number, ThriftValue>()
    let id = 0
    for (;;) {
      const head = this.byte()
      if (head === 0) return { fields }
      const step = head >> 4
      id = step === 0 ? zigzag(this.varint()) : id + step
      const kind = head & 15
      fields.set(id, kind === TRUE || kind === FALSE ? kind === TRUE : this.value(kind, depth))
    }
  }

  private value(kind: number, depth: number): ThriftValue {
    switch (kind) {
      // In lists a boolean is a byte of its own.
      case TRUE:
      case FALSE:
        return this.byte() === TRUE
      case BYTE:
        return (this.byte() << 24) >> 24
      case I16:
      case I32:
      case I64:
        return zigzag(this.varint())
      case DOUBLE:
        return this.view.getFloat64((this.at += 8) - 8, true)
      case BINARY:
        return this.binary(this.varint())
      case LIST:
      case SET:
        return this.list(depth)
      case STRUCT:
        return this.struct(depth + 1)
      default:
        throw new RangeError(`a value of the kind ${kind}`)
    }
  }

  private list(depth: number): ThriftValue[] {
    const head = this.byte()
    const count = head >> 4 === 15 ? this.varint() : head >> 4
    const values: ThriftValue[] = []
    // Each takes a byte at least, so that what is claimed ends with the file.
    for (let i = 0; i < count; i++) values.push(this.value(head & 15, depth + 1))
    return values
  }

  private binary(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new RangeError('behind the end')
    return this.bytes.subarray(this.at, (this.at += length))
  }

  private byte(): number {
    return this.view.getUint8(this.at++)
  }

  private varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      if (scale > 2 ** 56) throw new RangeError('a number of more than 64 bits')
    }
  }
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
