/**
 * Mistral's own layout: params.json next to consolidated.safetensors or its shards, as Mistral publishes it instead of Hugging
 * Face's or with it. Families say how, by a {@link MistralForm}. Names and keys: convert_ministral3_weights_to_hf.py and
 * convert_mistral4_weight_to_hf.py of transformers; transformers_utils/configs/mistral.py and models/mistral_large_3.py of vLLM.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { FileSet } from '../checkpoint/files/source.js'
import { openSafetensors, readFolderConfig } from '../checkpoint/safetensors/folder.js'
import { UserError } from '../errors.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { lookUp, type NameTables, type PublishedTensor } from './names.js'
import { asPublished, type Transform } from './transforms.js'

/** How a family's models are kept in Mistral's layout. */
export interface MistralForm {
  /** True for the params.json of a model of this family. */
  readonly matches: (params: MistralParams) => boolean
  /** Keys and names as in params.json's files, without `layers.N.`; `{e}` is the number of an expert. */
  readonly names: NameTables
  /** The config.json that the model would have. @throws UserError for what cannot be read in this layout. */
  readonly config: (params: MistralParams) => JsonObject
}

/** params.json with what its readers ask of it. */
export class MistralParams {
  constructor(
    /** For messages: the file. */
    readonly where: string,
    readonly values: JsonObject,
  ) {}

  get(key: string): unknown {
    return this.values[key]
  }

  /** @throws UserError where there is none. */
  need(key: string): unknown {
    const value = this.values[key]
    if (value !== undefined) return value
    throw new UserError(
      `${this.where}: expected the key ${key}, as in Mistral's params.json, found none. ${INSTEAD}`,
      'unsupported_model',
    )
  }

  /** What is empty or null is absent, as in vLLM. */
  object(key: string): JsonObject | undefined {
    const value = this.values[key]
    return isJsonObject(value) && Object.keys(value).length > 0 ? value : undefined
  }

  /** @throws UserError always: `what` cannot be read. */
  refuse(what: string): never {
    throw new UserError(
      `${this.where}: ${what} cannot be read in Mistral's own layout. ${INSTEAD}`,
      'unsupported_model',
    )
  }
}

const INSTEAD = 'Download the same model in Hugging Face layout (config.json with model*.safetensors) or as GGUF.'

/** True where the weights at hand are Mistral's. A repository with both forms is read in Hugging Face's. */
export async function isMistralForm(files: FileSet): Promise<boolean> {
  const names = await files.list()
  const weights = files.main === undefined ? names.filter((name) => name.endsWith('.safetensors')) : [files.main]
  if (!weights.every((name) => name.startsWith('consolidated'))) return false
  // Over HTTP there is no listing: only known names can be asked for.
  if (weights.length === 0 && names.includes('config.json')) return false
  const params = await files.open('params.json')
  await params?.close()
  return params !== undefined
}

/**
 * Opens a folder in Mistral's layout under the names and with the config of Hugging Face's. Only headers are read.
 * @throws UserError when a file is missing or damaged, or when no family knows the model.
 */
export async function openMistral(files: FileSet, forms: readonly MistralForm[]): Promise<Checkpoint> {
  const { where, config: values } = await readFolderConfig(files, 'params.json')
  const params = new MistralParams(where, values)
  const form = forms.find(({ matches }) => matches(params)) ?? params.refuse('a model of an unknown family')
  const config = form.config(params)
  const transforms = new Map<string, Transform>()
  return openSafetensors(files, {
    config,
    weights: 'consolidated',
    nameOf(own) {
      const { name, transform } = publishedName(form.names, own)
      transforms.set(stem(name), transform)
      return name
    },
    tensorOf: (stored, name) => asPublished(stored, transforms.get(stem(name)) ?? 'none', config),
  })
}

const stem = (name: string): string => name.slice(0, name.lastIndexOf('.'))

/** FP8 with one scale for a tensor. Endings of compressed-tensors are the same in both forms. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['qscale_weight', 'weight_scale_inv'],
  ['qscale_act', 'activation_scale'],
])

/** A tensor without a published name (of sight) keeps its own. */
function publishedName({ top, layer, prefix }: NameTables, own: string): PublishedTensor {
  const [, number, place = '', ending = ''] = /^(?:layers\.(\d+)\.)?(.+)\.(\w+)$/.exec(own) ?? []
  const [, expert, matrix] = /^experts\.(\d+)\.(.+)$/.exec(place) ?? []
  const found = lookUp(number === undefined ? top : layer, expert === undefined ? place : `experts.{e}.${matrix}`)
  if (!found) return { name: own, transform: 'none' }
  const name = found.name.replace('{e}', expert ?? '')
  const before = number === undefined ? '' : `${prefix}${number}.`
  return { name: `${before}${name}.${ENDINGS.get(ending) ?? ending}`, transform: found.transform ?? 'none' }
}
