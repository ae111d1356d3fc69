import type { JsonObject } from '../../json.js'
import type { EmbeddedTokenizer } from '../checkpoint.js'

const PREFIX = 'tokenizer.ggml.'

/** The tokenizer and the chat template among a file's metadata. */
export function embeddedTokenizer(metadata: ReadonlyMap<string, unknown>): EmbeddedTokenizer {
  const entries = [...metadata].filter(([key]) => key.startsWith(PREFIX))
  const chatTemplate = metadata.get('tokenizer.chat_template')
  const toolTemplate = metadata.get('tokenizer.chat_template.tool_use')
  return {
    vocabulary: new Map(entries.map(([key, value]) => [key.slice(PREFIX.length), value])),
    ...(typeof chatTemplate === 'string' && { chatTemplate }),
    ...(typeof toolTemplate === 'string' && { toolTemplate }),
  }
}

/** Names of generation_config.json by llama.cpp's keys (llama-arch.cpp, LLM_KV_GENERAL_SAMPLING_*). */
const SAMPLING: Readonly<Record<string, string>> = {
  'general.sampling.temp': 'temperature',
  'general.sampling.top_k': 'top_k',
  'general.sampling.top_p': 'top_p',
  'general.sampling.min_p': 'min_p',
  'general.sampling.penalty_repeat': 'repetition_penalty',
}

/** What a file's metadata says about sampling, as generation_config.json would; undefined where it says nothing. */
export function embeddedGeneration(metadata: ReadonlyMap<string, unknown>): JsonObject | undefined {
  const said = Object.entries(SAMPLING).flatMap(([key, name]) => {
    const value = metadata.get(key)
    return typeof value === 'number' || typeof value === 'bigint' ? [[name, Number(value)] as const] : []
  })
  return said.length === 0 ? undefined : { do_sample: true, ...Object.fromEntries(said) }
}
