/** Families whose ranks others publish, and the labs do not: their patterns are tested against them. */
import { DEEPSEEK_V3, O200K } from '../../src/tokenizer/patterns.js'
import type { RankedFamily } from '../../src/tokenizer/tiktoken-families.js'

/** OpenAI's o200k with the tokens of harmony. The openai-harmony library; ids of the sheet in gpt-oss' tokenizer.json. */
export const HARMONY_FAMILY: RankedFamily = {
  splitting: O200K,
  specials: () =>
    new Map([
      ...Array.from({ length: 1090 }, (_, i): [number, string] => [199998 + i, `<|reserved_${199998 + i}|>`]),
      [199998, '<|startoftext|>'],
      [199999, '<|endoftext|>'],
      [200002, '<|return|>'],
      [200003, '<|constrain|>'],
      [200005, '<|channel|>'],
      [200006, '<|start|>'],
      [200007, '<|end|>'],
      [200008, '<|message|>'],
      [200012, '<|call|>'],
      [200018, '<|endofprompt|>'],
    ]),
  eosTokens: ['<|return|>', '<|call|>', '<|endoftext|>'],
}

/** DeepSeek publishes tokenizer.json; ranks are what others make of it. The special tokens have ids among the ranks. */
export function deepseekFamily(specials: ReadonlyMap<number, string>): RankedFamily {
  return { splitting: DEEPSEEK_V3, specials: () => new Map(specials), eosTokens: ['<｜end▁of▁sentence｜>'] }
}
