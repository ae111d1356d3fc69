import { eosIdsOf, idsOf } from '../../tokenizer/eos-ids.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { ChatSampling } from '../../models/definition.js'
import type { GenerationDefaults } from '../options.js'
import { GREEDY } from '../sample/sampler.js'
import type { JsonObject } from '../../json.js'

/** Of a chat model about which nothing is published: greedy answers of small models repeat themselves without end. */
const CHAT_TEMPERATURE = 0.7

/**
 * Sampling as the lab publishes it: greedy unless do_sample is true, or temperature is given and do_sample is not. Where the files
 * say neither, chats use the values that the family is published with, else a moderate temperature; all else stays greedy.
 * @param config of generation_config.json, or what a GGUF file says in its place
 * @param family what the lab says about its chat models elsewhere
 */
export function generationDefaults(config: JsonObject, family?: ChatSampling): GenerationDefaults {
  const own = publishedDefaults(config)
  if (config['do_sample'] !== undefined || config['temperature'] !== undefined)
    return { ...own, samplingSource: 'model' }
  const { temperature, ...rest } = family ?? { temperature: CHAT_TEMPERATURE }
  const chatSampling = { ...own.sampling, ...rest, temperature }
  return { ...own, chatSampling, samplingSource: family ? 'family' : 'default' }
}

function publishedDefaults(config: JsonObject): Pick<GenerationDefaults, 'sampling' | 'maxTokens'> {
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
  return new Set([...eosIdsOf(config, generation), ...idsOf(tokenizer?.eosIds ?? [])])
}
