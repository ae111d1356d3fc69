import { decodeAll, sentencePieceBytes, streamDecoder, type Pieces } from './pieces.js'
import type { Tokenizer } from './tokenizer.js'

export interface SentencePieceSetup {
  readonly tokens: readonly string[]
  readonly scores: readonly number[]
  /** ggml token types: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. */
  readonly types: readonly number[]
  readonly bosId?: number | undefined
  readonly unknownId: number
  readonly eosIds: readonly number[]
  readonly addBos: boolean
  readonly addSpacePrefix: boolean
}

/** A symbol of the text, in a doubly linked list. */
interface Symbol {
  text: string
  previous: number
  next: number
}

/** SentencePiece BPE from a GGUF vocabulary: the adjacent pair with the highest score merges first (arXiv 1808.06226). */
export function sentencePieceTokenizer(setup: SentencePieceSetup): Tokenizer {
  const { tokens, types, bosId, eosIds } = setup
  const ids = new Map<string, number>()
  tokens.forEach((token, id) => {
    if (!ids.has(token)) ids.set(token, id)
  })
  const specials = tokens
    .map((text, id) => ({ text, id }))
    .filter(({ id, text }) => (types[id] === 3 || types[id] === 4) && text !== '')
  const pattern =
    specials.length > 0
      ? new RegExp(
          `(${specials
            .map(({ text }) => escapeRegExp(text))
            .sort((a, b) => b.length - a.length)
            .join('|')})`,
          'u',
        )
      : undefined
  const pieces: Pieces = {
    vocabSize: tokens.length,
    dropFirstSpace: setup.addSpacePrefix,
    bytesOf(id) {
      const token = tokens[id]
      if (token === undefined) return null
      return types[id] === 3 || types[id] === 2 ? undefined : sentencePieceBytes(token)
    },
  }
  return {
    vocabSize: tokens.length,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { addSpecial = true, parseSpecial = true } = {}) {
      const out = addSpecial && setup.addBos && bosId !== undefined ? [bosId] : []
      let prefix = setup.addSpacePrefix
      for (const part of parseSpecial && pattern ? text.split(pattern) : [text]) {
        if (part === '') continue
        const special = parseSpecial && pattern ? specials.find((s) => s.text === part) : undefined
        if (special) out.push(special.id)
        else out.push(...encodePlain((prefix ? ' ' : '') + part, ids, setup))
        prefix = special !== undefined && setup.addSpacePrefix
      }
      return out
    },
    decode: (list) => decodeAll(pieces, list),
    decoder: () => streamDecoder(pieces),
    idOf: (token) => ids.get(token),
  }
}

function encodePlain(text: string, ids: ReadonlyMap<string, number>, setup: SentencePieceSetup): number[] {
  const chars = Array.from(text.replaceAll(' ', '\u2581'))
  const symbols: Symbol[] = chars.map((char, i) => ({
    text: char,
    previous: i - 1,
    next: i + 1 < chars.length ? i + 1 : -1,
  }))
  const heap = new MergeHeap()
  const consider = (left: number): void => {
    const symbol = symbols[left]
    if (!symbol || symbol.next < 0) return
    const joint = symbol.text + symbols[symbol.next]!.text
    const id = ids.get(joint)
    if (id !== undefined) heap.push({ score: setup.scores[id]!, left, length: joint.length, right: symbol.next })
  }
  for (let i = 0; i < symbols.length; i++) consider(i)
  for (let merge = heap.pop(); merge; merge = heap.pop()) {
    const left = symbols[merge.left]!
    const right = symbols[merge.right]
    // Outdated when one of the two has merged with another since.
    if (
      left.text === '' ||
      left.next !== merge.right ||
      !right ||
      left.text.length + right.text.length !== merge.length
    )
      continue
    left.text += right.text
    left.next = right.next
    right.text = ''
    if (right.next >= 0) symbols[right.next]!.previous = merge.left
    if (left.previous >= 0) consider(left.previous)
    consider(merge.left)
  }
  const utf8 = new TextEncoder()
  return symbols.flatMap(({ text: piece }) => {
    if (piece === '') return []
    const id = ids.get(piece)
    if (id !== undefined) return [id]
    return [...utf8.encode(piece)].map(
      (b) => ids.get(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`) ?? setup.unknownId,
    )
  })
}

interface Merge {
  readonly score: number
  readonly left: number
  readonly right: number
  readonly length: number
}

/** Highest score first; of equals the leftmost. */
class MergeHeap {
  private readonly items: Merge[] = []

  push(merge: Merge): void {
    const { items } = this
    items.push(merge)
    for (let i = items.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!before(items[i]!, items[parent]!)) break
      ;[items[i], items[parent]] = [items[parent]!, items[i]!]
      i = parent
    }
  }

  pop(): Merge | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || !last) return top
    items[0] = last
    for (let i = 0; ;) {
      let best = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < items.length && before(items[child]!, items[best]!)) best = child
      if (best === i) return top
      ;[items[i], items[best]] = [items[best]!, items[i]!]
      i = best
    }
  }
}

function before(a: Merge, b: Merge): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left)
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
