import type { Checkpoint, JsonObject } from '../../checkpoint/checkpoint.js'
import { UserError } from '../../errors.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { GenerationDefaults } from '../options.js'
import { GREEDY } from '../sample/sampler.js'

/** More than any published generation_config.json; what is larger is not read. */
const MAX_BYTES = 1 << 20

/** generation_config.json as an object, empty when there is none. @throws UserError invalid_file. */
export async function readGenerationConfig(checkpoint: Checkpoint): Promise<JsonObject> {
  const source = await checkpoint.file('generation_config.json')
  if (!source) return {}
  try {
    if (source.size > MAX_BYTES) throw new Error(`${source.size} bytes, at most ${MAX_BYTES} expected`)
    const value: unknown = JSON.parse(new TextDecoder().decode(await source.read(0, source.size)))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object')
    return value as JsonObject
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const hint = 'expected a JSON object; download it again or delete it to use greedy decoding'
    throw new UserError(`${source.name}: ${reason}; ${hint}`, 'invalid_file', { cause })
  } finally {
    await source.close()
  }
}

/** Sampling as the lab publishes it: greedy unless do_sample is true, or temperature is given and do_sample is not. */
export function generationDefaults(config: JsonObject): GenerationDefaults {
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = config[name]
    return typeof value === 'number' && value >= least && value <= most ? value : undefined
  }
  const temperature = number('temperature', 0, 100)
  const samples = config['do_sample'] === true || (config['do_sample'] === undefined && temperature !== undefined)
  const repetitionPenalty = number('repetition_penalty', 0.01, 100) ?? 1
  const maxTokens = number('max_new_tokens', 1, Number.MAX_SAFE_INTEGER)
  if (!samples) return { sampling: { ...GREEDY, repetitionPenalty }, maxTokens }
  const sampling = {
    temperature: temperature ?? 1,
    topK: Math.floor(number('top_k', 0, Number.MAX_SAFE_INTEGER) ?? 0),
    topP: number('top_p', 1e-6, 1) ?? 1,
    minP: number('min_p', 0, 1) ?? 0,
    repetitionPenalty,
  }
  return { sampling, maxTokens }
}

/** Every id that ends an answer: of config.json, generation_config.json and the tokenizer. */
export function stopIdsOf(config: JsonObject, generation: JsonObject, tokenizer: Tokenizer | undefined): Set<number> {
  const found = [config['eos_token_id'], generation['eos_token_id'], tokenizer?.eosIds ?? []]
  const ids = found.flatMap((value): unknown[] => (Array.isArray(value) ? value : [value]))
  return new Set(ids.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0))
}
