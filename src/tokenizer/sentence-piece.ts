import { mergeByScore } from './merge.js'
import { decodeAll, sentencePieceBytes, streamDecoder, type Pieces } from './pieces.js'
import type { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'
import { unigramPieces } from './unigram.js'

/** A space, in a piece. */
const MARK = '\u2581'

export interface SentencePieceSetup {
  /** Of two tokens with one text, it finds the first. */
  readonly ids: TokenTable
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
export function sentencePieceTokenizer(setup: SentencePieceSetup): Tokenizer {
  const { types, ...rest } = setup
  return tokenizerOf({ ...rest, types: Int32Array.from(types), ...textsOf(setup) })
}

/** Of a vocabulary's texts, what is needed in front of those that are found. */
interface Texts {
  /** Found only where they are asked for. */
  readonly control: RegExp | undefined
  /** Found in any text. */
  readonly userDefined: RegExp | undefined
  /** UTF-16 units of the longest token that is found in a text. */
  readonly longest: number
}

function textsOf({ ids, types }: SentencePieceSetup): Texts {
  const listed = (type: number): string[] =>
    types.flatMap((own, id) => (own === type && ids.lengthOf(id) > 0 ? [ids.textOf(id)!] : []))
  const longest = types.reduce((most, type, id) => (isFound(type) ? Math.max(most, ids.lengthOf(id)) : most), 1)
  return { control: anyOf(listed(3)), userDefined: anyOf(listed(4)), longest }
}

/** What is left of a vocabulary when it is read. */
interface Readied extends Omit<SentencePieceSetup, 'types'>, Texts {
  readonly types: Int32Array
}

/** Not where the lists are read: functions of one scope keep alive what any of them uses. */
function tokenizerOf(setup: Readied): Tokenizer {
  const { ids, types, control, userDefined, bosId, eosIds } = setup
  const cut = cutter(setup)
  const isUnigram = setup.algorithm === 'unigram'
  const lead = setup.addSpacePrefix ? ' ' : ''
  const encodePlain = (text: string): number[] => {
    const own = squeezed(text, setup)
    if (own === '') return []
    const once = setup.prefixOnce === true
    // SentencePiece looks for its symbols where spaces are marks already, llama.cpp before.
    const parts = splitBy(once ? (lead + own).replaceAll(' ', MARK) : own, isUnigram ? undefined : userDefined)
    return parts.flatMap(({ part, token }) => (token ? [ids.get(part)!] : cut((once ? '' : lead) + part)))
  }
  const pieces: Pieces = {
    vocabSize: ids.size,
    dropFirstSpace: setup.addSpacePrefix,
    nameOf: (id) => ids.textOf(id),
    bytesOf(id) {
      const token = ids.textOf(id)
      if (token === undefined) return null
      return types[id] === 3 || types[id] === 2 ? undefined : sentencePieceBytes(token)
    },
  }
  return {
    vocabSize: ids.size,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { addSpecial = true, parseSpecial = true } = {}) {
      const parts = splitBy(text.toWellFormed(), parseSpecial ? control : undefined)
      const out = parts.flatMap(({ part, token }) => (token ? [ids.get(part)!] : encodePlain(part)))
      return addSpecial && setup.addBos && bosId !== undefined ? [bosId, ...out] : out
    },
    decode: (list) => decodeAll(pieces, list),
    decoder: (shown) => streamDecoder(pieces, shown),
    bytesOf: (id) => pieces.bytesOf(id),
    idOf: (token) => ids.get(token),
  }
}

/** Control, unknown, unused and byte pieces are never found in a text. */
function isFound(type: number | undefined): boolean {
  return type === 1 || type === 4
}

/** Text without special tokens to ids. */
function cutter(setup: Readied): (text: string) => number[] {
  const { ids, scores, types, longest, algorithm = 'bpe' } = setup
  const utf8 = new TextEncoder()
  const found = (id: number | undefined): id is number => id !== undefined && isFound(types[id])
  const normal = scores.filter((_, id) => types[id] === 1)
  const lowest = normal.reduce((least, score) => Math.min(least, score), 0)
  const highest = normal.reduce((most, score) => Math.max(most, score), 0)
  const scoreOf = (piece: string): number | undefined => {
    const id = ids.get(piece)
    if (!found(id)) return undefined
    // Of a user's symbol: better than any pieces that it could be cut into. sentencepiece, unigram_model.cc.
    return algorithm === 'unigram' && types[id] === 4 ? utf8.encode(piece).length * highest - 0.1 : scores[id]
  }
  const idsOf = (piece: string): number[] => {
    const id = ids.get(piece)
    if (found(id)) return [id]
    const bytes = [...utf8.encode(piece)].map((b) => ids.get(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`))
    return bytes.every((byte) => byte !== undefined) ? bytes : [setup.unknownId]
  }
  return (text) => {
    const characters = Array.from(text.replaceAll(' ', MARK))
    const pieces =
      algorithm === 'bpe' ? mergeByScore(characters, scoreOf) : unigramPieces(characters, scoreOf, longest, lowest)
    return joinUnknown(pieces.flatMap(idsOf), setup.unknownId)
  }
}

/** Unknown characters in a row are one unknown token. */
function joinUnknown(ids: number[], unknownId: number): number[] {
  return ids.filter((id, i) => id !== unknownId || ids[i - 1] !== unknownId)
}

function squeezed(
  text: string,
  { removeExtraWhitespace = false }: Pick<SentencePieceSetup, 'removeExtraWhitespace'>,
): string {
  if (!removeExtraWhitespace) return text
  let end = text.length
  // At the end marks that are there as such go too; a loop, since an expression would try each run anew.
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === MARK)) end--
  return text.slice(0, end).replace(/^ +/, '').replace(/ +/g, ' ')
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
