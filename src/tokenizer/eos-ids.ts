import type { JsonObject } from '../json.js'

/** Ids that end an answer, by config.json and by generation_config.json, each once. */
export function eosIdsOf(config: JsonObject, generation: JsonObject): number[] {
  return [...new Set([...idsOf(config['eos_token_id']), ...idsOf(generation['eos_token_id'])])]
}

/** The ids in a key that holds one or a list; what is no id is left out. */
export function idsOf(value: unknown): number[] {
  return [value].flat().filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0)
}
