import { UserError } from '../errors.js'
import { isJsonObject, type JsonObject, shortText } from '../json.js'
import type { Checkpoint, StoredTensor } from './checkpoint.js'
import { jsonOf } from './files/json.js'
import type { FileSet } from './files/source.js'
import { rowBytes, type FormatName } from './formats/formats.js'
import { quantizationOf, refuseTransforms } from './safetensors/weights.js'
import { product } from './shape.js'
import { unsupportedFormat } from './tensor-errors.js'

/** Larger than any: one scale for a tensor. */
const WHOLE_TENSOR = [2 ** 40, 2 ** 40] as const

/** What the weights of a published config are stored as, where it quantises: codes, and the block of one scale. */
interface Quantized {
  readonly format: FormatName
  readonly block: readonly [rows: number, cols: number]
  /** Experts only, as labs quantise to four bits. */
  readonly onlyExperts: boolean
  /** How scales are stored; absent: as usual for the format. */
  readonly scales?: 'e4m3'
  readonly zeroPoints?: true
}

/**
 * A checkpoint that is only planned: its config.json, and every tensor that a model asks for in the shape it expects and in
 * the format that the config announces. Nothing can be read from it.
 * @throws UserError for a file that is no config.
 */
export async function openConfigOnly(files: FileSet): Promise<Checkpoint> {
  const file = files.main ?? 'config.json'
  const source = await files.open(file)
  if (!source) throw new UserError(`${files.name}/${file}: no such file. Give a config.json.`, 'file_not_found')
  try {
    return configOnly(source.name, await jsonOf(source))
  } finally {
    await source.close()
  }
}

/** True where there is a config.json and no weights: the model can be planned but not loaded. */
export async function holdsOnlyConfig(files: FileSet): Promise<boolean> {
  if (files.main !== undefined) return files.main.endsWith('.json')
  const names = await files.list()
  return names.includes('config.json') && !names.some((name) => /\.(safetensors|gguf)(\.index\.json)?$/.test(name))
}

export function configOnly(name: string, config: JsonObject): Checkpoint {
  const plain = plainFormat(config)
  let quantized: Quantized | undefined
  let known = false
  const kept = keptModules(config)
  return {
    name,
    config,
    names: () => [],
    // Optional tensors and other forms are those of GGUF or of a few repositories: the usual one is planned.
    has: () => false,
    tensor(tensorName, shape) {
      // Later than the model's own checks: an unknown architecture is the first thing to say.
      if (!known) quantized = quantizedFormat(name, config)
      known = true
      const packed = quantized && isQuantized(tensorName, shape, quantized, kept) ? quantized : undefined
      return plannedTensor(tensorName, name, shape, packed ?? { format: plain })
    },
    file: () => Promise.resolve(undefined),
    json: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  }
}

function plainFormat(config: JsonObject): FormatName {
  const text = isJsonObject(config['text_config']) ? config['text_config'] : {}
  const dtype = config['torch_dtype'] ?? config['dtype'] ?? text['torch_dtype'] ?? text['dtype']
  return dtype === 'float32' ? 'f32' : dtype === 'float16' ? 'f16' : 'bf16'
}

/** @throws UserError unsupported_format for a quantisation that no reader knows. */
function quantizedFormat(where: string, config: JsonObject): Quantized | undefined {
  const found = quantizationOf(config)
  if (!found) return undefined
  refuseTransforms(found, where)
  const named = found['quant_method'] ?? found['quant_algo']
  const method = named === 'modelopt' ? found['quant_algo'] : named
  const size = found['weight_block_size']
  const ofBlock = Array.isArray(size) ? ([Number(size[0]) || 128, Number(size[1]) || 128] as const) : WHOLE_TENSOR
  if (method === 'fp8' || method === 'FP8') return { format: 'fp8_e4m3', block: ofBlock, onlyExperts: false }
  if (method === 'compressed-tensors' && found['format'] === 'pack-quantized') {
    return { format: 'int4_packed', block: [1, 32], onlyExperts: true }
  }
  if (method === 'mxfp4' || found['format'] === 'mxfp4-pack-quantized') {
    return { format: 'fp4', block: [1, 32], onlyExperts: true }
  }
  if (method === 'NVFP4') return { format: 'fp4', block: [1, 16], onlyExperts: false, scales: 'e4m3' }
  if ((method === 'awq' || method === 'gptq') && (found['bits'] ?? 4) === 4) {
    const size = found['group_size'] ?? 128
    const group = size === -1 ? WHOLE_TENSOR[1] : Number(size)
    if (group >= 32) return { format: 'int4_packed', block: [1, group], onlyExperts: false, zeroPoints: true }
  }
  const details = ['format', 'bits', 'group_size'].filter((key) => found[key] !== undefined)
  const text = [shortText(method ?? 'unknown'), ...details.map((key) => `${key} ${shortText(found[key])}`)].join(', ')
  throw unsupportedFormat('of the layers', where, text)
}

/** Modules that the config keeps as they are; dots part their names. Patterns are not looked at: they may make a plan too small. */
function keptModules(config: JsonObject): string[] {
  const found = quantizationOf(config)
  return ['modules_to_not_convert', 'ignore', 'ignored_layers', 'exclude_modules']
    .map((key) => found?.[key])
    .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
    .filter((entry): entry is string => typeof entry === 'string' && !/[*\\]/.test(entry))
    .map((entry) => `.${entry}.`)
}

/** Routers, norms and what lies outside of the layers are never quantised. */
function isQuantized(name: string, shape: readonly number[], { onlyExperts }: Quantized, kept: string[]): boolean {
  if (shape.length < 2 || !name.includes('.layers.') || /\.(gate|router|eh_proj)\.weight$/.test(name)) return false
  return onlyExperts ? name.includes('.experts.') : !kept.some((module) => `.${name}`.includes(module))
}

function plannedTensor(
  name: string,
  file: string,
  shape: readonly number[],
  { format, block, scales, zeroPoints }: Partial<Quantized> & Pick<Quantized, 'format'>,
): StoredTensor {
  const cols = shape.at(-1) ?? 1
  const rows = product(shape.slice(0, -1))
  const unread = async (): Promise<never> => {
    throw new UserError(
      `${file}: ${name} has no weights here: this is a config alone. Download the model to load it.`,
      'file_not_found',
    )
  }
  const kind = scales ?? (format === 'fp4' ? 'e8m0' : 'float')
  const grid = block && ([Math.ceil(rows / block[0]), Math.ceil(cols / block[1])] as const)
  return {
    ...{ name, file, format, shape, rows, cols },
    byteLength: rows * rowBytes(format, cols),
    ...(grid && {
      scales: {
        ...{ blockRows: block[0], blockCols: block[1], shape: grid, kind, read: unread },
        ...(zeroPoints && { zeroPoints }),
      },
    }),
    readRows: unread,
  }
}
