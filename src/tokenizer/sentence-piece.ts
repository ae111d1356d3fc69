import { mergeByScore } from './merge.js'
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
    nameOf: (id) => tokens[id],
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
    decoder: (shown) => streamDecoder(pieces, shown),
    idOf: (token) => ids.get(token),
  }
}

function encodePlain(text: string, ids: ReadonlyMap<string, number>, setup: SentencePieceSetup): number[] {
  const scoreOf = (joint: string): number | undefined => {
    const id = ids.get(joint)
    return id === undefined ? undefined : setup.scores[id]
  }
  const utf8 = new TextEncoder()
  return mergeByScore(Array.from(text.replaceAll(' ', '\u2581')), scoreOf).flatMap((piece) => {
    const id = ids.get(piece)
    if (id !== undefined) return [id]
    return [...utf8.encode(piece)].map(
      (b) => ids.get(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`) ?? setup.unknownId,
    )
  })
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
