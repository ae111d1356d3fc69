import { isJsonObject, shortText, type JsonObject } from '../json.js'
import type { Steps } from '../slices.js'
import type { Origin } from './expressions/expression.js'
import { invalid } from './invalid.js'
import { TokenFinder, type AddedToken, type Section } from './json/added-tokens.js'
import { decodingOf, type Decoding } from './json/decoders.js'
import { isId, modelOf, vocabOf, type Encode } from './json/models.js'
import { normalizer } from './json/normalizers.js'
import { Part } from './json/part.js'
import { NOTHING, postProcessor } from './json/post-processors.js'
import { preTokenizer } from './json/pre-tokenizers.js'
import { decodeAll, streamDecoder, type Pieces } from './pieces.js'
import type { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'

export interface TokenizerSetup {
  /** For messages. */
  readonly where: string
  readonly bosId?: number | undefined
  readonly eosIds: readonly number[]
  /** Whether a text begins with BOS; undefined leaves it to the post-processor. */
  readonly addBos?: boolean | undefined
  /** Who wrote its expressions; `file` by default. */
  readonly origin?: Origin
}

/**
 * tokenizer.json: BPE and unigram models with all that stands around them, as huggingface/tokenizers has it, and decoding that
 * never splits a character.
 * @throws UserError invalid_tokenizer when the file contradicts itself, or has a part that is not read.
 */
export function* huggingFaceTokenizer(json: JsonObject, setup: TokenizerSetup): Steps<Tokenizer> {
  const { where, origin = 'file' } = setup
  const part = (key: string): Part | undefined => Part.of(json[key], where, key, origin)
  const model = json['model']
  if (!isJsonObject(model)) throw invalid(where, 'expected model.vocab, found none')
  const own = yield* vocabOf(model, where)
  const added = addedTokens(json['added_tokens'], where)
  const addedIds = new Map(added.map(({ content, id }) => [content, id] as const))
  const encodePiece = yield* modelOf(model, own, where)
  const around = mapped(part('post_processor'), postProcessor) ?? NOTHING
  const pieces = piecesOf(decodingOf(json, part('decoder')), own, added)
  const stranger = [...around.before, ...around.after].find((id) => pieces.nameOf(id) === undefined)
  if (stranger !== undefined) throw invalid(where, `post_processor: expected ids of tokens, found ${stranger}`)
  const stages = {
    normalize: mapped(part('normalizer'), normalizer) ?? asItIs,
    preTokenize: mapped(part('pre_tokenizer'), preTokenizer),
    encodePiece,
  }
  const parsing = encoder(added, stages)
  const plain = encoder(
    added.filter(({ special }) => special !== true),
    stages,
  )
  return tokenizerOf({ setup, pieces, around, parsing, plain, idOf: idsOf(addedIds, own) })
}

/** What is left of a file when it is read. */
interface Readied {
  readonly setup: TokenizerSetup
  readonly pieces: Pieces
  readonly around: typeof NOTHING
  readonly parsing: (text: string) => number[]
  /** The same without special tokens. */
  readonly plain: (text: string) => number[]
  readonly idOf: Tokenizer['idOf']
}

/** Not where the file is read: functions of one scope keep alive what any of them uses, and `part` uses the file. */
function tokenizerOf({ setup, pieces, around, parsing, plain, idOf }: Readied): Tokenizer {
  const { where, bosId, eosIds, addBos } = setup
  return {
    vocabSize: pieces.vocabSize,
    ...(bosId !== undefined && { bosId }),
    eosIds,
    encode(text, { addSpecial = true, parseSpecial = true } = {}) {
      const ids = notTooLong(where, () => (parseSpecial ? parsing : plain)(text.toWellFormed()))
      if (!addSpecial) return ids
      if (addBos === undefined) return [...around.before, ...ids, ...around.after]
      return addBos && bosId !== undefined && ids[0] !== bosId ? [bosId, ...ids] : ids
    },
    decode: (ids) => decodeAll(pieces, ids),
    decoder: (shown) => streamDecoder(pieces, shown),
    bytesOf: (id) => pieces.bytesOf(id),
    idOf,
  }
}

function idsOf(added: ReadonlyMap<string, number>, own: TokenTable): Tokenizer['idOf'] {
  return (token) => added.get(token) ?? own.get(token)
}

/** No normalizer. Here, for the same reason. */
function asItIs(text: string): string {
  return text
}

function mapped<T>(part: Part | undefined, make: (part: Part) => T): T | undefined {
  return part && make(part)
}

interface Stages {
  readonly normalize: (text: string) => string
  readonly preTokenize: ReturnType<typeof preTokenizer> | undefined
  readonly encodePiece: Encode
}

/** Added tokens are found first, those that are normalized in what is left; the rest is cut into pieces, each for the model. */
function encoder(
  added: readonly AddedToken[],
  { normalize, preTokenize, encodePiece }: Stages,
): (text: string) => number[] {
  const isNormalized = ({ normalized, special }: AddedToken): boolean => normalized ?? special !== true
  const plain = new TokenFinder(
    added.filter((token) => !isNormalized(token)),
    ({ content }) => content,
  )
  // Of two that normalize to one text, a special one counts.
  const inOrder = [...added].sort((a, b) => Number(b.special ?? false) - Number(a.special ?? false))
  const normalized = new TokenFinder(inOrder.filter(isNormalized), ({ content }) => normalize(content))
  return (text) => {
    const ids: number[] = []
    const encodeRest = ({ text: rest, id }: Section, first: boolean): void => {
      if (id !== undefined) ids.push(id)
      else
        for (const piece of preTokenize ? preTokenize([{ text: rest, first }]) : [{ text: rest }])
          for (const own of encodePiece(piece.text)) ids.push(own)
    }
    plain.sections(text).forEach((section, i) => {
      if (section.id !== undefined) return void ids.push(section.id)
      const own = normalize(section.text)
      const first = i === 0 && keepsStart(section.text, normalize)
      normalized.sections(own).forEach((rest, j) => encodeRest(rest, first && j === 0))
    })
    return ids
  }
}

/** Whether what a text begins with is still there after normalizing, in whatever form. */
function keepsStart(text: string, normalize: Stages['normalize']): boolean {
  const start = String.fromCodePoint(text.codePointAt(0)!)
  return normalize(`${start}x`) !== normalize('x')
}

/** An expression of the file that would take too long is the file's fault. */
function notTooLong<T>(where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) throw invalid(where, error.message)
    throw error
  }
}

