import { each, type Steps } from '../slices.js'
import { invalid } from './invalid.js'
import { mergeByScore } from './merge.js'
import { splitter, type Splitting } from './patterns.js'
import type { Origin } from './expressions/expression.js'
import { decodeAll, streamDecoder, type Pieces } from './pieces.js'
import { escapeRegExp } from './sentence-piece.js'
import { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'

export interface TiktokenSetup {
  readonly where: string
  /** Text into the pieces that are merged alone. */
  readonly splitting: Splitting
  /** Where the splitting comes from. */
  readonly origin?: Origin
  /** Added tokens by id. */
  readonly specials: ReadonlyMap<number, string>
  /** Those of them that are part of the text (tags of reasoning and of tool calls). */
  readonly visible: ReadonlySet<number>
  readonly vocabSize: number
  readonly bosId?: number | undefined
  /** Whether a text begins with BOS; false by default. */
  readonly addBos?: boolean
  readonly eosIds: readonly number[]
}

/** Some bytes, at least one. */
export function isBase64(text: string): boolean {
  return text !== '' && /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
}

/** `base64 rank` lines. @throws UserError invalid_tokenizer. */
export function* parseRanks(text: string, where: string): Steps<TokenTable> {
  const ranks = new TokenTable()
  yield* each(text.split('\n'), (line, i) => {
    if (line === '') return
    const [token, rank] = line.split(' ')
    const id = Number(rank)
    if (token === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 24 || !isBase64(token))
      throw invalid(
        where,
        `line ${i + 1}: expected a base64 token and its rank, found ${JSON.stringify(line.slice(0, 40))}`,
      )
    ranks.set(atob(token), id)
  })
  return ranks
}

/** Byte-pair encoding by rank: the adjacent pair with the lowest rank merges first. Tokens are strings of bytes. */
export function tiktokenTokenizer(ranks: TokenTable, setup: TiktokenSetup): Tokenizer {
  const { specials, vocabSize, bosId, eosIds } = setup
  const specialIds = new Map([...specials].map(([id, text]) => [text, id]))
  const names = [...specialIds.keys()].sort((a, b) => b.length - a.length).map(escapeRegExp)
  const specialPattern = names.length > 0 ? new RegExp(`(${names.join('|')})`, 'u') : undefined
  const pieces: Pieces = {
    vocabSize,
    dropFirstSpace: false,
    nameOf: (id) => specials.get(id),
    bytesOf(id) {
      const special = specials.get(id)
      if (special !== undefined) return setup.visible.has(id) ? utf8.encode(special) : undefined
      const bytes = ranks.textOf(id)
      return bytes === undefined ? null : Uint8Array.from(bytes, (c) => c.charCodeAt(0))
    },
  }
  const utf8 = new TextEncoder()
  const split = checkedSplitter(setup)
  const encodePlain = (text: string): number[] =>
    split(text).flatMap((piece) => mergePiece(byteString(piece), ranks, setup.where))
  return {
    vocabSize,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { addSpecial = true, parseSpecial = true } = {}) {
      const own = text.toWellFormed()
      const parts = parseSpecial && specialPattern ? own.split(specialPattern) : [own]
      const ids = parts.flatMap((part) => {
        const id = parseSpecial ? specialIds.get(part) : undefined
        return id === undefined ? encodePlain(part) : [id]
      })
      const withBos = addSpecial && setup.addBos === true && bosId !== undefined && ids[0] !== bosId
      return withBos ? [bosId, ...ids] : ids
    },
    decode: (ids) => decodeAll(pieces, ids),
    decoder: (shown) => streamDecoder(pieces, shown),
    bytesOf: (id) => pieces.bytesOf(id),
    idOf: (token) => specialIds.get(token) ?? ranks.get(byteString(token)),
  }
}

function checkedSplitter({ splitting, origin, where }: TiktokenSetup): (text: string) => string[] {
  try {
    return splitter(splitting, origin)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalid(where, `the pattern ${JSON.stringify(splitting[0])} cannot be read: ${error.message}`)
  }
}

/** Merges of one piece: the pair with the lowest rank first. */
function mergePiece(bytes: string, ranks: TokenTable, where: string): number[] {
  const whole = ranks.get(bytes)
  if (whole !== undefined) return [whole]
  const scoreOf = (joint: string): number | undefined => {
    const rank = ranks.get(joint)
    return rank === undefined ? undefined : -rank
  }
  return mergeByScore(Array.from(bytes), scoreOf).map((part) => {
    const id = ranks.get(part)
    if (id === undefined) throw invalid(where, `byte ${part.charCodeAt(0)}: expected a token for every byte`)
    return id
  })
}

/** One character for each byte of the UTF-8 form. */
function byteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join('')
}
