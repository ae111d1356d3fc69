import { unitsOf, type StoredTexts } from '../checkpoint/gguf/stored-texts.js'

/** Places of the hash table for each token, at least. */
const SPARSE = 1.5
/** UTF-16 units of a token: vocabularies of 100,000 and more have 6 to 7. */
const USUAL_LENGTH = 7
/** Of a place: no id. */
const FREE = -1

/**
 * Texts of tokens and their ids, both ways. Flat: a Map and a list of 150,000 strings take 15 MB, which a garbage collector walks
 * through again and again, and this takes 4.
 */
export class TokenTable {
  /** One more than the largest id. */
  size = 0
  /** Different texts. */
  count = 0
  /** UTF-16 code units of all texts, one after the other. */
  private units: Uint16Array<ArrayBuffer>
  private end = 0
  /** By id: where its text begins, plus 1 (0: no such id), and where it ends. */
  private starts: Int32Array<ArrayBuffer>
  private ends: Int32Array<ArrayBuffer>
  /** Ids by the hash of their texts. */
  private places: Int32Array<ArrayBuffer>
  /** The text that is looked up. */
  private asked = new Uint16Array(64)

  /** @param tokens that are put in, about: what grows leaves holes in the memory of the process */
  constructor(tokens = 256) {
    this.units = new Uint16Array(tokens * USUAL_LENGTH)
    this.starts = new Int32Array(tokens)
    this.ends = new Int32Array(tokens)
    this.places = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, tokens * SPARSE)))).fill(FREE)
  }

  /** The text of a new id. Of two ids with one text, {@link get} finds the later one. */
  set(text: string, id: number): void {
    this.makeRoom(text.length, id)
    this.put(id, unitsOf(text, this.units, this.end))
  }

  /** The same of a text in a file. */
  setFrom(texts: StoredTexts, place: number, id: number): void {
    this.makeRoom(texts.bytesOf(place), id)
    this.put(id, texts.write(place, this.units, this.end))
  }

  get(text: string): number | undefined {
    if (text.length > this.asked.length) this.asked = new Uint16Array(roomFor(text.length))
    return this.find(this.asked, 0, unitsOf(text, this.asked, 0), 0, 0)
  }

  /** The id of units[from, to) followed by units[next, end): a file of merges has hundreds of thousands, and a piece of each would be a new string. */
  find(units: Uint16Array, from: number, to: number, next: number, end: number): number | undefined {
    const id = this.places[this.placeOf(units, from, to, next, end)]!
    return id === FREE ? undefined : id
  }

  has(text: string): boolean {
    return this.get(text) !== undefined
  }

  textOf(id: number): string | undefined {
    const start = this.starts[id] ?? 0
    if (start === 0) return undefined
    let text = ''
    // Of a long text, only so much can be arguments at once.
    for (let at = start - 1, end = this.ends[id]!; at < end; at += 4096)
      text += ofUnits(this.units.subarray(at, Math.min(end, at + 4096)))
    return text
  }

  /** UTF-16 units of the text of an id; 0 without one. */
  lengthOf(id: number): number {
    const start = this.starts[id] ?? 0
    return start === 0 ? 0 : this.ends[id]! - start + 1
  }

  private makeRoom(length: number, id: number): void {
    if (id >= this.starts.length) {
      const ids = roomFor(id + 1)
      this.starts = grown(this.starts, ids)
      this.ends = grown(this.ends, ids)
    }
    if (this.end + length <= this.units.length) return
    const units = new Uint16Array(roomFor(this.end + length))
    units.set(this.units)
    this.units = units
  }

  /** Its text lies after all others, and ends at `end`. */
  private put(id: number, end: number): void {
    const start = this.end
    this.end = end
    this.starts[id] = start + 1
    this.ends[id] = end
    this.size = Math.max(this.size, id + 1)
    if ((this.count + 1) * SPARSE > this.places.length) this.rehash()
    const place = this.placeOf(this.units, start, end, 0, 0)
    if (this.places[place] === FREE) this.count++
    this.places[place] = id
  }

  /** Where units[from, to) followed by units[next, end) is, or the free place that it would take. */
  private placeOf(units: Uint16Array, from: number, to: number, next: number, end: number): number {
    const mask = this.places.length - 1
    let hash = BASIS
    for (let i = from; i < to; i++) hash = mix(hash, units[i]!)
    for (let i = next; i < end; i++) hash = mix(hash, units[i]!)
    for (let i = spread(hash); ; i++) {
      const place = i & mask
      const id = this.places[place]!
      if (id === FREE || this.isText(id, units, from, to, next, end)) return place
    }
  }

  private isText(id: number, text: Uint16Array, from: number, to: number, next: number, end: number): boolean {
    const { units } = this
    let at = this.starts[id]! - 1
    if (this.ends[id]! - at !== to - from + end - next) return false
    for (let i = from; i < to; i++, at++) if (units[at] !== text[i]) return false
    for (let i = next; i < end; i++, at++) if (units[at] !== text[i]) return false
    return true
  }

  private hashOfId(id: number): number {
    let hash = BASIS
    for (let i = this.starts[id]! - 1; i < this.ends[id]!; i++) hash = mix(hash, this.units[i]!)
    return spread(hash)
  }

  private rehash(): void {
    const before = this.places
    this.places = new Int32Array(2 * before.length).fill(FREE)
    const mask = this.places.length - 1
    for (const id of before) {
      if (id === FREE) continue
      // All texts are different: what is free is its place.
      let i = this.hashOfId(id)
      while (this.places[i & mask] !== FREE) i++
      this.places[i & mask] = id
    }
  }
}

const BASIS = 0x811c9dc5

/** A step of FNV-1a, over code units. */
function mix(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

/** Its upper bits mixed into the lower. */
function spread(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0
}

/** Three times as fast as spreading them. */
function ofUnits(units: Uint16Array): string {
  return Reflect.apply(String.fromCharCode, undefined, units) as string
}

/** Some more than is needed now. */
function roomFor(length: number): number {
  return Math.ceil(length * 1.25)
}

function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length)
  to.set(from)
  return to
}
