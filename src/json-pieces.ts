/** Large JSON a piece at a time: JSON.parse takes a third of a second for the tokenizer of Gemma, and nothing else runs. */
import { DEEPEST, isJsonObject, parseJsonObject, type JsonObject } from './json.js'
import { inSlices, type Steps } from './slices.js'

/** Bytes that are parsed at a time. Smaller files are parsed at once. */
const PIECE = 1 << 18

/**
 * As {@link parseJsonObject}, with pauses.
 * @throws UserError when it is not UTF-8, not JSON or not an object.
 * @example
 * const { model } = await parseLargeObject(await readFile('tokenizer.json'), 'tokenizer.json')
 */
export async function parseLargeObject(bytes: Uint8Array, where: string): Promise<JsonObject> {
  if (bytes.length <= PIECE) return parseJsonObject(bytes, where)
  const value = await inSlices(objectOf(bytes))
  // What is wrong, and what only Python writes, is for the parser of all of it.
  return value ?? parseJsonObject(bytes, where)
}

/** The object in `bytes`, about `most` of them at a time; undefined where JSON.parse has to say what it is. */
export function* objectOf(bytes: Uint8Array, most = PIECE): Steps<JsonObject | undefined> {
  const pieces = new Pieces(bytes, most)
  try {
    const value = yield* pieces.container(0)
    return isJsonObject(value) && pieces.isOver() ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

type Container = unknown[] | Record<string, unknown>

/** Finds where values of a container end, and gives some of them at a time to JSON.parse. What is large is a container of its own. */
class Pieces {
  private at = 0
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(
    private readonly bytes: Uint8Array,
    private readonly most: number,
  ) {}

  /** Whether nothing but white space follows. */
  isOver(): boolean {
    this.skipSpace()
    return this.at === this.bytes.length
  }

  /** The object or list that begins here, with `outer` others around it. */
  *container(outer: number): Steps<Container> {
    this.skipSpace()
    const open = this.bytes[this.at++]
    if ((open !== OPEN_LIST && open !== OPEN_OBJECT) || outer >= DEEPEST) throw new SyntaxError('no container')
    const into: Container = open === OPEN_LIST ? [] : {}
    let start = this.at
    for (;;) {
      const { end, large } = this.piece(start, DEEPEST - outer - 1)
      const last = this.bytes[end]
      if (large !== undefined) {
        yield* this.large(start, large, into, outer)
        this.skipSpace()
        const next = this.bytes[this.at]
        if (next === COMMA) start = ++this.at
        else if (this.closes(next, open)) return into
        else throw new SyntaxError('neither a comma nor an end')
      } else if (last === COMMA) {
        this.add(start, end, into)
        start = this.at = end + 1
      } else {
        this.at = end
        if (!this.closes(last, open)) throw new SyntaxError('another end')
        // Nothing after a comma is an error of JSON, which an empty piece would hide.
        this.add(start, end, into, this.bytes[start - 1] !== COMMA)
        return into
      }
      yield
    }
  }

  private closes(byte: number | undefined, open: number): boolean {
    const found = byte === (open === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT)
    if (found) this.at++
    return found
  }

  /** Where a piece ends that begins at `start`: after a comma or at the end; or where the large value begins that it stops before. */
  private piece(start: number, deepest: number): { end: number; large?: number } {
    const { bytes } = this
    let depth = 0
    let value = start
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) at = this.endOfString(at)
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (++depth > deepest) throw new SyntaxError('too deep')
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (depth-- === 0) return { end: at }
      } else if (byte === COMMA && depth === 0) {
        if (at - start >= this.most) return { end: at }
        value = at + 1
      }
      if (depth > 0 && at - value > this.most) return { end: value, large: value }
    }
    throw new SyntaxError('no end')
  }

  private endOfString(quote: number): number {
    const { bytes } = this
    for (let at = quote + 1; at < bytes.length; at++) {
      if (bytes[at] === QUOTE) return at
      if (bytes[at] === BACKSLASH) at++
    }
    throw new SyntaxError('a string without an end')
  }

  /** What comes before the large value at `from`, and that one. */
  private *large(start: number, from: number, into: Container, outer: number): Steps<void> {
    if (from > start) this.add(start, from - 1, into)
    this.at = from
    this.skipSpace()
    if (Array.isArray(into)) {
      into.push(yield* this.container(outer + 1))
      return
    }
    const quote = this.at
    if (this.bytes[quote] !== QUOTE) throw new SyntaxError('no key')
    this.at = this.endOfString(quote) + 1
    const key = JSON.parse(this.text(quote, this.at)) as string
    this.skipSpace()
    if (this.bytes[this.at++] !== COLON) throw new SyntaxError('no colon')
    put(into, key, yield* this.container(outer + 1))
  }

  /** Adds the values in [start, end). */
  private add(start: number, end: number, into: Container, mayBeEmpty = false): void {
    const text = this.text(start, end)
    if (Array.isArray(into)) {
      const values = JSON.parse(`[${text}]`) as unknown[]
      if (values.length === 0 && !mayBeEmpty) throw new SyntaxError('no value')
      for (const value of values) into.push(value)
      return
    }
    const values = JSON.parse(`{${text}}`) as Record<string, unknown>
    const keys = Object.keys(values)
    if (keys.length === 0 && !mayBeEmpty) throw new SyntaxError('no value')
    for (const key of keys) put(into, key, values[key])
  }

  private text(start: number, end: number): string {
    return this.utf8.decode(this.bytes.subarray(start, end))
  }

  private skipSpace(): void {
    while ([0x20, 0x09, 0x0a, 0x0d].includes(this.bytes[this.at] ?? 0)) this.at++
  }
}

/** A key of JSON may be __proto__, which is a key as any other. */
function put(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true })
  else into[key] = value
}
