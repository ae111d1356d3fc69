/** Models of tokenizer.json: a piece of text to ids. */
import type { UserError } from '../../errors.js'
import { isJsonObject, shortText, type JsonObject } from '../../json.js'
import { each, type Steps } from '../../slices.js'
import { invalid, unread } from '../invalid.js'
import { MergeReader } from '../merge-reader.js'
import { PairTable } from '../pair-table.js'
import { TokenTable } from '../token-table.js'
import { unigramPieces } from '../unigram.js'
import { Bpe, bytesOf } from './bpe.js'

export type Encode = (piece: string) => readonly number[]

/** @throws UserError for a model that contradicts itself, or of a type that is not read. */
export function* modelOf(model: JsonObject, vocab: TokenTable, where: string): Steps<Encode> {
  const type = model['type'] ?? (Array.isArray(model['vocab']) ? 'Unigram' : 'merges' in model ? 'BPE' : undefined)
  if (type === 'BPE') return yield* bpe(model, vocab, where)
  if (type === 'Unigram') return unigram(model, vocab, where)
  throw unread(where, `model.type: expected BPE or Unigram, found ${shortText(type)}`)
}

/** Token to id, and id to token. A table comes from a vocabulary of GGUF. @throws UserError for ids that are none, or that two tokens have. */
export function* vocabOf(model: JsonObject, where: string): Steps<TokenTable> {
  const given = model['vocab']
  if (given instanceof TokenTable) return given
  if (!isJsonObject(given) && !Array.isArray(given)) throw invalid(where, 'expected model.vocab, found none')
  const tokens = Array.isArray(given) ? (given as unknown[]) : Object.keys(given)
  const vocab = new TokenTable(tokens.length)
  const add = (token: string, id: unknown): void => {
    if (!isId(id))
      throw invalid(where, `token ${shortText(token)} has the id ${asText(id)}; expected a whole number below 2^24`)
    const other = vocab.textOf(id)
    if (other !== undefined)
      throw invalid(where, `tokens ${shortText(other)} and ${shortText(token)} share the id ${id}`)
    // Of pieces that are there twice, the last counts, as in the reference.
    vocab.set(token, id)
  }
  // Without a list of all entries: a vocabulary may have a million.
  yield* each(tokens, (entry, place) => {
    if (Array.isArray(given)) add(scoredToken(entry, place, where), place)
    else add(entry as string, given[entry as string])
  })
  return vocab
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 80) : shortText(value)
}

/** The id of a token in a list with scores is its place. */
function scoredToken(entry: unknown, place: number, where: string): string {
  if (isScored(entry)) return entry[0]
  throw invalid(where, `model.vocab[${place}]: expected a token with its score, found ${shortText(entry)}`)
}

export function isId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 24
}

function isScored(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && Number.isFinite(entry[1])
}

function* bpe(model: JsonObject, vocab: TokenTable, where: string): Steps<Encode> {
  const text = (key: string): string | undefined => typed(model, key, 'string', where)
  const flag = (key: string): boolean => typed<boolean>(model, key, 'boolean', where) ?? false
  const dropout = typed<number>(model, 'dropout', 'number', where) ?? 0
  if (dropout > 0)
    throw unread(where, `model.dropout: expected none, found ${dropout}; it makes every encoding another`)
  const unknown = text('unk_token')
  const unknownId = unknown === undefined ? undefined : vocab.get(unknown)
  const [prefix, suffix] = [text('continuing_subword_prefix') ?? '', text('end_of_word_suffix') ?? '']
  const flags = {
    fuseUnknown: flag('fuse_unk'),
    byteFallback: flag('byte_fallback'),
    ignoreMerges: flag('ignore_merges'),
  }
  const ranks = yield* mergesOf(model['merges'] ?? [], vocab, prefix, where)
  const missingUnknown = unknownId === undefined ? unknown : undefined
  const setup = { vocab, unknownId, missingUnknown, prefix, suffix, ...flags }
  return encodeOf(new Bpe(setup, ranks))
}

/** Alone, since functions of one scope keep alive what any of them uses: here the lists of the file. */
function encodeOf(encoder: Bpe): Encode {
  return (piece) => encoder.encode(piece)
}

function noMerge(merge: unknown, where: string): UserError {
  return invalid(where, `merge ${shortText(merge)}: expected two tokens whose joint is a token`)
}

/** Of pairs, or texts with a space between the two; those of GGUF are made already. */
function* mergesOf(value: unknown, vocab: TokenTable, prefix: string, where: string): Steps<PairTable> {
  if (value instanceof PairTable) return value
  if (!Array.isArray(value)) throw invalid(where, `model.merges: expected a list, found ${shortText(value)}`)
  const ranks = new PairTable(value.length)
  const reader = new MergeReader(vocab, ranks, prefix)
  yield* each(value as unknown[], (merge) => {
    const isRead = typeof merge === 'string' ? reader.text(merge) : isPair(merge) && reader.pair(merge[0], merge[1])
    if (!isRead) throw noMerge(merge, where)
  })
  return ranks
}

function isPair(parts: unknown): parts is [string, string] {
  return Array.isArray(parts) && parts.length === 2 && typeof parts[0] === 'string' && typeof parts[1] === 'string'
}

function unigram(model: JsonObject, vocab: TokenTable, where: string): Encode {
  const entries = model['vocab']
  if (!Array.isArray(entries) || entries.length === 0 || !entries.every(isScored))
    throw invalid(where, 'model.vocab: expected a list of tokens with their scores')
  const unknownId = typed<number>(model, 'unk_id', 'number', where)
  if (unknownId !== undefined && !(isId(unknownId) && unknownId < entries.length))
    throw invalid(where, `model.unk_id: expected an id of the vocabulary, found ${unknownId}`)
  const byteFallback = typed<boolean>(model, 'byte_fallback', 'boolean', where) ?? false
  const scores = entries.map(([, score]) => score)
  const scoreOf = (piece: string): number | undefined => {
    const id = vocab.get(piece)
    return id === undefined || id === unknownId ? undefined : scores[id]
  }
  const longest = entries.reduce((most, [token]) => Math.max(most, token.length), 1)
  const lowest = scores.reduce((least, score) => Math.min(least, score), 0)
  const idsOf = (piece: string): readonly number[] => {
    const id = vocab.get(piece)
    if (id !== undefined) return [id]
    const bytes = byteFallback ? bytesOf(piece, vocab) : undefined
    if (bytes) return bytes
    if (unknownId !== undefined) return [unknownId]
    throw invalid(where, `the text has ${shortText(piece)}, which no token has, and model.unk_id is missing`)
  }
  return (piece) => {
    const parts = unigramPieces(Array.from(piece), scoreOf, longest, lowest)
    // What is unknown in a row is one unknown token.
    return joined(parts, (part) => vocab.has(part)).flatMap(idsOf)
  }
}

function joined(parts: readonly string[], isKnown: (part: string) => boolean): string[] {
  const out: string[] = []
  let open = false
  for (const part of parts) {
    const known = isKnown(part)
    if (open && !known) out.push(out.pop()! + part)
    else out.push(part)
    open = !known
  }
  return out
}

function typed<T>(model: JsonObject, key: string, type: 'string' | 'number' | 'boolean', where: string): T | undefined {
  const value = model[key] ?? undefined
  if (value === undefined || typeof value === type) return value as T | undefined
  throw invalid(where, `model.${key}: expected a ${type}, found ${shortText(value)}`)
}
