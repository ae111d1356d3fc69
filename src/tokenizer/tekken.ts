import { each, type Steps } from '../slices.js'
import { invalid } from './invalid.js'
import { isBase64, tiktokenTokenizer } from './tiktoken.js'
import { TokenTable } from './token-table.js'
import type { Tokenizer } from './tokenizer.js'

/** Control tokens of files that list none, by id. mistral-common, tokens/tokenizers/tekken.py. */
const CONTROL = [
  ...['<unk>', '<s>', '</s>', '[INST]', '[/INST]', '[AVAILABLE_TOOLS]', '[/AVAILABLE_TOOLS]', '[TOOL_RESULTS]'],
  ...['[/TOOL_RESULTS]', '[TOOL_CALLS]', '[IMG]', '<pad>', '[IMG_BREAK]', '[IMG_END]', '[PREFIX]', '[MIDDLE]'],
  ...['[SUFFIX]', '[SYSTEM_PROMPT]', '[/SYSTEM_PROMPT]', '[TOOL_CONTENT]'],
]

/** Published files have 1,000. */
const MOST_SPECIALS = 2 ** 16

interface TekkenJson {
  readonly config: { default_vocab_size: number; default_num_special_tokens: number; pattern: string }
  readonly vocab: { rank: number; token_bytes: string }[]
  readonly special_tokens?: { rank: number; token_str: string }[] | null
}

/** Mistral's tekken.json: ranks after the control tokens, of which only as many count as the vocabulary holds. */
export function* tekkenTokenizer(value: unknown, where: string): Steps<Tokenizer> {
  const json = yield* checked(value, where)
  const { default_vocab_size: size, default_num_special_tokens: specialCount, pattern } = json.config
  const ranks = new TokenTable(json.vocab.length)
  yield* each(json.vocab, ({ rank, token_bytes }) => {
    if (rank < size - specialCount) ranks.set(atob(token_bytes), rank + specialCount)
  })
  const named = json.special_tokens ?? CONTROL.map((token_str, rank) => ({ rank, token_str }))
  const specials = new Map(Array.from({ length: specialCount }, (_, id) => [id, `<SPECIAL_${id}>`]))
  for (const { rank, token_str } of named) if (rank < specialCount) specials.set(rank, token_str)
  const idOf = (name: string): number | undefined => [...specials].find(([, text]) => text === name)?.[0]
  const eos = idOf('</s>')
  return tiktokenTokenizer(ranks, {
    where,
    splitting: [pattern],
    origin: 'file',
    specials,
    visible: new Set(),
    vocabSize: size,
    bosId: idOf('<s>'),
    addBos: true,
    eosIds: eos === undefined ? [] : [eos],
  })
}

/** @throws UserError invalid_tokenizer. */
function* checked(value: unknown, where: string): Steps<TekkenJson> {
  const json = value as Partial<TekkenJson>
  const isCount = (n: unknown): n is number => typeof n === 'number' && Number.isInteger(n) && n >= 0 && n < 2 ** 24
  const config = json.config
  if (!isCount(config?.default_vocab_size) || !isCount(config.default_num_special_tokens))
    throw invalid(where, 'expected config.default_vocab_size and config.default_num_special_tokens')
  if (config.default_num_special_tokens > Math.min(config.default_vocab_size, MOST_SPECIALS))
    throw invalid(
      where,
      `config.default_num_special_tokens: expected at most ${Math.min(config.default_vocab_size, MOST_SPECIALS)}, ` +
        `found ${config.default_num_special_tokens}`,
    )
  if (typeof config.pattern !== 'string') throw invalid(where, 'expected config.pattern, a regular expression')
  if (!Array.isArray(json.vocab)) throw invalid(where, 'expected vocab, a list of ranks and bytes')
  yield* each(json.vocab, (entry: Partial<TekkenJson['vocab'][number]> | null, i) => {
    if (!isCount(entry?.rank) || typeof entry?.token_bytes !== 'string' || !isBase64(entry.token_bytes))
      throw invalid(where, `vocab[${i}]: expected a rank and base64 bytes`)
  })
  const specials = json.special_tokens ?? undefined
  if (
    specials !== undefined &&
    !(Array.isArray(specials) && specials.every((s) => isCount(s?.rank) && typeof s.token_str === 'string'))
  )
    throw invalid(where, 'expected special_tokens, a list of ranks and texts')
  return json as TekkenJson
}
