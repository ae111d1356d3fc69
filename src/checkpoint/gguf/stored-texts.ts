/** What GGUF writes in front of a string: its length. */
const LENGTH_BYTES = 8

/**
 * A list of strings as GGUF stores it: of each, eight bytes that say its length, and its UTF-8. A vocabulary and its merges are
 * hundreds of thousands, which take longer to be made strings than to be looked up.
 */
export class StoredTexts implements Iterable<string> {
  // A token may be the byte order mark itself, which must not be dropped.
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  /** @param ends where each string ends in `bytes`, in which there is nothing else */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly ends: Int32Array,
  ) {}

  /** Those of a file, or a list of strings; undefined for anything else. */
  static from(value: unknown): StoredTexts | undefined {
    if (value instanceof StoredTexts) return value
    return Array.isArray(value) && value.every((v) => typeof v === 'string') ? StoredTexts.of(value) : undefined
  }

  /** @example StoredTexts.of(['a', 'b']).at(1) // 'b' */
  static of(texts: readonly string[]): StoredTexts {
    const encoded = texts.map((text) => new TextEncoder().encode(text))
    const ends = new Int32Array(texts.length)
    let end = 0
    encoded.forEach((text, i) => (ends[i] = end += LENGTH_BYTES + text.length))
    const bytes = new Uint8Array(end)
    encoded.forEach((text, i) => bytes.set(text, ends[i]! - text.length))
    return new StoredTexts(bytes, ends)
  }

  get length(): number {
    return this.ends.length
  }

  /** Undefined where there is none. */
  at(place: number): string | undefined {
    return this.ends[place] === undefined ? undefined : this.textAt(place)
  }

  private textAt(place: number): string {
    return this.decoder.decode(this.bytes.subarray(this.startOf(place), this.ends[place]))
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let place = 0; place < this.length; place++) yield this.textAt(place)
  }

  /** In UTF-8; {@link write} writes no more units. */
  bytesOf(place: number): number {
    return this.ends[place]! - this.startOf(place)
  }

  /** Writes the UTF-16 units of a string to `into`, from `at` on, and returns where they end. */
  write(place: number, into: Uint16Array, at: number): number {
    const { bytes } = this
    const stop = this.ends[place]!
    let end = at
    for (let p = this.startOf(place); p < stop;) {
      const byte = bytes[p++]!
      if (byte < 0x80) {
        into[end++] = byte
        continue
      }
      const next = p < stop ? bytes[p++]! : 0
      const isLong = byte >= 0xe0
      const last = isLong && p < stop ? bytes[p++]! : isLong ? 0 : 0x80
      const unit = isLong
        ? ((byte & 0x0f) << 12) | ((next & 0x3f) << 6) | (last & 0x3f)
        : ((byte & 0x1f) << 6) | (next & 0x3f)
      // Four bytes, or none of UTF-8: too short, too long a form, half of a pair.
      const isOther = byte < 0xc2 || byte >= 0xf0 || (next & 0xc0) !== 0x80 || (last & 0xc0) !== 0x80
      if (isOther || (isLong && (unit < 0x800 || (unit & 0xf800) === 0xd800)))
        return unitsOf(this.textAt(place), into, at)
      into[end++] = unit
    }
    return end
  }

  private startOf(place: number): number {
    return (place === 0 ? 0 : this.ends[place - 1]!) + LENGTH_BYTES
  }
}

/** Writes the UTF-16 units of a text to `into`, from `at` on, and returns where they end. */
export function unitsOf(text: string, into: Uint16Array, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i)
  return at + text.length
}
