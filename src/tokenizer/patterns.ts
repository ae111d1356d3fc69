/**
 * How text is split before its pieces are merged, each alone. A splitting is a list of patterns that are applied in order:
 * every match of the first is a piece of its own, what lies between goes to the second, and so on.
 * Sources: the labs' tokenizer.json files and tokenizer classes; the names are llama.cpp's (llama-vocab.cpp).
 * Contractions have both cases written out; the long s is the case of s that is easily forgotten.
 */
import { expression, type Expression, type Origin } from './expressions/expression.js'
import { cuts, split } from './json/splits.js'

export type Splitting = readonly string[]

const CONTRACTION = "(?:'[sSſ]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const CJK = '[一-龥ࠀ-一가-퟿]+'
const HAN_AND_KANA = '[一-龥぀-ゟ゠-ヿ]+'
const ASCII_PUNCTUATION = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]'

/** Words with a character in front, digits in groups of up to `digits`, punctuation, white space. */
function words(letters: string, others: string, digits: number): string {
  const number = digits === 1 ? '\\p{N}' : `\\p{N}{1,${digits}}`
  return `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?${letters}+|${number}| ?[^\\s${others}\\p{N}]+[\\r\\n]*|${SPACES}`
}

/** Words that begin with capitals or end in small letters; a contraction belongs to its word. */
function cased(upper: string, lower: string, contraction: string, digits: string, punctuation: string): string {
  const front = '[^\\r\\n\\p{L}\\p{N}]?'
  return `${front}${upper}*${lower}+${contraction}|${front}${upper}+${lower}*${contraction}|${digits}|${punctuation}|${SPACES}`
}

const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const notHan = (letters: string): string => `(?:(?!\\p{Script=Han})${letters})`
const SLASHED = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*'

