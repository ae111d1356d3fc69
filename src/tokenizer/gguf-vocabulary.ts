import type { EmbeddedTokenizer } from '../checkpoint/checkpoint.js'
import { StoredTexts } from '../checkpoint/gguf/stored-texts.js'
import { shortText, type JsonObject } from '../json.js'
import { eachPlace, type Steps } from '../slices.js'
import { huggingFaceTokenizer } from './hugging-face.js'
import { invalid, unread } from './invalid.js'
import { PRE_TOKENIZERS, type PreTokenizer, type Splitting } from './patterns.js'
import { MergeReader } from './merge-reader.js'
import { PairTable } from './pair-table.js'
import { sentencePieceTokenizer } from './sentence-piece.js'
import { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * A tokenizer from a vocabulary as GGUF keeps it: model `gpt2` (byte-level BPE), `llama` (SentencePiece) or `gemma4` (BPE of characters);
 * undefined when there is none.
 * @throws UserError invalid_tokenizer for other models, pre-tokenizers, or lists that do not fit each other.
 */
export function* ggufTokenizer(
  vocabulary: EmbeddedTokenizer['vocabulary'],
  where: string,
  idsOfEnds: readonly number[],
): Steps<Tokenizer | undefined> {
  const get = (key: string): unknown => vocabulary.get(key)
  const model = get('model')
  if (model === undefined) return undefined
  const tokens = StoredTexts.from(get('tokens'))
  if (!tokens) throw invalid(where, 'expected tokenizer.ggml.tokens, a list of strings')
  const types = numbers(get('token_type')) ?? new Array<number>(tokens.length).fill(NORMAL)
  if (types.length !== tokens.length)
    throw invalid(where, `${tokens.length} tokens and ${types.length} token types; expected as many`)
  const vocab = new TokenTable(tokens.length)
  // From the last on: of two tokens with one text, the first is found.
  const first = model === 'llama'
  yield* eachPlace(tokens.length, (i) => {
    const id = first ? tokens.length - 1 - i : i
    vocab.setFrom(tokens, id, id)
  })
  const ends = endsByText(vocab)
  // Some files say that they are plain text.
  for (const id of ends) types[id] = CONTROL
  const eosIds = [...new Set([...idsOfEnds, ...ends])]
  const id = (key: string): number | undefined => {
    const value = get(key)
    return typeof value === 'number' && value >= 0 && value < tokens.length ? value : undefined
  }
  const addBos = get('add_bos_token')
  if (model === 'llama') {
    const scores = numbers(get('scores'))
    if (scores?.length !== tokens.length) throw invalid(where, 'expected tokenizer.ggml.scores, one for each token')
    return sentencePieceTokenizer({
      ids: vocab,
      scores,
      types,
      eosIds,
      bosId: id('bos_token_id') ?? 1,
      unknownId: id('unknown_token_id') ?? 0,
      addBos: addBos !== false,
      addSpacePrefix: get('add_space_prefix') !== false,
    })
  }
  const parts = { where, vocab, types, merges: StoredTexts.from(get('merges')) ?? StoredTexts.of([]) }
  const setup = { where, bosId: id('bos_token_id'), eosIds, origin: 'ours' as const }
  if (model === 'gemma4') return yield* huggingFaceTokenizer(yield* gemmaJson(parts), { ...setup, addBos: true })
  if (model !== 'gpt2') throw unread(where, `tokenizer model ${JSON.stringify(model)}: expected gpt2, llama or gemma4`)
  const pre = get('pre') ?? 'default'
  const known = typeof pre === 'string' && Object.hasOwn(PRE_TOKENIZERS, pre) ? PRE_TOKENIZERS[pre] : undefined
  if (!known)
    throw unread(
      where,
      `pre-tokenizer ${JSON.stringify(pre)}: expected one of ${Object.keys(PRE_TOKENIZERS).join(', ')}`,
    )
  const addsBos = typeof addBos === 'boolean' ? addBos : known.addBos === true
  return yield* huggingFaceTokenizer(yield* byteLevelJson(parts, known), { ...setup, addBos: addsBos })
}

/** ggml's types of tokens. */
const NORMAL = 1
const CONTROL = 3
const USER_DEFINED = 4

/** Texts of tokens that end a turn or a text whatever the metadata says; llama.cpp, llama-vocab.cpp (special_eog_ids). */
const END_TEXTS: ReadonlySet<string> = new Set([
  ...['<|eot_id|>', '<|eom_id|>', '<|end_of_text|>', '<|im_end|>', '<|end|>', '<end_of_turn>', '<|endoftext|>'],
  ...['<|return|>', '<|call|>', '<|flush|>', '<|calls|>', '<EOT>', '_<EOT>', '[EOT]', '[EOS]', '<end_of_utterance>'],
  '<\uff5cend\u2581of\u2581sentence\uff5c>',
])

/** In these vocabularies `<|end|>` ends a message, after which the turn continues: gpt-oss and Solar. */
const MESSAGES_END = [
  ['<|return|>', '<|call|>'],
  ['<|calls|>', '<|flush|>'],
]

function endsByText(vocab: TokenTable): number[] {
  const ids = new Map<string, number>()
  for (const text of END_TEXTS) {
    const id = vocab.get(text)
    if (id !== undefined) ids.set(text, id)
  }
  if (MESSAGES_END.some((both) => both.every((text) => ids.has(text)))) ids.delete('<|end|>')
  return [...ids.values()]
}

interface Vocabulary {
  /** For messages. */
  readonly where: string
  readonly vocab: TokenTable
  readonly types: readonly number[]
  readonly merges: StoredTexts
}

/** GPT-2's kind of BPE, as tokenizer.json says it. */
function* byteLevelJson(parts: Vocabulary, { splitting, wholeFirst = false }: PreTokenizer): Steps<JsonObject> {
  return {
    model: { type: 'BPE', ...(yield* vocabAndMerges(parts)), ignore_merges: wholeFirst },
    added_tokens: addedTokens(parts),
    pre_tokenizer: splittingJson(splitting),
    normalizer: null,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
  }
}

/** A splitting as tokenizer.json says it, with what follows in all byte-level tokenizers. */
export function splittingJson(splitting: Splitting): JsonObject {
  return {
    type: 'Sequence',
    pretokenizers: [
      ...splitting.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  }
}

/** Gemma's: characters instead of bytes, U+2581 for spaces, and no splitting but at line breaks. */
function* gemmaJson(parts: Vocabulary): Steps<JsonObject> {
  const lines = { Regex: '[^\\n]+|[\\n]+' }
  return {
    model: { type: 'BPE', ...(yield* vocabAndMerges(parts)), byte_fallback: true, fuse_unk: true, unk_token: '<unk>' },
    added_tokens: addedTokens(parts),
    pre_tokenizer: { type: 'Split', pattern: lines, behavior: 'Isolated', invert: false },
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
  }
}

function* vocabAndMerges({ where, vocab, merges }: Vocabulary): Steps<{ vocab: TokenTable; merges: PairTable }> {
  return { vocab, merges: yield* applicable(merges, vocab, where) }
}

function addedTokens({ vocab, types }: Vocabulary): { id: number; content: string; special: boolean }[] {
  return types.flatMap((type, id) =>
    type === CONTROL || type === USER_DEFINED
      ? [{ id, content: vocab.textOf(id)!, special: type === CONTROL, normalized: false }]
      : [],
  )
}

/** Those whose joint is no token can never apply, and llama.cpp accepts files that have them. */
function* applicable(merges: StoredTexts, vocab: TokenTable, where: string): Steps<PairTable> {
  const ranks = new PairTable(merges.length)
  const reader = new MergeReader(vocab, ranks)
  yield* eachPlace(merges.length, (place) => {
    if (!reader.stored(merges, place) && reader.hasJoint)
      throw invalid(where, `merge ${shortText(merges.at(place))}: expected two tokens whose joint is a token`)
  })
  return ranks
}

function numbers(value: unknown): number[] | undefined {
  if (Array.isArray(value)) return value.every((v) => typeof v === 'number') ? value : undefined
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as Iterable<number>) : undefined
}
