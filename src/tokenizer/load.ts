import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import { ggufTokenizer } from './gguf-vocabulary.js'
import { huggingFaceTokenizer, invalid, type TokenizerJson } from './hugging-face.js'
import { sentencePieceModel } from './sentence-piece-model.js'
import { tekkenTokenizer } from './tekken.js'
import { KIMI_FAMILY, QWEN_FAMILY, metaFamily, rankedTokenizer, type RankedSetup } from './tiktoken-families.js'
import type { Tokenizer } from './tokenizer.js'

const MAX_BYTES = 256 << 20

type Json = Record<string, unknown>

/**
 * The checkpoint's tokenizer: GGUF metadata, tokenizer.json, ranks (Kimi, Qwen, Meta), tekken.json or SentencePiece's
 * tokenizer.model; undefined when it has none.
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
  const named = tokenizerConfig['added_tokens_decoder'] as RankedSetup['named']
  const setup = { bosId, eosIds, ...(named && { named }) }
  for (const [file, family] of RANK_FILES) {
    const ranks = await readText(checkpoint, file)
    if (ranks !== undefined) return rankedTokenizer(ranks, family, { ...setup, where: `${where}/${file}` })
  }
  const tekken = await readJson(checkpoint, 'tekken.json')
  if (tekken) return tekkenTokenizer(tekken, `${where}/tekken.json`)
  const bytes = await readBytes(checkpoint, 'tokenizer.model')
  return bytes && tokenizerModel(bytes, tokenizerConfig, `${where}/tokenizer.model`, setup)
}

/** Files of ranks whose name tells the family. */
const RANK_FILES = [
  ['tiktoken.model', KIMI_FAMILY],
  ['qwen.tiktoken', QWEN_FAMILY],
] as const

/** tokenizer.model is SentencePiece's own file, or Meta's ranks. */
function tokenizerModel(bytes: Uint8Array, config: Json, where: string, setup: Omit<RankedSetup, 'where'>): Tokenizer {
  const start = new TextDecoder().decode(bytes.subarray(0, 200))
  if (/^[A-Za-z0-9+/]+=* \d+\n/.test(start)) {
    const text = new TextDecoder().decode(bytes)
    return rankedTokenizer(text, metaFamily(text, where), { ...setup, where })
  }
  return sentencePieceModel(bytes, where, setup.eosIds, config['add_bos_token'] !== false)
}

function idsOf(value: unknown): number[] {
  return [value].flat().filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0)
}

async function readText(checkpoint: Checkpoint, name: string): Promise<string | undefined> {
  const bytes = await readBytes(checkpoint, name)
  return bytes && new TextDecoder().decode(bytes)
}

async function readBytes(checkpoint: Checkpoint, name: string): Promise<Uint8Array | undefined> {
  const source = await checkpoint.file(name)
  if (!source) return undefined
  try {
    if (source.size > MAX_BYTES)
      throw new UserError(`${source.name}: ${source.size} bytes; expected at most ${MAX_BYTES}`, 'invalid_tokenizer')
    return await source.read(0, source.size)
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
