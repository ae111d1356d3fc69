import { UserError } from '../../errors.js'
import { Pace, SMALL_STEPS } from '../../slices.js'
import type { ByteSource } from '../files/source.js'
import { StoredTexts } from './stored-texts.js'

/** Thrown inside of the parser when the bytes at hand end; the caller reads more and starts the item again. */
export class NeedMore extends Error {
  constructor(readonly end: number) {
    super('more bytes are needed')
  }
}

/** The largest published headers (250,000 tokens with merges) take some 20 MB. */
const LARGEST_HEADER = 256 * 2 ** 20
const FIRST_CHUNK = 2 ** 20
/** Vocabularies take 2 to 8 MB, and what is read is copied once more each time. */
const GROWTH = 8
/** Array elements in all of the metadata; the largest published files have about a million. */
const MOST_ELEMENTS = 16_000_000
const DEEPEST_ARRAY = 4

/** Bytes of a metadata value type, by id; strings and arrays have no fixed size. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
const STRING = 8
const ARRAY = 9

/**
 * Reads little-endian values from the head of a file, of which only a growing prefix is in memory. Lengths are checked
 * against the file's size before anything is read or allocated for them.
 */
export class GgufReader {
  position = 0
  private bytes = new Uint8Array(0)
  private view = new DataView(this.bytes.buffer)
  private elements = 0
  private readonly pace = new Pace()
  // A token may be the byte order mark itself, which must not be dropped.
  private readonly text = new TextDecoder('utf-8', { ignoreBOM: true })

  constructor(private readonly source: ByteSource) {}

  /** Runs `parse` from the current position, again with more bytes until it fits. */
  async item<T>(parse: () => T): Promise<T> {
    const start = this.position
    const elements = this.elements
    for (;;) {
      try {
        return parse()
      } catch (error) {
        if (!(error instanceof NeedMore)) throw error
        this.position = start
        this.elements = elements
        await this.grow(error.end)
      }
    }
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  /** A u64 that must be a whole number below 2^53. */
  size(what: string): number {
    const at = this.take(8)
    const value = this.u64(at)
    if (value > Number.MAX_SAFE_INTEGER)
      throw this.damaged(`${what} is ${this.view.getBigUint64(at, true)}, which is impossible`)
    return value
  }

  /** A count of items of at least `least` bytes each: it cannot exceed what the file has room for. */
  count(what: string, least: number): number {
    const value = this.size(what)
    const room = Math.floor((this.source.size - this.position) / least)
    if (value > room) throw this.damaged(`${what} is ${value}, but the file has room for ${room} at most`)
    return value
  }

  string(what: string): string {
    const start = this.skipText(what)
    return this.text.decode(this.bytes.subarray(start, this.position))
  }

  /** Advances past a string; returns where its characters begin. */
  private skipText(what: string): number {
    const at = this.take(8)
    const length = this.u64(at)
    if (length > this.source.size - this.position) {
      this.position = at
      this.count(`the length of ${what}`, 1)
    }
    return this.take(length)
  }

  /** Beyond 2^53 rounded. */
  private u64(at: number): number {
    return this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true)
  }

  /**
   * A metadata value: number, bigint beyond 2^53, boolean, string, or an array of these. One of strings, which may be a vocabulary,
   * is {@link StoredTexts}.
   */
  async value(type: number, key: string): Promise<unknown> {
    if (type !== ARRAY) return this.item(() => this.single(type, key))
    const { type: own, count } = await this.item(() => this.arrayHead(key, 0))
    if (own === STRING) return this.texts(count, key)
    const values: unknown[] = []
    while (values.length < count) {
      const most = Math.min(count - values.length, SMALL_STEPS)
      for (const value of await this.item(() => this.elementsOf(own, most, key, 0))) values.push(value)
      await this.pace.pause()
    }
    return values
  }

