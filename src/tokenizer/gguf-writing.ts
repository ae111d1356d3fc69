/** A byte-level tokenizer.json as GGUF keeps it: what gguf-vocabulary.ts reads, the other way round. */
import { isJsonObject, type JsonObject } from '../json.js'
import { inSlices } from '../slices.js'
import type { Origin } from './expressions/expression.js'
import { ggufTokenizer, splittingJson } from './gguf-vocabulary.js'
import { invalid } from './invalid.js'
import { Part } from './json/part.js'
import { preTokenizer } from './json/pre-tokenizers.js'
import { PRE_TOKENIZERS } from './patterns.js'
import type { Tokenizer } from './tokenizer.js'

/** Keys below `tokenizer.ggml.`. */
export interface WrittenVocabulary {
  readonly model: 'gpt2'
  readonly pre: string
  readonly tokens: readonly string[]
  readonly tokenTypes: readonly number[]
  readonly merges: readonly string[]
  readonly addBos: boolean
}

const NORMAL = 1
const CONTROL = 3
const USER_DEFINED = 4
const UNUSED = 5

/**
 * What the known ways to split a text differ in: contractions, digits, signs, scripts, marks, white space. All is composed (NFC),
 * which some tokenizers ask for and GGUF has no word for.
 */
const PROBE = [
  "I'm SURE it's HE'LL or we'Ve, isn't it? the cat's l'eau 3.14159 1234567890 x86_64 v2.0.1 2024-11-27 ٣٤٥ 五十",
  'camelCaseWord HTTPServer ÄrgerÖl naïve Straße ΑΒΓδε Привет, МИР! नमस्ते दुनिया สวัสดีครับ 안녕하세요 한국어',
  '今天天气很好,我们去公园吧。日本語とカタカナ、漢字。𠀀𠀁',
  'if (a != b) {\n\treturn a->b[0] ?? "c";  // --- ###\n}\r\n\r\n   \n  \t x = y / z\\n /path/to/file.ts <tag attr=\'v\'/>',
  '🙂👩‍👩‍👧 ½ ² ™ … — “quoted” ‘it’s’ ... !!! $5.00 50% a_b @name #tag e=mc²   trailing   ',
  '\n\n\n end',
].join('\n')

/**
 * @param count tokens that the model has logits for; ids without a token are filled up
 * @param read the same tokenizer as it is published, which what is written must agree with
 * @throws UserError invalid_tokenizer for one that GGUF has no form for.
 */
export async function writtenVocabulary(
  json: JsonObject,
  count: number,
  read: Tokenizer,
  where: string,
): Promise<WrittenVocabulary> {
  const { tokens, types } = tokensOf(json, count, where)
  const { model } = json as { model: JsonObject }
  const merges = mergesOf(model['merges'], where)
  const pre = nameOf(json['pre_tokenizer'], model['ignore_merges'] === true, where)
  const addBos = read.bosId !== undefined && read.encode('a')[0] === read.bosId
  const written = { model: 'gpt2', pre, tokens, tokenTypes: types, merges, addBos } as const
  const values = { model: 'gpt2', pre, tokens, token_type: types, merges, add_bos_token: false }
  const own = await inSlices(ggufTokenizer(new Map<string, unknown>(Object.entries(values)), where, []))
  if (sameList(own?.encode(PROBE) ?? [], read.encode(PROBE, { addSpecial: false }))) return written
  throw invalid(where, 'it makes other tokens than GGUF could say')
}

/** By the pieces that texts fall into: expressions may be written in many ways. */
function nameOf(splitting: unknown, wholeFirst: boolean, where: string): string {
  const wanted = piecesOf(splitting, 'file', where)
  const found = Object.entries(PRE_TOKENIZERS).find(
    ([name, known]) =>
      name !== 'default' &&
      (known.wholeFirst ?? false) === wholeFirst &&
      sameList(piecesOf(splittingJson(known.splitting), 'ours', where), wanted),
  )
  if (found) return found[0]
  throw invalid(where, 'it splits texts in a way that GGUF has no name for')
}

function piecesOf(json: unknown, origin: Origin, where: string): string[] {
  const part = Part.of(json, where, 'pre_tokenizer', origin)
  const pieces = part ? preTokenizer(part)([{ text: PROBE, first: true }]) : [{ text: PROBE }]
  return [...pieces].map(({ text }) => text)
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

function tokensOf(json: JsonObject, count: number, where: string): { tokens: string[]; types: number[] } {
  const model = json['model']
  const vocab = isJsonObject(model) && model['vocab']
  if (!isJsonObject(model) || model['type'] !== 'BPE' || model['byte_fallback'] === true || !isJsonObject(vocab))
    throw invalid(where, 'expected byte-level BPE, as GGUF keeps it with its merges; found another kind of vocabulary')
  const tokens = Array.from({ length: count }, (_, id) => `[PAD${id}]`)
  const types = tokens.map(() => UNUSED)
  const put = (token: string, id: unknown, type: number): void => {
    if (typeof id !== 'number' || !(id >= 0 && id < count))
      throw invalid(where, `${JSON.stringify(token)} has the id ${String(id)}; the model has ${count} tokens`)
    tokens[id] = token
    types[id] = type
  }
  for (const [token, id] of Object.entries(vocab)) put(token, id, NORMAL)
  for (const added of (json['added_tokens'] ?? []) as JsonObject[])
    put(String(added['content']), added['id'], added['special'] === true ? CONTROL : USER_DEFINED)
  return { tokens, types }
}

/** Merges are pairs, or texts with a space between the two. */
function mergesOf(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) throw invalid(where, 'expected model.merges, a list')
  return value.map((merge: unknown) => (Array.isArray(merge) ? merge.join(' ') : String(merge)))
}
