/**
 * Expressions of published tokenizer.json files, which are known to cost no more than the text is long. They are here as the
 * files have them. Sources: the labs' files; transformers' convert_slow_tokenizer.py (TikTokenConverter).
 */
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const FRONT = '[^\\r\\n\\p{L}\\p{N}]?'
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'

/** Llama 3, Qwen 2 and 3, GLM-4, Granite: letters, digits in groups, the rest. */
function words(digits: string, letters = '\\p{L}', others = '\\p{L}\\p{N}'): string {
  return `${CONTRACTION}|${FRONT}${letters}+|${digits}| ?[^\\s${others}]+[\\r\\n]*|${SPACES}`
}

/** o200k, Tekken, Kimi: words that begin with capitals or end in small letters. */
function cased(contraction: string, digits: string, ends: string, without = ''): string {
  const upper = `[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}${without}]`
  const lower = `[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}${without}]`
  const word = `${FRONT}${upper}*${lower}+${contraction}|${FRONT}${upper}+${lower}*${contraction}`
  return `${word}|${digits}| ?[^\\s\\p{L}\\p{N}]+${ends}|${SPACES}`
}

/** DeepSeek-V3: its line ends are characters of their own, no escapes. */
function deepseek(symbols: string, lines: string): string {
  const marks = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+'
  return `${marks}|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+${symbols}|${lines}|\\s+(?!\\S)|\\s+`
}

export const PUBLISHED: ReadonlySet<string> = new Set([
  // GPT-2
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  words('\\p{N}'),
  words('\\p{N}{1,3}'),
  words('\\p{N}+'),
  words('\\p{N}', '[\\p{L}\\p{M}]', '\\p{L}\\p{M}\\p{N}'),
  words('\\p{N}{1,3}', '[\\p{L}\\p{M}]', '\\p{L}\\p{M}\\p{N}'),
  cased(`${CONTRACTION}?`, '\\p{N}{1,3}', '[\\r\\n/]*'),
  cased('', '\\p{N}', '[\\r\\n/]*'),
  '[\\p{Han}]+|' + cased(`${CONTRACTION}?`, '\\p{N}{1,3}', '[\\r\\n]*', '&&[^\\p{Han}]'),
  // cl100k as tiktoken has it, with digits one by one (Bailing) or in groups
  ...['\\p{N}', '\\p{N}{1,3}'].map(
    (digits) =>
      `'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
  ),
  deepseek('[\r\n]*', '\\s*[\r\n]+'),
  deepseek('', '[\r\n]'),
  '[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+',
  '[一-龥\u3040-ゟ゠-ヿ]+',
  '[一-龥ࠀ-一가-퟿]+',
  ...['\\p{N}', '\\p{N}+', '\\p{N}{1,3}', '[0-9]', '[0-9][0-9][0-9]', '\\d', '\\d+', '[\\r\\n]', '[\r\n]', '\\n', ' '],
  // Laguna
  '(?:\\r?\\n)+(?!\\r?\\n)',
  // BLOOM
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  // Gemma's lines in GGUF
  '[^\\n]+|[\\n]+',
])
