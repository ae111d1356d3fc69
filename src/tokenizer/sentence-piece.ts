import { each, type Steps } from '../slices.js'
import { mergeByScore } from './merge.js'
import { decodeAll, sentencePieceBytes, streamDecoder, type Pieces } from './pieces.js'
import type { Tokenizer } from './tokenizer.js'
import { unigramPieces } from './unigram.js'

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
  /** bpe (default): the adjacent pair with the highest score merges first; unigram: the most likely cut. */
  readonly algorithm?: 'bpe' | 'unigram'
  /** The space goes before the text alone, as SentencePiece does, and not after every symbol too, as llama.cpp does. */
  readonly prefixOnce?: boolean
  /** Runs of spaces become one, and those at the ends go; false by default. */
  readonly removeExtraWhitespace?: boolean
}

/** SentencePiece (arXiv 1808.06226), from its own file or from a GGUF vocabulary. */
export function* sentencePieceTokenizer(setup: SentencePieceSetup): Steps<Tokenizer> {
  const { tokens, types, bosId, eosIds } = setup
  const ids = new Map<string, number>()
  yield* each(tokens, (token, id) => {
    if (!ids.has(token)) ids.set(token, id)
  })
  const listed = (type: number): string[] => tokens.filter((text, id) => types[id] === type && text !== '')
  // Symbols that the user defined are found in any text, control tokens only where they are asked for.
  const control = anyOf(listed(3))
  const userDefined = anyOf(listed(4))
  const cut = cutter(setup, ids)
  const lead = setup.addSpacePrefix ? ' ' : ''
  const encodePlain = (text: string): number[] => {
    if (text === '') return []
    const once = setup.prefixOnce === true
    const parts = splitBy((once ? lead : '') + squeezed(text, setup), userDefined)
    return parts.flatMap(({ part, token }) => (token ? [ids.get(part)!] : cut((once ? '' : lead) + part)))
  }
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
      const parts = splitBy(text, parseSpecial ? control : undefined)
      const out = parts.flatMap(({ part, token }) => (token ? [ids.get(part)!] : encodePlain(part)))
      return addSpecial && setup.addBos && bosId !== undefined ? [bosId, ...out] : out
    },
    decode: (list) => decodeAll(pieces, list),
    decoder: (shown) => streamDecoder(pieces, shown),
    bytesOf: (id) => pieces.bytesOf(id),
    idOf: (token) => ids.get(token),
  }
}

/** Text without special tokens to ids. */
function cutter(setup: SentencePieceSetup, ids: ReadonlyMap<string, number>): (text: string) => number[] {
  const { tokens, scores, types, algorithm = 'bpe' } = setup
  const utf8 = new TextEncoder()
  // Control, unknown, unused and byte pieces are never found in a text.
  const found = (id: number | undefined): id is number => id !== undefined && (types[id] === 1 || types[id] === 4)
  const scoreOf = (piece: string): number | undefined => {
    const id = ids.get(piece)
    return found(id) ? scores[id] : undefined
  }
  const normal = tokens.filter((_, id) => types[id] === 1)
  const longest = normal.reduce((most, token) => Math.max(most, token.length), 1)
  const lowest = scores.reduce((least, score, id) => (types[id] === 1 ? Math.min(least, score) : least), 0)
  const idsOf = (piece: string): number[] => {
    const id = ids.get(piece)
    if (found(id)) return [id]
    const bytes = [...utf8.encode(piece)].map((b) => ids.get(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`))
    return bytes.every((byte) => byte !== undefined) ? bytes : [setup.unknownId]
  }
  return (text) => {
    const characters = Array.from(text.replaceAll(' ', '\u2581'))
    const pieces =
      algorithm === 'bpe' ? mergeByScore(characters, scoreOf) : unigramPieces(characters, scoreOf, longest, lowest)
    return joinUnknown(pieces.flatMap(idsOf), setup.unknownId)
  }
}

/** Unknown characters in a row are one unknown token. */
function joinUnknown(ids: number[], unknownId: number): number[] {
  return ids.filter((id, i) => id !== unknownId || ids[i - 1] !== unknownId)
}

function squeezed(text: string, { removeExtraWhitespace = false }: SentencePieceSetup): string {
  return removeExtraWhitespace ? text.replace(/^ +| +$/g, '').replace(/ +/g, ' ') : text
}

/** Texts and the tokens between them. */
function splitBy(text: string, pattern: RegExp | undefined): { part: string; token: boolean }[] {
  const parts = pattern ? text.split(pattern) : [text]
  // split gives texts and matches in turn
  return parts.map((part, i) => ({ part, token: i % 2 === 1 })).filter(({ part }) => part !== '')
}

/** Matches any of the texts, the longest first; undefined for none. */
function anyOf(texts: readonly string[]): RegExp | undefined {
  const sources = [...texts].sort((a, b) => b.length - a.length).map(escapeRegExp)
  return sources.length > 0 ? new RegExp(`(${sources.join('|')})`, 'u') : undefined
}

export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
