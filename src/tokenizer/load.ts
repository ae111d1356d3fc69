import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import { ggufTokenizer } from './gguf-vocabulary.js'
import { huggingFaceTokenizer, invalid, type TokenizerJson } from './hugging-face.js'
import { KIMI_PATTERN, parseRanks, tiktokenTokenizer } from './tiktoken.js'
import type { Tokenizer } from './tokenizer.js'

const MAX_BYTES = 256 << 20
/** Kimi's reserved ids behind the ranks. */
const KIMI_SPECIALS = 256

type Json = Record<string, unknown>

/**
 * The checkpoint's tokenizer: GGUF metadata, tokenizer.json, or Kimi's tiktoken.model; undefined when it has none.
 * @throws UserError invalid_tokenizer when its files are damaged.
 */
export async function loadTokenizer(checkpoint: Checkpoint): Promise<Tokenizer | undefined> {
  const { name: where, config } = checkpoint
  if (checkpoint.metadata) return ggufTokenizer(checkpoint.metadata, where, idsOf(config['eos_token_id']))
  const tokenizerConfig = (await readJson(checkpoint, 'tokenizer_config.json')) ?? {}
  const generation = (await readJson(checkpoint, 'generation_config.json')) ?? {}
  const eosIds = [...new Set([...idsOf(config['eos_token_id']), ...idsOf(generation['eos_token_id'])])]
  const bosId = idsOf(config['bos_token_id'])[0]
  const json = await readJson(checkpoint, 'tokenizer.json')
  if (json) {
    const source = `${where}/tokenizer.json`
    const addBos = tokenizerConfig['add_bos_token']
    // A post-processor knows better than add_bos_token; without one the flag decides.
    const own = (json['post_processor'] ?? null) === null && typeof addBos === 'boolean' ? addBos : undefined
    return huggingFaceTokenizer(json as unknown as TokenizerJson, tokenizerConfig, {
      where: source,
      bosId,
      eosIds,
      addBos: own,
    })
  }
  const ranks = await readText(checkpoint, 'tiktoken.model')
  if (ranks === undefined) return undefined
  return kimiTokenizer(ranks, tokenizerConfig, `${where}/tiktoken.model`, bosId, eosIds)
}

/** Ranks, then 256 special ids; those without a name are <|reserved_token_N|>. */
function kimiTokenizer(
  text: string,
  config: Json,
  where: string,
  bosId: number | undefined,
  eosIds: number[],
): Tokenizer {
  const ranks = parseRanks(text, where)
  const base = ranks.size
  const named = (config['added_tokens_decoder'] ?? {}) as Record<string, { content?: unknown; special?: unknown }>
  const specials = new Map<number, string>()
  const visible = new Set<number>()
  for (let id = base; id < base + KIMI_SPECIALS; id++) {
    const content = named[String(id)]?.content
    if (named[String(id)]?.special === false) visible.add(id)
    specials.set(id, typeof content === 'string' ? content : `<|reserved_token_${id}|>`)
  }
  const turnEnd = [...specials]
    .filter(([, name]) => name === '<|im_end|>' || name === '<|end_of_msg|>')
    .map(([id]) => id)
  const ends = [...new Set([...eosIds, ...turnEnd])]
  return tiktokenTokenizer(ranks, {
    where,
    pattern: KIMI_PATTERN,
    specials,
    visible,
    vocabSize: base + KIMI_SPECIALS,
    bosId,
    eosIds: ends,
  })
}

function idsOf(value: unknown): number[] {
  return [value].flat().filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0)
}

async function readText(checkpoint: Checkpoint, name: string): Promise<string | undefined> {
  const source = await checkpoint.file(name)
  if (!source) return undefined
  try {
    if (source.size > MAX_BYTES)
      throw new UserError(`${source.name}: ${source.size} bytes; expected at most ${MAX_BYTES}`, 'invalid_tokenizer')
    return new TextDecoder().decode(await source.read(0, source.size))
  } finally {
    await source.close()
  }
}

async function readJson(checkpoint: Checkpoint, name: string): Promise<Json | undefined> {
  const text = await readText(checkpoint, name)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  } catch (cause) {
    throw invalid(`${checkpoint.name}/${name}`, `not JSON: ${(cause as Error).message}`)
  }
  throw invalid(`${checkpoint.name}/${name}`, 'expected a JSON object')
}
