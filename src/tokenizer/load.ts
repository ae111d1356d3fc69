import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { readBytes, readJson, readText } from '../checkpoint/files/json.js'
import type { ByteSource } from '../checkpoint/files/source.js'
import type { JsonObject } from '../json.js'
import { inSlices, type Steps } from '../slices.js'
import { eosIdsOf, idsOf } from './eos-ids.js'
import { ggufTokenizer } from './gguf-vocabulary.js'
import { huggingFaceTokenizer } from './hugging-face.js'
import { sentencePieceModel } from './sentence-piece-model.js'
import { tekkenTokenizer } from './tekken.js'
import { KIMI_FAMILY, QWEN_FAMILY, metaFamily, rankedTokenizer, type RankedSetup } from './tiktoken-families.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * The checkpoint's tokenizer: GGUF metadata, tokenizer.json, ranks (Kimi, Qwen, Meta), tekken.json or SentencePiece's
 * tokenizer.model; undefined when it has none.
 * @throws UserError invalid_tokenizer when its files are damaged.
 */
export async function loadTokenizer(checkpoint: Checkpoint): Promise<Tokenizer | undefined> {
  const { name: where, config } = checkpoint
  const open = (name: string): Promise<ByteSource | undefined> => checkpoint.file(name)
  const generation = (await readJson(open, 'generation_config.json')) ?? {}
  const eosIds = eosIdsOf(config, generation)
  if (checkpoint.embedded) return inSlices(ggufTokenizer(checkpoint.embedded.vocabulary, where, eosIds))
  const tokenizerConfig = (await readJson(open, 'tokenizer_config.json')) ?? {}
  const bosId = idsOf(config['bos_token_id'])[0]
  const json = await readJson(open, 'tokenizer.json')
  if (json) {
    const source = `${where}/tokenizer.json`
    const addBos = tokenizerConfig['add_bos_token']
    // A post-processor knows better than add_bos_token; without one the flag decides.
    const own = (json['post_processor'] ?? null) === null && typeof addBos === 'boolean' ? addBos : undefined
    return inSlices(huggingFaceTokenizer(json, { where: source, bosId, eosIds, addBos: own }))
  }
  const named = tokenizerConfig['added_tokens_decoder'] as RankedSetup['named']
  const setup = { bosId, eosIds, ...(named && { named }) }
  for (const [file, family] of RANK_FILES) {
    const ranks = await readText(open, file)
    if (ranks !== undefined) return inSlices(rankedTokenizer(ranks, family, { ...setup, where: `${where}/${file}` }))
  }
  const tekken = await readJson(open, 'tekken.json')
  if (tekken) return inSlices(tekkenTokenizer(tekken, `${where}/tekken.json`))
  const bytes = await readBytes(open, 'tokenizer.model')
  return bytes && inSlices(tokenizerModel(bytes, tokenizerConfig, `${where}/tokenizer.model`, setup))
}

/** What a checkpoint without a tokenizer lacks. */
export const EXPECTED_TOKENIZER =
  'expected tokenizer.json, tokenizer.model, tekken.json or tiktoken.model next to the weights'

/** Files of ranks whose name tells the family. */
const RANK_FILES = [
  ['tiktoken.model', KIMI_FAMILY],
  ['qwen.tiktoken', QWEN_FAMILY],
] as const

/** tokenizer.model is SentencePiece's own file, or Meta's ranks. */
function tokenizerModel(
  bytes: Uint8Array,
  config: JsonObject,
  where: string,
  setup: Omit<RankedSetup, 'where'>,
): Steps<Tokenizer> {
  const start = new TextDecoder().decode(bytes.subarray(0, 200))
  if (/^[A-Za-z0-9+/]+=* \d+\n/.test(start)) {
    const text = new TextDecoder().decode(bytes)
    return rankedTokenizer(text, metaFamily(text, where), { ...setup, where })
  }
  return sentencePieceModel(bytes, where, setup.eosIds, config['add_bos_token'] !== false)
}