function addedTokens(value: unknown, where: string): AddedToken[] {
  if (!Array.isArray(value ?? [])) throw invalid(where, `added_tokens: expected a list, found ${shortText(value)}`)
  const flags = ['special', 'normalized', 'lstrip', 'rstrip', 'single_word']
  return ((value ?? []) as unknown[]).map((token) => {
    if (!isJsonObject(token) || typeof token['content'] !== 'string')
      throw invalid(where, `added_tokens: expected an id and a content, found ${shortText(token)}`)
    const { id, content } = token
    if (!isId(id))
      throw invalid(
        where,
        `added token ${shortText(content)} has the id ${shortText(id)}; expected a whole number below 2^24`,
      )
    const wrong = flags.find((flag) => !['boolean', 'undefined'].includes(typeof (token[flag] ?? undefined)))
    if (wrong)
      throw invalid(
        where,
        `added token ${shortText(content)}: expected ${wrong} to be true or false, found ${shortText(token[wrong])}`,
      )
    return token as unknown as AddedToken
  })
}

function piecesOf(decoding: Decoding, tokens: TokenTable, all: readonly AddedToken[]): Pieces {
  const added = new Map(all.map((token) => [token.id, token]))
  return {
    vocabSize: all.reduce((size, { id }) => Math.max(size, id + 1), tokens.size),
    dropFirstSpace: decoding.dropFirstSpace,
    nameOf: (id) => added.get(id)?.content ?? tokens.textOf(id),
    bytesOf(id) {
      const addition = added.get(id)
      if (addition) return addition.special ? undefined : decoding.addedBytesOf(addition.content)
      const token = tokens.textOf(id)
      return token === undefined ? null : decoding.bytesOf(token)
    },
  }
}