  private async texts(count: number, key: string): Promise<StoredTexts> {
    const begin = this.position
    const ends = new Int32Array(count)
    for (let from = 0; from < count; from += SMALL_STEPS) {
      await this.item(() => {
        for (let i = from, to = Math.min(count, from + SMALL_STEPS); i < to; i++) {
          this.skipText(key)
          ends[i] = this.position - begin
        }
      })
      await this.pace.pause()
    }
    return new StoredTexts(this.bytes.slice(begin, this.position), ends)
  }

  private single(type: number, key: string): unknown {
    if (type === STRING) return this.string(key)
    const size = SIZES[type]
    if (size === undefined) throw this.damaged(`${key} has the unknown value type ${type}`)
    return this.scalar(type, this.take(size))
  }

  private arrayHead(key: string, depth: number): { type: number; count: number } {
    if (depth >= DEEPEST_ARRAY) throw this.damaged(`${key} nests arrays deeper than ${DEEPEST_ARRAY}`)
    const type = this.u32()
    const size = SIZES[type]
    if (size === undefined) throw this.damaged(`${key} has the unknown element type ${type}`)
    // An empty string takes 8 bytes, an empty array 12.
    const count = this.count(`the length of ${key}`, size || (type === STRING ? 8 : 12))
    this.elements += count
    if (this.elements > MOST_ELEMENTS) throw this.damaged(`the metadata has more than ${MOST_ELEMENTS} array elements`)
    return { type, count }
  }

  private elementsOf(type: number, count: number, key: string, depth: number): unknown[] {
    const values: unknown[] = []
    const size = SIZES[type]
    if (size) {
      const start = this.take(count * size)
      for (let i = 0; i < count; i++) values.push(this.scalar(type, start + i * size))
    } else if (type === STRING) for (let i = 0; i < count; i++) values.push(this.string(key))
    else for (let i = 0; i < count; i++) values.push(this.nested(key, depth + 1))
    return values
  }

  private nested(key: string, depth: number): unknown[] {
    const { type, count } = this.arrayHead(key, depth)
    return this.elementsOf(type, count, key, depth)
  }

  private scalar(type: number, at: number): number | bigint | boolean {
    const { view } = this
    switch (type) {
      case 0:
        return view.getUint8(at)
      case 1:
        return view.getInt8(at)
      case 2:
        return view.getUint16(at, true)
      case 3:
        return view.getInt16(at, true)
      case 4:
        return view.getUint32(at, true)
      case 5:
        return view.getInt32(at, true)
      case 6:
        return view.getFloat32(at, true)
      case 7:
        return view.getUint8(at) !== 0
      case 10:
        return safeNumber(view.getBigUint64(at, true))
      case 11:
        return safeNumber(view.getBigInt64(at, true))
      default:
        return view.getFloat64(at, true)
    }
  }

  /** Advances by `length`; returns where it was. */
  private take(length: number): number {
    const start = this.position
    const end = start + length
    if (end > this.bytes.length) throw new NeedMore(end)
    this.position = end
    return start
  }

  private async grow(end: number): Promise<void> {
    const { size } = this.source
    if (end > size)
      throw this.damaged(`the header ends at byte ${end} or later, but the file has ${size}: it is truncated`)
    if (end > LARGEST_HEADER) throw this.damaged(`the header is larger than ${LARGEST_HEADER} bytes`)
    const target = Math.min(size, LARGEST_HEADER, Math.max(end, FIRST_CHUNK, GROWTH * this.bytes.length))
    const more = await this.source.read(this.bytes.length, target - this.bytes.length)
    const all = new Uint8Array(target)
    all.set(this.bytes)
    all.set(more, this.bytes.length)
    this.bytes = all
    this.view = new DataView(all.buffer)
  }

  damaged(problem: string): UserError {
    return new UserError(`${this.source.name}: ${problem}. The file is damaged: download it again.`, 'invalid_file')
  }
}

function safeNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
