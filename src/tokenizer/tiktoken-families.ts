import type { Steps } from '../slices.js'
import { invalid } from './invalid.js'
import { KIMI, LLAMA3, O200K, QWEN2, type Splitting } from './patterns.js'
import { parseRanks, tiktokenTokenizer } from './tiktoken.js'
import type { Tokenizer } from './tokenizer.js'

/** What a family adds to its ranks. */
export interface RankedFamily {
  readonly splitting: Splitting
  /** Special tokens by id; `base` is the number of ranks. */
  specials(base: number): Map<number, string>
  /** Begins a text. */
  readonly bos?: string
  /** Special tokens that end a text or a turn. */
  readonly eosTokens: readonly string[]
}

export interface RankedSetup {
  readonly where: string
  readonly bosId?: number | undefined
  readonly eosIds: readonly number[]
  /** added_tokens_decoder of tokenizer_config.json: names for reserved ids, and which of them are part of the text. */
  readonly named?: Readonly<Record<string, { content?: unknown; special?: unknown }>>
}

/** A tokenizer from tiktoken's ranks and what its family adds. @throws UserError invalid_tokenizer. */
export function* rankedTokenizer(text: string, family: RankedFamily, setup: RankedSetup): Steps<Tokenizer> {
  const ranks = yield* parseRanks(text, setup.where)
  const specials = family.specials(ranks.count)
  const visible = new Set<number>()
  for (const [id, { content, special }] of Object.entries(setup.named ?? {})) {
    if (!specials.has(Number(id)) || typeof content !== 'string') continue
    specials.set(Number(id), content)
    if (special === false) visible.add(Number(id))
  }
  const idOf = (name: string): number[] => [...specials].filter(([, text]) => text === name).map(([id]) => id)
  const bosId = setup.bosId ?? (family.bos === undefined ? undefined : idOf(family.bos)[0])
  return tiktokenTokenizer(ranks, {
    where: setup.where,
    splitting: family.splitting,
    specials,
    visible,
    vocabSize: Math.max(ranks.size, ...[...specials.keys()].map((id) => id + 1)),
    bosId,
    addBos: family.bos !== undefined,
    eosIds: [...new Set([...setup.eosIds, ...family.eosTokens.flatMap(idOf)])],
  })
}

/** Kimi's 256 reserved ids after the ranks; tokenizer_config.json names some. Moonshot's tokenization_kimi.py. */
export const KIMI_FAMILY: RankedFamily = {
  splitting: KIMI,
  specials: (base) => numbered(base, 256, (id) => `<|reserved_token_${id}|>`),
  eosTokens: ['<|im_end|>', '<|end_of_msg|>'],
}

/** Qwen's first release; Qwen2 and later have the same ranks in tokenizer.json. Its tokenization_qwen.py. */
export const QWEN_FAMILY: RankedFamily = {
  splitting: QWEN2,
  specials: (base) => listed(base, ['<|endoftext|>', '<|im_start|>', '<|im_end|>', ...reserved('<|extra_N|>', 0, 205)]),
  eosTokens: ['<|endoftext|>', '<|im_end|>'],
}

const LLAMA3_SPECIALS: RankedFamily = {
  splitting: LLAMA3,
  specials: (base) => listed(base, llama3Names()),
  bos: '<|begin_of_text|>',
  eosTokens: ['<|end_of_text|>', '<|eom_id|>', '<|eot_id|>'],
}

const LLAMA4_SPECIALS: RankedFamily = {
  splitting: O200K,
  specials: (base) => listed(base, llama4Names()),
  bos: '<|begin_of_text|>',
  eosTokens: ['<|end_of_text|>', '<|eom|>', '<|eot|>'],
}

/** Meta's tokenizer.model holds ranks alone: their number says whose they are. @throws UserError for another number. */
export function metaFamily(text: string, where: string): RankedFamily {
  const count = text.split('\n').filter((line) => line !== '').length
  if (count === 128_000) return LLAMA3_SPECIALS
  if (count === 200_000) return LLAMA4_SPECIALS
  throw invalid(where, `${count} ranks; expected 128000 (Llama 3) or 200000 (Llama 4)`)
}

/** llama-models, llama3/tokenizer.py. */
function llama3Names(): string[] {
  const names = [
    ...['<|begin_of_text|>', '<|end_of_text|>', ...reserved('<|reserved_special_token_N|>', 0, 2)],
    ...['<|finetune_right_pad_id|>', '<|step_id|>', '<|start_header_id|>', '<|end_header_id|>'],
    ...['<|eom_id|>', '<|eot_id|>', '<|python_tag|>'],
  ]
  return [...names, ...reserved('<|reserved_special_token_N|>', 2, 256 - names.length)]
}

/** llama-models, llama4/tokenizer.py. */
function llama4Names(): string[] {
  const text = (from: number, count: number): string[] =>
    reserved('<|text_post_train_reserved_special_token_N|>', from, count)
  const vision = (from: number, count: number): string[] => reserved('<|vision_reserved_special_token_N|>', from, count)
  const names = [
    ...['<|begin_of_text|>', '<|end_of_text|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'],
    ...['<|header_start|>', '<|header_end|>', '<|eom|>', '<|eot|>', '<|step|>', ...text(0, 6)],
    ...['<|python_start|>', '<|python_end|>', '<|finetune_right_pad|>', ...text(6, 61)],
    ...['<|image_start|>', '<|image_end|>', ...vision(0, 2), '<|tile_x_separator|>', '<|tile_y_separator|>'],
    ...[...vision(2, 4), '<|image|>', ...vision(6, 1), '<|patch|>', ...vision(7, 1041)],
    ...reserved('<|reasoning_reserved_special_token_N|>', 0, 8),
    ...['<|reasoning_thinking_start|>', '<|reasoning_thinking_end|>'],
  ]
  return [...names, ...reserved('<|reserved_special_token_N|>', 0, 2048 - names.length)]
}

function reserved(name: string, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => name.replace('N|>', `${from + i}|>`))
}

function listed(base: number, names: readonly string[]): Map<number, string> {
  return new Map(names.map((name, i) => [base + i, name]))
}

function numbered(base: number, count: number, name: (id: number) => string): Map<number, string> {
  return new Map(Array.from({ length: count }, (_, i) => [base + i, name(base + i)]))
}
