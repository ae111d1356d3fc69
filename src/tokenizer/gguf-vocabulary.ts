import { huggingFaceTokenizer, invalid } from './hugging-face.js'
import { sentencePieceTokenizer } from './sentence-piece.js'
import type { Tokenizer } from './tokenizer.js'

const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const QWEN2 = LLAMA3.replace('\\p{N}{1,3}', '\\p{N}')
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"
const PUNCTUATION = '\\s?[!-/:-~！-／：-～‘-‟　-。]+'
const CJK = '[一-龥ࠀ-一가-퟿]+'
// DeepSeek-LLM lists the cased letters one by one; the classes say the same.
const LETTERS = '\\s?[\\p{Lu}\\p{Ll}\\p{Lt}]+'
const DEEPSEEK3_TAIL =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'

/** Named pre-tokenizers (tokenizer.ggml.pre) as splits in order, then byte-level. llama.cpp, llama-vocab.cpp. */
const PRE_TOKENIZERS: Readonly<Record<string, readonly string[]>> = {
  default: [GPT2],
  'gpt-2': [GPT2],
  'llama-bpe': [LLAMA3],
  'llama-v3': [LLAMA3],
  llama3: [LLAMA3],
  qwen2: [QWEN2],
  'deepseek-r1-qwen': [QWEN2],
  smollm: ['\\p{N}', GPT2],
  'deepseek-llm': ['[\\r\\n]', LETTERS, PUNCTUATION, '\\s+$', CJK, '\\p{N}+'],
  'deepseek-coder': ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', CJK, '\\p{N}'],
  'deepseek-v3': ['\\p{N}{1,3}', '[一-龥぀-ゟ゠-ヿ]+', DEEPSEEK3_TAIL],
}

/**
 * A tokenizer from GGUF metadata: model `gpt2` (byte-level BPE) or `llama` (SentencePiece); undefined when there is none.
 * @throws UserError invalid_tokenizer for other models, pre-tokenizers, or lists that do not fit each other.
 */
export function ggufTokenizer(
  metadata: ReadonlyMap<string, unknown>,
  where: string,
  eosIds: readonly number[],
): Tokenizer | undefined {
  const get = (key: string): unknown => metadata.get(`tokenizer.ggml.${key}`)
  const model = get('model')
  if (model === undefined) return undefined
  const tokens = list<string>(get('tokens'), 'string')
  if (!tokens) throw invalid(where, 'expected tokenizer.ggml.tokens, a list of strings')
  const types = list<number>(get('token_type'), 'number') ?? tokens.map(() => 1)
  if (types.length !== tokens.length)
    throw invalid(where, `${tokens.length} tokens and ${types.length} token types; expected as many`)
  const id = (key: string): number | undefined => {
    const value = get(key)
    return typeof value === 'number' && value >= 0 && value < tokens.length ? value : undefined
  }
  const addBos = get('add_bos_token')
  if (model === 'llama') {
    const scores = list<number>(get('scores'), 'number')
    if (scores?.length !== tokens.length) throw invalid(where, 'expected tokenizer.ggml.scores, one for each token')
    return sentencePieceTokenizer({
      tokens,
      scores,
      types,
      eosIds,
      bosId: id('bos_token_id') ?? 1,
      unknownId: id('unknown_token_id') ?? 0,
      addBos: addBos !== false,
      addSpacePrefix: get('add_space_prefix') !== false,
    })
  }
  if (model !== 'gpt2') throw invalid(where, `tokenizer model ${JSON.stringify(model)}: expected gpt2 or llama`)
  const pre = get('pre') ?? 'default'
  const splits = typeof pre === 'string' ? PRE_TOKENIZERS[pre] : undefined
  if (!splits)
    throw invalid(
      where,
      `pre-tokenizer ${JSON.stringify(pre)}: expected one of ${Object.keys(PRE_TOKENIZERS).join(', ')}`,
    )
  const merges = list<string>(get('merges'), 'string') ?? []
  const json = {
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((t, i) => [t, i])),
      merges: applicable(merges, tokens),
      ignore_merges: splits[0] === LLAMA3,
    },
    added_tokens: tokens
      .map((content, i) => ({ id: i, content, special: types[i] === 3, normalized: false }))
      .filter((_, i) => types[i] === 3 || types[i] === 4),
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        ...splits.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    normalizer: null,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
  }
  return huggingFaceTokenizer(json, {}, { where, bosId: id('bos_token_id'), eosIds, addBos: addBos === true })
}

/** Merges as pairs; those whose joint is no token can never apply, and llama.cpp accepts files that have them. */
function applicable(merges: readonly string[], tokens: readonly string[]): [string, string][] {
  const known = new Set(tokens)
  return merges.map((m) => splitMerge(m)).filter(([a, b]) => known.has(a + b))
}

/** The first space that is not at the start parts the two tokens. */
function splitMerge(merge: string): [string, string] {
  const at = merge.indexOf(' ', 1)
  return [merge.slice(0, at), merge.slice(at + 1)]
}

function list<T>(value: unknown, type: 'string' | 'number'): T[] | undefined {
  if (Array.isArray(value)) return value.every((v) => typeof v === type) ? (value as T[]) : undefined
  return ArrayBuffer.isView(value) && type === 'number' ? Array.from(value as unknown as Iterable<T>) : undefined
}
