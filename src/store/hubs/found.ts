import { isJsonObject, type JsonObject } from '../../json.js'
import type { FoundModel } from '../listing.js'
import { numberOf, objectsIn, textOf } from './answers.js'

/** Models of Hugging Face's search, those whose weights are published in a form that is read here. */
export function foundModels(content: unknown, source: 'hugging-face'): FoundModel[] {
  return objectsIn(content).flatMap((entry) => foundModel(entry, source) ?? [])
}

function foundModel(entry: JsonObject, source: 'hugging-face'): FoundModel | undefined {
  const id = textOf(entry['id'])
  const safetensors = isJsonObject(entry['safetensors']) ? entry['safetensors'] : undefined
  const gguf = isJsonObject(entry['gguf']) ? entry['gguf'] : undefined
  if (id === undefined || (!safetensors && !gguf)) return undefined
  const config = isJsonObject(entry['config']) ? entry['config'] : {}
  return {
    reference: { source, id },
    name: id,
    format: safetensors ? 'safetensors' : 'gguf',
    downloads: numberOf(entry['downloads']),
    likes: numberOf(entry['likes']),
    updated: textOf(entry['lastModified']),
    gated: entry['gated'] !== undefined && entry['gated'] !== false,
    parameters: numberOf(safetensors?.['total']) ?? numberOf(gguf?.['total']),
    family: textOf(config['model_type']) ?? textOf(gguf?.['architecture']),
  }
}
