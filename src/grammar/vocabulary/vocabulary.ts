/** The tokens of a model, arranged once so that a mask is one walk: most tokens are content of JSON strings, which is often settled at once. */
import { Pauses, type Steps } from '../pauses.js'
import { contentLength } from './content.js'
import { Part } from './part.js'

/** Most characters of the tokens of a slice. */
const SLICES = [4, 8, 16, 32, Infinity]
/** Most bytes of the other tokens, by parts. */
const OTHERS = [8, 16, Infinity]
/** Counts of characters up to which there is a mask of their own. */
export const COUNTED = 16
/** Tokens that are looked at in one go. */
const PIECE = 1024

export interface Group {
  readonly part: Part
  /** Bytes of the longest token. */
  readonly reach: number
}

/** Tokens that are content of a JSON string, of at most `longest` characters, and more than those of the slice before. */
export interface Slice extends Group {
  readonly longest: number
  /** Of this slice and of those before it. */
  readonly mask: Int32Array
}

/** Ids that are to become a group. */
class IdList {
  readonly ids: number[] = []
  reach = 0

  add(id: number, { length }: Uint8Array): void {
    this.ids.push(id)
    if (length > this.reach) this.reach = length
  }
}

export class Vocabulary {
  private constructor(
    readonly tokens: readonly (Uint8Array | undefined)[],
    readonly specials: ReadonlyMap<string, number>,
    /** Tokens that are not whole characters of content. */
    readonly others: readonly Group[],
    readonly slices: readonly Slice[],
    /** Tokens of at most n characters of content. */
    readonly upTo: readonly Int32Array[],
    /** Bytes of the longest token. */
    readonly longest: number,
  ) {}

  /** Columns of the logits. */
  get size(): number {
    return this.tokens.length
  }

  /** Words of a mask. */
  get words(): number {
    return wordsFor(this.size)
  }

  get bytes(): number {
    const parts = this.groups.reduce((sum, { part }) => sum + part.size, 0)
    return parts + (this.slices.length + this.upTo.length) * this.words * 4
  }

  /** All tokens, the others first. */
  get groups(): readonly Group[] {
    return [...this.others, ...this.slices]
  }

  /**
   * Arranges the tokens, in slices of time that let others run. Tries are made when a mask first needs them, or by {@link complete}.
   * @param tokens by id; undefined for what is no text
   * @param specials ids of special tokens by their names
   * @example
   * const vocabulary = await Vocabulary.of(['a', 'b'].map((text) => new TextEncoder().encode(text)), new Map())
   */
  static async of(
    tokens: readonly (Uint8Array | undefined)[],
    specials: ReadonlyMap<string, number>,
    pauses = new Pauses(),
  ): Promise<Vocabulary> {
    const others = OTHERS.map(() => new IdList())
    const slices = SLICES.map(() => new IdList())
    const counted = Array.from({ length: COUNTED + SLICES.length }, () => new Int32Array(wordsFor(tokens.length)))
    let most = 0
    for (let id = 0; id < tokens.length; id++) {
      if (id % PIECE === PIECE - 1) await pauses.breathe()
      const bytes = tokens[id]
      if (!bytes || bytes.length === 0 || !isUtf8(bytes)) continue
      const length = contentLength(bytes)
      if (length < 0) others[indexOf(OTHERS, bytes.length)]!.add(id, bytes)
      else {
        const slice = indexOf(SLICES, length)
        slices[slice]!.add(id, bytes)
        addToMask(counted[length <= COUNTED ? length : COUNTED + slice]!, id)
        if (length > most) most = length
      }
    }
    await pauses.run(accumulate(counted))
    const group = ({ ids, reach }: IdList): Group => ({ part: new Part(tokens, ids), reach })
    const made = new Vocabulary(
      tokens,
      specials,
      others.map(group),
      slices.map((list, i) => ({
        ...group(list),
        longest: SLICES[i]! < Infinity ? SLICES[i]! : most,
        mask: counted[SLICES[i]! <= COUNTED ? SLICES[i]! : COUNTED + i]!,
      })),
      counted.slice(0, COUNTED + 1),
      [...others, ...slices].reduce((longest, { reach }) => Math.max(longest, reach), 0),
    )
    // What every walk begins with.
    for (const { part } of made.groups) await pauses.run(part.begin())
    return made
  }

  /** Makes all tries. */
  *complete(): Steps {
    for (const { part } of this.groups) yield* part.complete()
  }
}

/** Words of a bit set of this many ids. */
export function wordsFor(size: number): number {
  return (size + 31) >> 5
}

export function addToMask(mask: Int32Array, id: number): void {
  mask[id >> 5]! |= 1 << (id & 31)
}

export function removeFromMask(mask: Int32Array, id: number): void {
  mask[id >> 5]! &= ~(1 << (id & 31))
}

/** The first of these bounds that holds. */
function indexOf(bounds: readonly number[], length: number): number {
  let index = 0
  while (length > bounds[index]!) index++
  return index
}

/** Whether there is no byte that no UTF-8 has. Grammars write special tokens with some of them. */
function isUtf8(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === 0xc0 || byte === 0xc1 || byte >= 0xf5) return false
  }
  return true
}

/** Each mask with all that is in those before it. */
function* accumulate(masks: readonly Int32Array[]): Steps {
  for (let i = 1; i < masks.length; i++) {
    yield
    const before = masks[i - 1]!
    const mask = masks[i]!
    for (let at = 0; at < mask.length; at++) mask[at]! |= before[at]!
  }
}
