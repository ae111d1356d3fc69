import type { ModelReference } from '../reference-types.js'
import { CATALOGUE_TABLE } from './catalogue-table.js'
import { PACKAGED, type PackagedModel } from './packaged.js'

/** A model of the catalogue. */
export interface CatalogueModel {
  /** As it is shown: `qwen3:0.6b`. */
  readonly name: string
  /** The name and others for it: `qwen3` for the size that one begins with. */
  readonly names: readonly string[]
  readonly title: string
  /** Of the lab, on the Hugging Face hub. */
  readonly repository: string
  /** The lab's repository on ModelScope. */
  readonly modelscope?: string
  /** Where a quantised GGUF is, and which one to take. */
  readonly gguf?: { readonly repository: string; readonly quant: string }
  /** The same model in packages. */
  readonly packaged?: PackagedModel
  /** Bytes to download, of the recommended form. */
  readonly bytes: number
  /** Bytes as the lab published it. */
  readonly nativeBytes: number
  readonly modelType: string
  readonly maker: string
  /** YYYY-MM-DD */
  readonly released: string
  readonly licence: string
  /** Whether the lab's repository asks for consent first. */
  readonly gated: boolean
  readonly parameters: number
  readonly activeParameters: number
  readonly contextLength: number
  readonly reasoning: string
  readonly tools: boolean
  /** Bytes of keys and values of 8,192 tokens. */
  readonly cacheBytes: number
  /** Bytes of memory with them. */
  readonly memoryBytes: number
  /** Bytes that decoding reads for a token: the bandwidth over them is the most tokens a second. */
  readonly bytesPerToken: number
  /** `first`: what to begin with on some machine. */
  readonly tier: string
}

/**
 * The models of the catalogue, smallest first.
 * @example
 * import { catalogue } from 'kaiyuan/store'
 *
 * console.log(catalogue().find(({ names }) => names.includes('qwen3:0.6b'))?.licence) // Apache-2.0
 */
export function catalogue(): readonly CatalogueModel[] {
  models ??= CATALOGUE_TABLE.trim().split('\n').map(modelOf)
  return models
}

let models: readonly CatalogueModel[] | undefined

/** The model of a name, whatever its case. */
export function catalogueModel(name: string): CatalogueModel | undefined {
  const wanted = name.toLowerCase()
  return catalogue().find(({ names }) => names.includes(wanted))
}

/** Makers whose conversions have the same names on ModelScope. */
const ON_BOTH = /^(?:Qwen|unsloth)\//

/**
 * Where a model of the catalogue is, in the order in which the sources are tried: its GGUF on the hub and on ModelScope, what the
 * lab itself published, packages.
 */
export function sourcesOf({ repository, modelscope, gguf, packaged }: CatalogueModel): ModelReference[] {
  // Packages may have what no repository is known to have.
  if (packaged && !packaged.hub) return [packaged.reference]
  const published: ModelReference[] = [
    { source: 'hugging-face', id: repository },
    ...(modelscope === undefined ? [] : [{ source: 'modelscope', id: modelscope } as const]),
  ]
  if (!gguf) return published
  const file = { tag: gguf.quant, ...packaged?.hub }
  return [
    { source: 'hugging-face', id: gguf.repository, ...file },
    ...(ON_BOTH.test(gguf.repository) ? [{ source: 'modelscope', id: gguf.repository, tag: file.tag } as const] : []),
    ...(packaged ? [packaged.reference] : published),
  ]
}

function modelOf(line: string): CatalogueModel {
  const cells = line.split('|').map((cell) => cell.trim())
  const [names = '', title = '', repository = '', modelscope = '', ggufRepository = '', quant = '', gb, nativeGb] =
    cells
  const [modelType = '', maker = '', released = '', licence = '', gated, total, active, context] = cells.slice(8)
  const [reasoning = '', tools, cacheMb, memoryGb, readGb, tier = ''] = cells.slice(16)
  const all = names.split(' ')
  const name = all[0] ?? ''
  const packaged = PACKAGED[name]
  const scope = modelscope === '=' ? repository : modelscope
  return {
    ...{ name, names: all, title, repository, modelType, maker, released, licence, reasoning, tier },
    ...(scope !== '' && { modelscope: scope }),
    ...(ggufRepository !== '' && { gguf: { repository: ggufRepository, quant } }),
    ...(packaged && { packaged }),
    ...{ bytes: Number(gb) * 1e9, nativeBytes: Number(nativeGb) * 1e9 },
    ...{ gated: gated === 'yes', tools: tools === 'yes' },
    ...{ parameters: Number(total) * 1e9, activeParameters: Number(active) * 1e9, contextLength: Number(context) },
    ...{ cacheBytes: Number(cacheMb) * 1e6, memoryBytes: Number(memoryGb) * 1e9, bytesPerToken: Number(readGb) * 1e9 },
  }
}