export const GPT2: Splitting = ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"]
export const LLAMA3: Splitting = [words('\\p{L}', '\\p{L}', 3)]
export const QWEN2: Splitting = [words('\\p{L}', '\\p{L}', 1)]
export const QWEN35: Splitting = [words('[\\p{L}\\p{M}]', '\\p{L}\\p{M}', 1)]
export const O200K: Splitting = [cased(UPPER, LOWER, `${CONTRACTION}?`, '\\p{N}{1,3}', SLASHED)]
export const TEKKEN: Splitting = [cased(UPPER, LOWER, '', '\\p{N}', SLASHED)]
export const KIMI: Splitting = [
  '\\p{Script=Han}+|' +
    cased(notHan(UPPER), notHan(LOWER), `${CONTRACTION}?`, '\\p{N}{1,3}', ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*'),
]
export const DEEPSEEK_V3: Splitting = [
  '\\p{N}{1,3}',
  HAN_AND_KANA,
  `${ASCII_PUNCTUATION}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`,
]
// DeepSeek-LLM lists the cased letters one by one; the classes say the same.
const DEEPSEEK_LLM: Splitting = [
  '[\\r\\n]',
  '\\s?[\\p{Lu}\\p{Ll}\\p{Lt}]+',
  '\\s?[!-/:-~！-／：-～‘-‟　-。]+',
  '(?<!\\s)\\s+$',
  CJK,
  '\\p{N}+',
]
const DEEPSEEK_CODER: Splitting = ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', CJK, '\\p{N}']
const SINGLE_DIGITS: Splitting = ['\\p{N}', ...GPT2]
/** Of files from before tokenizer.ggml.pre. */
const UNNAMED: Splitting = ['[\\p{P}\\$\\+<=>\\^~\\|]+', ...GPT2, '\\p{N}+', '[0-9][0-9][0-9]']
const BAILING: Splitting = [
  `'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
]

const SEED_CODER: Splitting = [
  `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
]
/** Of BLOOM, and of Poro and Viking after it. */
const BLOOM: Splitting = [' ?[^(\\s|.,!?…。，、।۔،)]+']
const MINICPM5: Splitting = ['\\p{N}{1,3}', ...LLAMA3]
const YOUTU: Splitting = [
  '[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+',
  cased(UPPER, LOWER, `${CONTRACTION}?`, '\\p{N}', SLASHED),
]

export interface PreTokenizer {
  readonly splitting: Splitting
  /** A piece that is a token is that token, whatever the merges say. */
  readonly wholeFirst?: boolean
  /** BOS goes before a text unless the file says otherwise. */
  readonly addBos?: boolean
}

const llama3: PreTokenizer = { splitting: LLAMA3, wholeFirst: true, addBos: true }

/** By the name in tokenizer.ggml.pre. */
export const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  default: { splitting: UNNAMED },
  'gpt-2': { splitting: GPT2 },
  'phi-2': { splitting: GPT2 },
  olmo: { splitting: GPT2 },
  mpt: { splitting: GPT2 },
  exaone4: { splitting: GPT2 },
  gigachat: { splitting: GPT2 },
  'a.x-4.0': { splitting: GPT2 },
  mellum: { splitting: GPT2 },
  trillion: { splitting: GPT2 },
  'granite-docling': { splitting: GPT2 },
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3,
  lfm2: llama3,
  falcon3: llama3,
  'falcon-h1': llama3,
  'midm-2.0': llama3,
  pixtral: llama3,
  'smaug-bpe': { splitting: LLAMA3 },
  dbrx: { splitting: LLAMA3 },
  glm4: { splitting: LLAMA3, wholeFirst: true },
  glm5: { splitting: LLAMA3, wholeFirst: true },
  'chatglm-bpe': { splitting: LLAMA3 },
  qwen2: { splitting: QWEN2 },
  'deepseek-r1-qwen': { splitting: QWEN2 },
  kormo: { splitting: QWEN2 },
  stablelm2: { splitting: QWEN2 },
  megrez: { splitting: QWEN2 },
  hunyuan: { splitting: QWEN2 },
  'solar-open': { splitting: QWEN2 },
  'grok-2': { splitting: QWEN2 },
  qwen35: { splitting: QWEN35 },
  laguna: { splitting: ['[^\\n]+|[\\n]+', ...QWEN2] },
  'gpt-4o': { splitting: O200K },
  llama4: { splitting: O200K },
  talkie: { splitting: O200K },
  kanana2: { splitting: O200K },
  'minimax-m2': { splitting: O200K },
  tekken: { splitting: TEKKEN, wholeFirst: true, addBos: true },
  'kimi-k2': { splitting: KIMI },
  'deepseek-llm': { splitting: DEEPSEEK_LLM },
  'deepseek-coder': { splitting: DEEPSEEK_CODER },
  'deepseek-v3': { splitting: DEEPSEEK_V3 },
  'hunyuan-dense': { splitting: DEEPSEEK_V3 },
  hy_v4: { splitting: DEEPSEEK_V3 },
  'joyai-llm': { splitting: DEEPSEEK_V3 },
  smollm: { splitting: SINGLE_DIGITS },
  starcoder: { splitting: SINGLE_DIGITS },
  refact: { splitting: SINGLE_DIGITS },
  'command-r': { splitting: SINGLE_DIGITS },
  exaone: { splitting: SINGLE_DIGITS },
  'minerva-7b': { splitting: SINGLE_DIGITS },
  mellum2: { splitting: SINGLE_DIGITS },
  bailingmoe: { splitting: BAILING },
  bailingmoe2: { splitting: BAILING },
  'llada-moe': { splitting: BAILING },
  'seed-coder': { splitting: SEED_CODER },
  'poro-chat': { splitting: BLOOM },
  viking: { splitting: [...BLOOM, '\\p{N}'] },
  minicpm5: { splitting: MINICPM5, wholeFirst: true },
  youtu: { splitting: YOUTU, wholeFirst: true },
}

/** A splitting, ready to run. @throws SyntaxError for a pattern of a file that is no expression. */
export function splitter(splitting: Splitting, origin: Origin = 'ours'): (text: string) => string[] {
  const patterns = splitting.map((source) => expression(source, origin))
  const isolate = (text: string, pattern: Expression): string[] =>
    split(text, cuts(text, pattern.matches(text)), 'Isolated')
  return (text) => patterns.reduce((pieces, pattern) => pieces.flatMap((piece) => isolate(piece, pattern)), [text])
}
