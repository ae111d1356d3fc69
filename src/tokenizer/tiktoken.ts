import { invalid } from './hugging-face.js'
import { mergeByScore } from './merge.js'
import { decodeAll, streamDecoder, type Pieces } from './pieces.js'
import { escapeRegExp } from './sentence-piece.js'
import type { Tokenizer } from './tokenizer.js'

export interface TiktokenSetup {
  readonly where: string
  /** Splits text into the pieces that are merged alone. */
  readonly pattern: RegExp
  /** Added tokens by id. */
  readonly specials: ReadonlyMap<number, string>
  /** Those of them that are part of the text (tags of reasoning and of tool calls). */
  readonly visible: ReadonlySet<number>
  readonly vocabSize: number
  readonly bosId?: number | undefined
  readonly eosIds: readonly number[]
}

/** Kimi's pattern; its class intersections need the `v` flag. Moonshot's tokenization_kimi.py. */
export const KIMI_PATTERN = (() => {
  const upper = '[[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]--[\\p{Script=Han}]]'
  const lower = '[[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]--[\\p{Script=Han}]]'
  // No inline (?i:...) yet in every engine: both cases are written out.
  const endings = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
  return new RegExp(
    [
      '[\\p{Script=Han}]+',
      `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${endings}`,
      `[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${endings}`,
      '\\p{N}{1,3}',
      ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*',
      '\\s*[\\r\\n]+',
      '\\s+(?!\\S)',
      '\\s+',
    ].join('|'),
    'gv',
  )
})()

/** `base64 rank` lines. @throws UserError invalid_tokenizer. */
export function parseRanks(text: string, where: string): Map<string, number> {
  const ranks = new Map<string, number>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue
    const [token, rank] = line.split(' ')
    const id = Number(rank)
    if (token === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 24 || !/^[A-Za-z0-9+/]+=*$/.test(token))
      throw invalid(
        where,
        `line ${i + 1}: expected a base64 token and its rank, found ${JSON.stringify(line.slice(0, 40))}`,
      )
    ranks.set(atob(token), id)
  }
  return ranks
}

/** Byte-pair encoding by rank: the adjacent pair with the lowest rank merges first. Tokens are strings of bytes. */
export function tiktokenTokenizer(ranks: ReadonlyMap<string, number>, setup: TiktokenSetup): Tokenizer {
  const { specials, vocabSize, bosId, eosIds } = setup
  const tokens: (string | undefined)[] = []
  for (const [bytes, id] of ranks) tokens[id] = bytes
  const specialIds = new Map([...specials].map(([id, text]) => [text, id]))
  const names = [...specialIds.keys()].sort((a, b) => b.length - a.length).map(escapeRegExp)
  const splitter = names.length > 0 ? new RegExp(`(${names.join('|')})`, 'u') : undefined
  const pieces: Pieces = {
    vocabSize,
    dropFirstSpace: false,
    nameOf: (id) => specials.get(id),
    bytesOf(id) {
      const special = specials.get(id)
      if (special !== undefined) return setup.visible.has(id) ? utf8.encode(special) : undefined
      const bytes = tokens[id]
      return bytes === undefined ? null : Uint8Array.from(bytes, (c) => c.charCodeAt(0))
    },
  }
  const utf8 = new TextEncoder()
  const encodePlain = (text: string): number[] =>
    [...text.matchAll(setup.pattern)].flatMap(([piece]) => mergePiece(byteString(piece), ranks))
  return {
    vocabSize,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { parseSpecial = true } = {}) {
      if (!parseSpecial || !splitter) return encodePlain(text)
      return text.split(splitter).flatMap((part) => {
        const id = specialIds.get(part)
        return id === undefined ? encodePlain(part) : [id]
      })
    },
    decode: (ids) => decodeAll(pieces, ids),
    decoder: (shown) => streamDecoder(pieces, shown),
    idOf: (token) => specialIds.get(token) ?? ranks.get(byteString(token)),
  }
}

/** Merges of one piece: the pair with the lowest rank first. */
function mergePiece(bytes: string, ranks: ReadonlyMap<string, number>): number[] {
  const whole = ranks.get(bytes)
  if (whole !== undefined) return [whole]
  const scoreOf = (joint: string): number | undefined => {
    const rank = ranks.get(joint)
    return rank === undefined ? undefined : -rank
  }
  return mergeByScore(Array.from(bytes), scoreOf).map((part) => ranks.get(part)!)
}

/** One character for each byte of the UTF-8 form. */
function byteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join('')
}
