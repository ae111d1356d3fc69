/** Lists of texts, such as enums and names: those that begin alike share their beginnings, and are told apart only where asked. */
import type { Node } from '../syntax/nodes.js'

const encoder = new TextEncoder()

/** A text and what comes after it: the items of `tail` from its second on. */
export class Entry {
  private encoded: Uint8Array | undefined

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

  /** The byte at a place, undefined at the end. ASCII before it is taken as it is, so that few texts are encoded. */
  byteAt(at: number): number | undefined {
    if (this.encoded || typeof this.text !== 'string') return this.bytes[at]
    if (at >= this.text.length) return undefined
    const code = this.text.charCodeAt(at)
    return code < 0x80 ? code : this.bytes[at]
  }
}

/** Entries that begin with the same `depth` bytes. */
export interface Texts {
  readonly entries: readonly Entry[]
  readonly depth: number
}

/** Where a text and its tail stand in a node; undefined for what does not begin with text. */
export function entryOf(node: Node, index = 0): Entry | undefined {
  if (node.kind === 'text') return new Entry(node.text, [], index)
  const first = node.kind === 'sequence' ? node.items[0] : undefined
  return node.kind === 'sequence' && first?.kind === 'text' ? new Entry(first.text, node.items, index) : undefined
}

/** Entries that end here, and the others by their next byte. */
export function divided({ entries, depth }: Texts): { ended: Entry[]; byByte: Map<number, Entry[]> } {
  const ended: Entry[] = []
  const byByte = new Map<number, Entry[]>()
  for (const entry of entries) {
    const byte = entry.byteAt(depth)
    const list = byte === undefined ? ended : byByte.get(byte)
    if (list) list.push(entry)
    else byByte.set(byte!, [entry])
  }
  return { ended, byByte }
}
