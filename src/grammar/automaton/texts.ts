/** Lists of texts, such as enums and names: those that begin alike share their beginnings, and are told apart only where asked. */
import type { Node } from '../syntax/nodes.js'

const encoder = new TextEncoder()
const BEYOND_ASCII = /[^\0-\x7f]/

/** A text and what comes after it: the items of `tail` from its second on. */
export class Entry {
  private encoded: Uint8Array | undefined
  private ascii: boolean | undefined

  constructor(
    private readonly text: string | Uint8Array,
    readonly tail: readonly Node[] = [],
    readonly index = 0,
  ) {
    if (typeof text !== 'string') this.encoded = text
  }

  get bytes(): Uint8Array {
    return (this.encoded ??= typeof this.text === 'string' ? encoder.encode(this.text) : this.text)
  }

  get order(): string {
    return typeof this.text === 'string' ? this.text : ''
  }

  /** The byte at a place, undefined at the end. ASCII is taken as it is, so that few texts are encoded. */
  byteAt(at: number): number | undefined {
    const { text } = this
    if (this.encoded || typeof text !== 'string' || !this.isAscii(text)) return this.bytes[at]
    return at < text.length ? text.charCodeAt(at) : undefined
  }

  private isAscii(text: string): boolean {
    return (this.ascii ??= !BEYOND_ASCII.test(text))
  }
}

/** By code units: those that begin with the same bytes stand together, which is all that counts. */
export function compareEntries({ order: a }: Entry, { order: b }: Entry): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** Entries that begin with the same `depth` bytes. */
export interface Texts {
  readonly entries: readonly Entry[]
  readonly depth: number
  /** Those that begin alike stand together: not all are looked at to tell them apart. */
  readonly sorted: boolean
}

/** Where a text and its tail stand in a node; undefined for what does not begin with text. */
export function entryOf(node: Node, index = 0): Entry | undefined {
  if (node.kind === 'text') return new Entry(node.text, [], index)
  const first = node.kind === 'sequence' ? node.items[0] : undefined
  return node.kind === 'sequence' && first?.kind === 'text' ? new Entry(first.text, node.items, index) : undefined
}

/** Bytes from a place on that all entries have. */
export function commonLength({ entries, depth, sorted }: Texts): number {
  const [first] = entries
  let most = Infinity
  for (const entry of sorted ? [entries.at(-1)!] : entries) {
    if (most === 0) break
    let length = 0
    for (; length < most; length++) {
      const byte = entry.byteAt(depth + length)
      if (byte === undefined || byte !== first!.byteAt(depth + length)) break
    }
    most = length
  }
  return most
}

/** Entries that end here, and the others by their next byte. */
export function divided({ entries, depth, sorted }: Texts): {
  ended: readonly Entry[]
  byByte: Map<number, readonly Entry[]>
} {
  const groups = sorted ? runs(entries, depth) : groupsOf(entries, depth)
  const ended = groups.get(undefined) ?? []
  groups.delete(undefined)
  return { ended, byByte: groups as Map<number, readonly Entry[]> }
}

type Groups = Map<number | undefined, readonly Entry[]>

function groupsOf(entries: readonly Entry[], depth: number): Groups {
  const groups = new Map<number | undefined, Entry[]>()
  for (const entry of entries) {
    const byte = entry.byteAt(depth)
    const list = groups.get(byte)
    if (list) list.push(entry)
    else groups.set(byte, [entry])
  }
  return groups
}

/** Of entries that stand together, by looking for the end of each group. */
function runs(entries: readonly Entry[], depth: number): Groups {
  const groups: Groups = new Map()
  for (let from = 0; from < entries.length;) {
    const byte = entries[from]!.byteAt(depth)
    let to = from + 1
    for (let end = entries.length; to < end;) {
      const middle = (to + end) >> 1
      if (entries[middle]!.byteAt(depth) === byte) to = middle + 1
      else end = middle
    }
    groups.set(byte, entries.slice(from, to))
    from = to
  }
  return groups
}
