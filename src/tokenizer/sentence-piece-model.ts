import { SMALL_STEPS, eachPlace, type Steps } from '../slices.js'
import { invalid, unread } from './invalid.js'
import { sentencePieceTokenizer } from './sentence-piece.js'
import { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'

/** The fields of sentencepiece_model.proto that decide ids. */
interface Model {
  readonly tokens: string[]
  readonly scores: number[]
  readonly types: number[]
  modelType: number
  addDummyPrefix: boolean
  removeExtraWhitespace: boolean
  escapeWhitespaces: boolean
  treatWhitespaceAsSuffix: boolean
  normalizer: string
  charsmapBytes: number
  bosId: number
}

const UNIGRAM = 1
const BPE = 2
/** Types of pieces that tell more than text. */
const UNKNOWN = 2
const MAX_PIECES = 2 ** 24

/**
 * SentencePiece's own file: a protobuf ModelProto. BPE and unigram, with byte fallback, dummy prefix and user-defined symbols.
 * @throws UserError invalid_tokenizer for a damaged file, or for what is not implemented: normalisation by a character map,
 *   white space as a suffix, word and character models.
 */
export function* sentencePieceModel(
  bytes: Uint8Array,
  where: string,
  eosIds: readonly number[],
  addBos: boolean,
): Steps<Tokenizer> {
  const model = yield* parseModel(bytes, where)
  if (model.tokens.length === 0) throw invalid(where, 'expected pieces, found none')
  if (model.modelType !== UNIGRAM && model.modelType !== BPE)
    throw unread(where, `model type ${model.modelType}: expected 1 (unigram) or 2 (BPE)`)
  if (model.charsmapBytes > 0)
    throw unread(where, `normaliser ${JSON.stringify(model.normalizer)}: expected identity; use a tokenizer.json`)
  if (model.treatWhitespaceAsSuffix)
    throw unread(where, 'white space as a suffix is not supported; use a tokenizer.json')
  if (!model.escapeWhitespaces)
    throw unread(where, 'white space that stays as it is, is not supported; use a tokenizer.json')
  const ids = new TokenTable(model.tokens.length)
  // From the last on: of two tokens with one text, the first is found.
  yield* eachPlace(model.tokens.length, (i) => ids.set(model.tokens.at(-1 - i)!, model.tokens.length - 1 - i))
  return sentencePieceTokenizer({
    ids,
    scores: model.scores,
    types: model.types,
    algorithm: model.modelType === UNIGRAM ? 'unigram' : 'bpe',
    bosId: model.bosId >= 0 && model.bosId < model.tokens.length ? model.bosId : undefined,
    unknownId: Math.max(0, model.types.indexOf(UNKNOWN)),
    eosIds,
    addBos,
    addSpacePrefix: model.addDummyPrefix,
    prefixOnce: true,
    removeExtraWhitespace: model.removeExtraWhitespace,
  })
}

function* parseModel(bytes: Uint8Array, where: string): Steps<Model> {
  const model: Model = {
    tokens: [],
    scores: [],
    types: [],
    modelType: UNIGRAM,
    addDummyPrefix: true,
    removeExtraWhitespace: true,
    escapeWhitespaces: true,
    treatWhitespaceAsSuffix: false,
    normalizer: '',
    charsmapBytes: 0,
    bosId: 1,
  }
  for (const field of fields(bytes, where)) {
    if (field.number === 1) {
      readPiece(field.bytes, model, where)
      if (model.tokens.length % SMALL_STEPS === 0) yield
    } else if (field.number === 2) readTrainer(field.bytes, model, where)
    else if (field.number === 3) readNormalizer(field.bytes, model, where)
  }
  return model
}

function readPiece(bytes: Uint8Array, model: Model, where: string): void {
  if (model.tokens.length >= MAX_PIECES) throw invalid(where, `more than ${MAX_PIECES} pieces`)
  let text = ''
  let score = 0
  let type = 1
  for (const field of fields(bytes, where)) {
    if (field.number === 1) text = new TextDecoder().decode(field.bytes)
    else if (field.number === 2 && field.bytes.length === 4)
      score = new DataView(field.bytes.buffer, field.bytes.byteOffset).getFloat32(0, true)
    else if (field.number === 3) type = field.value
  }
  model.tokens.push(text)
  model.scores.push(score)
  model.types.push(type)
}

function readTrainer(bytes: Uint8Array, model: Model, where: string): void {
  for (const field of fields(bytes, where)) {
    if (field.number === 3) model.modelType = field.value
    else if (field.number === 24) model.treatWhitespaceAsSuffix = field.value !== 0
    else if (field.number === 41) model.bosId = field.value
  }
}

function readNormalizer(bytes: Uint8Array, model: Model, where: string): void {
  for (const field of fields(bytes, where)) {
    if (field.number === 1) model.normalizer = new TextDecoder().decode(field.bytes)
    else if (field.number === 2) model.charsmapBytes = field.bytes.length
    else if (field.number === 3) model.addDummyPrefix = field.value !== 0
    else if (field.number === 4) model.removeExtraWhitespace = field.value !== 0
    else if (field.number === 5) model.escapeWhitespaces = field.value !== 0
  }
}

/** A protobuf field: bytes for strings, messages and fixed numbers, value for varints. */
interface Field {
  readonly number: number
  readonly value: number
  readonly bytes: Uint8Array
}

const NONE = new Uint8Array(0)

function* fields(bytes: Uint8Array, where: string): Generator<Field> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      // Ten bytes are a 64-bit number; -1 is written so, and no more than that is asked of one.
      if (byte === undefined || factor > 2 ** 63)
        throw invalid(where, 'a number ends early; expected a SentencePiece model')
      value += (byte & 127) * factor
      if (byte < 128) return value >= 2 ** 63 ? -1 : value
    }
  }
  const take = (length: number): Uint8Array => {
    if (length < 0 || length > bytes.length - at)
      throw invalid(
        where,
        `a field claims ${length} bytes, ${bytes.length - at} are left; expected a SentencePiece model`,
      )
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const key = varint()
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (wire === 0) yield { number, value: varint(), bytes: NONE }
    else if (wire === 1) yield { number, value: 0, bytes: take(8) }
    else if (wire === 2) yield { number, value: 0, bytes: take(varint()) }
    else if (wire === 5) yield { number, value: 0, bytes: take(4) }
    else throw invalid(where, `wire type ${wire} at byte ${at}; expected a SentencePiece model`)
  }
}
