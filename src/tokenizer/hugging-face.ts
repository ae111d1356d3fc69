import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { invalid } from './invalid.js'
import { byteLevelBytes, decodeAll, sentencePieceBytes, streamDecoder, type Pieces } from './pieces.js'
import type { Tokenizer } from './tokenizer.js'

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special?: boolean
}

/** The parts of tokenizer.json that are read here; the rest is the library's. */
export interface TokenizerJson {
  readonly model: {
    readonly vocab: Record<string, number> | [string, number][]
    readonly merges?: unknown[]
    readonly [key: string]: unknown
  }
  readonly added_tokens?: readonly AddedToken[]
  readonly [key: string]: unknown
}

export interface TokenizerSetup {
  /** For messages. */
  readonly where: string
  readonly bosId?: number | undefined
  readonly eosIds: readonly number[]
  /** Whether a text begins with BOS; undefined leaves it to the post-processor. */
  readonly addBos?: boolean | undefined
}

/**
 * tokenizer.json through `@huggingface/tokenizers`, with our own decoding, which never splits a character.
 * @throws UserError invalid_tokenizer when the file contradicts itself.
 */
export function huggingFaceTokenizer(json: TokenizerJson, config: object, setup: TokenizerSetup): Tokenizer {
  const { where, bosId, eosIds, addBos } = setup
  const vocab = checkedVocab(json, where)
  const make = (source: TokenizerJson): HuggingFaceTokenizer => {
    try {
      // parts that are left out are none; the library wants to hear it
      const whole = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...source }
      const split = inWords(whole, vocab) ? { pre_tokenizer: wordByWord(whole.pre_tokenizer) } : {}
      return new HuggingFaceTokenizer({ ...whole, ...split }, config)
    } catch (cause) {
      throw invalid(
        where,
        `the tokenizer library refuses it: ${cause instanceof Error ? cause.message : String(cause)}`,
      )
    }
  }
  const parsing = make(json)
  let plain: HuggingFaceTokenizer | undefined
  const withoutSpecials = (): HuggingFaceTokenizer =>
    (plain ??= make({ ...json, added_tokens: (json.added_tokens ?? []).filter((t) => t.special !== true) }))
  const pieces = piecesOf(json, vocab)
  return {
    vocabSize: pieces.vocabSize,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { addSpecial = true, parseSpecial = true } = {}) {
      const ids = (parseSpecial ? parsing : withoutSpecials()).encode(text, {
        add_special_tokens: addSpecial && addBos === undefined,
      }).ids
      const withBos = addSpecial && addBos === true && bosId !== undefined && ids[0] !== bosId
      return withBos ? [bosId, ...ids] : [...ids]
    },
    decode: (ids) => decodeAll(pieces, ids),
    decoder: (shown) => streamDecoder(pieces, shown),
    bytesOf: (id) => pieces.bytesOf(id),
    idOf: (token) => vocab.get(token),
  }
}

const SPACE = '\u2581'

/**
 * True where SentencePiece's BPE merges a text as a whole, but no token holds a space after another character. Then
 * nothing merges across a space, and the words may be merged one by one. That is a workaround: the library's merging of one
 * long piece (@huggingface/tokenizers 0.2.0) takes 7.6 s for a million characters instead of 1 s. It can go when it is linear.
 */
function inWords(json: TokenizerJson, vocab: ReadonlyMap<string, number>): boolean {
  const { model, pre_tokenizer: pre } = json
  const unsplit = pre === null || (pre as { type?: unknown; split?: unknown }).type === 'Metaspace'
  if (model['type'] !== 'BPE' || model['byte_fallback'] !== true || !unsplit) return false
  const added = new Set((json.added_tokens ?? []).map(({ content }) => content))
  for (const token of vocab.keys()) if (!added.has(token) && /[^\u2581]\u2581/.test(token)) return false
  return true
}

function wordByWord(pre: unknown): unknown {
  const words = { Regex: `${SPACE}*[^${SPACE}]+` }
  const split = { type: 'Split', pattern: words, behavior: 'Isolated', invert: false }
  return { type: 'Sequence', pretokenizers: pre === null ? [split] : [pre, split] }
}

/** Token to id, added tokens included. */
function checkedVocab(json: TokenizerJson, where: string): Map<string, number> {
  if (typeof json.model !== 'object' || typeof json.model.vocab !== 'object' || json.model.vocab === null)
    throw invalid(where, 'expected model.vocab, found none')
  const own: [string, number][] = Array.isArray(json.model.vocab)
    ? json.model.vocab.map(([token], id) => [token, id])
    : Object.entries(json.model.vocab)
  const vocab = new Map(own)
  const seen = new Map<number, string>()
  for (const [token, id] of own) {
    if (!Number.isInteger(id) || id < 0 || id >= 2 ** 24)
      throw invalid(where, `token ${JSON.stringify(token)} has the id ${id}; expected a whole number below 2^24`)
    const other = seen.get(id)
    if (other !== undefined)
      throw invalid(where, `tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} share the id ${id}`)
    seen.set(id, token)
  }
  for (const { id, content } of json.added_tokens ?? []) {
    if (!Number.isInteger(id) || id < 0 || id >= 2 ** 24)
      throw invalid(
        where,
        `added token ${JSON.stringify(content)} has the id ${id}; expected a whole number below 2^24`,
      )
    vocab.set(content, id)
  }
  for (const merge of json.model.merges ?? []) {
    const parts = typeof merge === 'string' ? merge.split(' ') : (merge as string[])
    if (parts.length !== 2 || !vocab.has(parts[0]! + parts[1]!))
      throw invalid(where, `merge ${JSON.stringify(merge)}: expected two tokens whose joint is a token`)
  }
  return vocab
}

function piecesOf(json: TokenizerJson, vocab: ReadonlyMap<string, number>): Pieces {
  const byteLevel = JSON.stringify([json['decoder'], json['pre_tokenizer']]).includes('ByteLevel')
  const vocabSize = largest(vocab) + 1
  const tokens: (string | undefined)[] = []
  for (const [token, id] of vocab) tokens[id] = token
  const added = new Map((json.added_tokens ?? []).map((t) => [t.id, t]))
  const encoder = new TextEncoder()
  return {
    vocabSize,
    dropFirstSpace: !byteLevel && JSON.stringify(json['decoder'] ?? null).includes('"Strip"'),
    nameOf: (id) => tokens[id],
    bytesOf(id) {
      const token = tokens[id]
      if (token === undefined) return null
      const addition = added.get(id)
      if (addition) return addition.special ? undefined : encoder.encode(token)
      return byteLevel ? byteLevelBytes(token) : sentencePieceBytes(token)
    },
  }
}

function largest(vocab: ReadonlyMap<string, number>): number {
  let most = -1
  for (const id of vocab.values()) if (id > most) most = id
  return most
}
